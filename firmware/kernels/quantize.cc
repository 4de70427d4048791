// QUANTIZE: float32 to int8, or int8 from one scale to another.
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
    if (!is_int8(*output)) return context.unsupported("output must be quantised int8");
    if (input->element_count() != output->element_count()) return context.unsupported("input and output differ in size");
    if (input->type == TensorType::kFloat32) return Status::kOk;
    if (!is_int8(*input)) return context.unsupported("input must be float32 or quantised int8");

    auto* multiplier = context.allocate<Multiplier>();
    if (multiplier == nullptr) return Status::kArenaTooSmall;
    node.data = multiplier;
    const double factor = static_cast<double>(input->scale()) / static_cast<double>(output->scale());
    return quantize_multiplier(factor, multiplier) ? Status::kOk : context.unsupported("scales");
}

Status invoke(Context& context, Node& node) {
    const Tensor& input = *context.input(node, 0);
    const Tensor& output = *context.output(node, 0);
    const uint32_t count = output.element_count();
    int8_t* result = output.as<int8_t>();
    if (input.type == TensorType::kInt8) {
        const Multiplier multiplier = *static_cast<const Multiplier*>(node.data);
        const int8_t* values = input.as<const int8_t>();
        for (uint32_t i = 0; i < count; ++i) {
            const int32_t value = multiply(values[i] - input.zero_point, multiplier);
            result[i] = static_cast<int8_t>(clamp(add_wrapping(value, output.zero_point), -128, 127));
        }
        return Status::kOk;
    }
    // A value whose quotient int32 cannot hold saturates, and NaN gives -128; the conversion itself would be undefined.
    constexpr float kBeyond = 65536.0f;
    const float scale = output.scale();
    const float* values = input.as<const float>();
    for (uint32_t i = 0; i < count; ++i) {
        const float steps = round_half_away(values[i] / scale);
        const int32_t value = steps >= kBeyond ? 65536 : steps > -kBeyond ? static_cast<int32_t>(steps) : -65536;
        result[i] = static_cast<int8_t>(clamp(value + output.zero_point, -128, 127));
    }
    return Status::kOk;
}

}  // namespace

const Registration op::QUANTIZE = {"QUANTIZE", builtin::kQuantize, 2, prepare, invoke};

}  // namespace cmsim
