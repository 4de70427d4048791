// ABS: float32, int8, int16 (quantised without zero points, or not quantised).
#include "kernels/elementwise.h"
#include "kernels/float_functions.h"

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
        if (input.scale_count() == 0) return Status::kOk;
        if (!is_symmetric(input) || !is_symmetric(output)) return context.unsupported("zero points of int16 must be 0");
    } else if (!is_int8(input) || !is_int8(output)) {
        return context.unsupported("input and output must be float32, int16 or quantised int8");
    }
    node.data = nullptr;
    if (input.scale() == output.scale()) return Status::kOk;
    auto* multiplier = context.allocate<Multiplier>();
    if (multiplier == nullptr) return Status::kArenaTooSmall;
    node.data = multiplier;
    const bool fits = quantize_multiplier(static_cast<double>(input.scale()) / static_cast<double>(output.scale()), multiplier);
    return fits ? Status::kOk : context.unsupported("scales");
}

template <class T>
void quantized(const Unary& tensors, const Multiplier* multiplier) {
    const int32_t zero_in = tensors.input->zero_point(), zero_out = tensors.output->zero_point();
    const Range range = integer_range(tensors.output->type);
    for_each<T, T>(tensors, [=](T quantized) {
        const int32_t value = quantized < zero_in ? zero_in - quantized : quantized - zero_in;
        const int32_t scaled = multiplier != nullptr ? multiply(value, *multiplier) : value;
        return static_cast<T>(clamp(add_wrapping(scaled, zero_out), range.low, range.high));
    });
}

Status invoke(Context& context, Node& node) {
    const Unary tensors = unary(context, node);
    const auto* multiplier = static_cast<const Multiplier*>(node.data);
    switch (tensors.input->type) {
        case TensorType::kFloat32: for_each<float, float>(tensors, float_abs); break;
        case TensorType::kInt8: quantized<int8_t>(tensors, multiplier); break;
        default:
            if (tensors.input->scale_count() > 0) {
                quantized<int16_t>(tensors, multiplier);
            } else {  // -32768 stays
                for_each<int16_t, int16_t>(tensors, [](int16_t x) { return static_cast<int16_t>(x < 0 ? -x : x); });
            }
            break;
    }
    return Status::kOk;
}

}  // namespace

const Registration op::ABS = {"ABS", builtin::kAbs, 5, prepare, invoke};

}  // namespace cmsim
