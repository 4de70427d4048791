// LEAKY_RELU: int8, int16, float32. The slope below zero may be any number, also a negative one.
#include "kernels/elementwise.h"

namespace cmsim {
namespace {

struct Data {  // of int8 and int16
    Multiplier identity, slope;
    bool slope_negative;
};

Status prepare(Context& context, Node& node) {
    Unary tensors;
    const Status status = prepare_unary(context, node, &tensors);
    if (status != Status::kOk) return status;
    const Tensor& input = *tensors.input;
    const Tensor& output = *tensors.output;
    if (input.type != output.type) return context.unsupported("input and output differ in type");
    const float alpha = context.options.scalar<float>(field::leaky_relu::kAlpha);
    if (input.type == TensorType::kFloat32) {
        auto* slope = context.allocate<float>();
        if (slope == nullptr) return Status::kArenaTooSmall;
        node.data = slope;
        *slope = alpha;
        return Status::kOk;
    }
    if (input.type != TensorType::kInt8 && input.type != TensorType::kInt16) {
        return context.unsupported("type must be float32, int8 or int16");
    }
    if (!is_quantized(input) || !is_quantized(output)) {
        return context.unsupported("input and output need one scale and a zero point within their type");
    }
    auto* data = context.allocate<Data>();
    if (data == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    *data = Data();
    const double in = static_cast<double>(input.scale()), out = static_cast<double>(output.scale());
    const double factor = in * static_cast<double>(alpha) / out;
    data->slope_negative = factor < 0;
    if (!quantize_multiplier(in / out, &data->identity) ||
        (factor != 0 && !quantize_multiplier(factor < 0 ? -factor : factor, &data->slope))) {
        return context.unsupported("scales or alpha");
    }
    return Status::kOk;
}

template <class T>
void quantized(const Unary& tensors, const Data& data) {
    const int32_t zero_in = tensors.input->zero_point(), zero_out = tensors.output->zero_point();
    const Range range = integer_range(tensors.output->type);
    const Data d = data;
    for_each<T, T>(tensors, [=](T quantized) {
        const int32_t value = quantized - zero_in;
        int32_t scaled = multiply(value, value >= 0 ? d.identity : d.slope);
        if (value < 0 && d.slope_negative) scaled = subtract_wrapping(0, scaled);
        return static_cast<T>(clamp(add_wrapping(scaled, zero_out), range.low, range.high));
    });
}

Status invoke(Context& context, Node& node) {
    const Unary tensors = unary(context, node);
    switch (tensors.input->type) {
        case TensorType::kFloat32: {
            const float slope = *static_cast<const float*>(node.data);
            for_each<float, float>(tensors, [slope](float x) { return x > 0 ? x : x * slope; });
            break;
        }
        case TensorType::kInt8: quantized<int8_t>(tensors, *static_cast<const Data*>(node.data)); break;
        default: quantized<int16_t>(tensors, *static_cast<const Data*>(node.data)); break;
    }
    return Status::kOk;
}

}  // namespace

const Registration op::LEAKY_RELU = {"LEAKY_RELU", builtin::kLeakyRelu, 2, prepare, invoke};

}  // namespace cmsim
