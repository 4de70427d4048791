// QUANTIZE: float32 to int8 or int16; or from one scale to another, between any two of int8, uint8, int16 and int32.
#include "kernels/elementwise.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    Unary tensors;
    const Status status = prepare_unary(context, node, &tensors);
    if (status != Status::kOk) return status;
    const Tensor& input = *tensors.input;
    const Tensor& output = *tensors.output;
    if (!is_quantized(output)) return context.unsupported("output must be quantised with one scale");
    if (input.type == TensorType::kFloat32) {
        const bool fits = output.type == TensorType::kInt8 || output.type == TensorType::kInt16;
        return fits ? Status::kOk : context.unsupported("output of float32 must be int8 or int16");
    }
    if (!is_quantized(input)) return context.unsupported("input must be float32, or quantised with one scale");
    auto* multiplier = context.allocate<Multiplier>();
    if (multiplier == nullptr) return Status::kArenaTooSmall;
    node.data = multiplier;
    const double factor = static_cast<double>(input.scale()) / static_cast<double>(output.scale());
    return quantize_multiplier(factor, multiplier) ? Status::kOk : context.unsupported("scales");
}

int32_t load(TensorType type, const void* data, uint32_t i) {
    switch (type) {
        case TensorType::kInt8: return static_cast<const int8_t*>(data)[i];
        case TensorType::kUint8: return static_cast<const uint8_t*>(data)[i];
        case TensorType::kInt16: return static_cast<const int16_t*>(data)[i];
        default: return static_cast<const int32_t*>(data)[i];
    }
}

void store(TensorType type, void* data, uint32_t i, int32_t value) {
    switch (type) {
        case TensorType::kInt8:
        case TensorType::kUint8: static_cast<uint8_t*>(data)[i] = static_cast<uint8_t>(value); break;
        case TensorType::kInt16: static_cast<int16_t*>(data)[i] = static_cast<int16_t>(value); break;
        default: static_cast<int32_t*>(data)[i] = value; break;
    }
}

Status invoke(Context& context, Node& node) {
    const Tensor& input = *context.input(node, 0);
    const Tensor& output = *context.output(node, 0);
    const uint32_t count = output.element_count();
    const int32_t zero_out = output.zero_point();
    const Range range = integer_range(output.type);
    if (input.type == TensorType::kFloat32) {
        // What int32 cannot hold saturates, and NaN gives the lowest; the conversion itself would be undefined.
        constexpr float kBeyond = 131072.0f;
        const float scale = output.scale();
        const float* values = input.as<const float>();
        for (uint32_t i = 0; i < count; ++i) {
            const float steps = round_half_away(values[i] / scale);
            const int32_t whole = steps >= kBeyond ? 131072 : steps > -kBeyond ? static_cast<int32_t>(steps) : -131072;
            store(output.type, output.data, i, clamp(whole + zero_out, range.low, range.high));
        }
        return Status::kOk;
    }
    const Multiplier multiplier = *static_cast<const Multiplier*>(node.data);
    const int32_t zero_in = input.zero_point();
    for (uint32_t i = 0; i < count; ++i) {
        const int32_t value = multiply(subtract_wrapping(load(input.type, input.data, i), zero_in), multiplier);
        store(output.type, output.data, i, clamp(add_wrapping(value, zero_out), range.low, range.high));
    }
    return Status::kOk;
}

}  // namespace

const Registration op::QUANTIZE = {"QUANTIZE", builtin::kQuantize, 3, prepare, invoke};

}  // namespace cmsim
