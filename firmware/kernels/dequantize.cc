// DEQUANTIZE: int8 to float32.
#include "kernels/operators.h"
#include "kernels/quantization.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    const Tensor* input = context.input(node, 0);
    const Tensor* output = context.output(node, 0);
    if (node.input_count != 1 || node.output_count != 1 || input == nullptr) {
        return context.unsupported("number of inputs or outputs");
    }
    if (!is_int8(*input)) return context.unsupported("input must be quantised int8");
    if (output->type != TensorType::kFloat32) return context.unsupported("output must be float32");
    if (input->element_count() != output->element_count()) return context.unsupported("input and output differ in size");
    return Status::kOk;
}

Status invoke(Context& context, Node& node) {
    const Tensor& input = *context.input(node, 0);
    const Tensor& output = *context.output(node, 0);
    const uint32_t count = output.element_count();
    const int8_t* values = input.as<const int8_t>();
    float* result = output.as<float>();
    // TensorFlow Lite multiplies in double and rounds to float: the same, as 24 by 9 bits are exact in double.
    const float scale = input.scale();
    for (uint32_t i = 0; i < count; ++i) result[i] = scale * static_cast<float>(values[i] - input.zero_point);
    return Status::kOk;
}

}  // namespace

const Registration op::DEQUANTIZE = {"DEQUANTIZE", builtin::kDequantize, 6, prepare, invoke};

}  // namespace cmsim
