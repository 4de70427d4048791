// RELU: int8, int16 (without zero points), float32.
#include "kernels/elementwise.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    Unary tensors;
    const Status status = prepare_unary(context, node, &tensors);
    if (status != Status::kOk) return status;
    const Tensor& input = *tensors.input;
    const Tensor& output = *tensors.output;
    if (input.type != output.type) return context.unsupported("input and output differ in type");
    if (input.type == TensorType::kFloat32) return Status::kOk;
    if (input.type == TensorType::kInt16) {
        if (!is_symmetric(input) || !is_symmetric(output)) return context.unsupported("int16 needs one scale and zero point 0");
    } else if (!is_int8(input) || !is_int8(output)) {
        return context.unsupported("input and output must be float32, int16 or quantised int8");
    }
    auto* multiplier = context.allocate<Multiplier>();
    if (multiplier == nullptr) return Status::kArenaTooSmall;
    node.data = multiplier;
    const bool fits = quantize_multiplier(static_cast<double>(input.scale()) / static_cast<double>(output.scale()), multiplier);
    return fits ? Status::kOk : context.unsupported("scales");
}

template <class T>
void quantized(const Unary& tensors, Multiplier multiplier) {
    const int32_t zero_in = tensors.input->zero_point(), zero_out = tensors.output->zero_point();
    const int32_t largest = integer_range(tensors.output->type).high;
    for_each<T, T>(tensors, [=](T value) {
        return static_cast<T>(clamp(add_wrapping(multiply(value - zero_in, multiplier), zero_out), zero_out, largest));
    });
}

Status invoke(Context& context, Node& node) {
    const Unary tensors = unary(context, node);
    const auto* multiplier = static_cast<const Multiplier*>(node.data);
    switch (tensors.input->type) {
        case TensorType::kFloat32:
            for_each<float, float>(tensors, [](float x) { return x < 0 ? 0.0f : x; });
            break;
        case TensorType::kInt8: quantized<int8_t>(tensors, *multiplier); break;
        default: quantized<int16_t>(tensors, *multiplier); break;
    }
    return Status::kOk;
}

}  // namespace

const Registration op::RELU = {"RELU", builtin::kRelu, 3, prepare, invoke};

}  // namespace cmsim
