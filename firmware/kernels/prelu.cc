// PRELU: int8, int16 (with slopes in int8), float32. The slopes, input 1, broadcast.
#include "kernels/elementwise.h"

namespace cmsim {
namespace {

struct Data {  // of int8 and int16
    Multiplier identity, slope;
};

Status prepare(Context& context, Node& node) {
    const Binary tensors = binary(context, node);
    if (node.input_count() != 2 || node.output_count() != 1 || tensors.a == nullptr || tensors.b == nullptr) {
        return context.unsupported("number of inputs or outputs");
    }
    const Tensor& input = *tensors.a;
    const Tensor& slopes = *tensors.b;
    const Tensor& output = *tensors.output;
    if (!broadcasts_to(input, slopes, output)) return context.unsupported("shapes do not broadcast to the output's");
    if (input.type != output.type) return context.unsupported("input and output differ in type");
    if (input.same_shape(output)) context.allow_in_place(node, 0);
    if (input.type == TensorType::kFloat32) {
        return slopes.type == TensorType::kFloat32 ? Status::kOk : context.unsupported("slopes must be float32");
    }
    if (input.type != TensorType::kInt8 && input.type != TensorType::kInt16) {
        return context.unsupported("type must be float32, int8 or int16");
    }
    if (!is_int8(slopes)) return context.unsupported("slopes must be quantised int8");
    if (!is_quantized(input) || !is_quantized(output)) {
        return context.unsupported("input and output need one scale and a zero point within their type");
    }
    auto* data = context.allocate<Data>();
    if (data == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    const auto in = static_cast<double>(input.scale()), out = static_cast<double>(output.scale());
    if (!quantize_multiplier(in / out, &data->identity) ||
        !quantize_multiplier(in * static_cast<double>(slopes.scale()) / out, &data->slope)) {
        return context.unsupported("scales");
    }
    return Status::kOk;
}

template <class T>
void quantized(const Binary& tensors, const Data& data) {
    const int32_t zero_in = tensors.a->zero_point(), zero_slope = tensors.b->zero_point();
    const int32_t zero_out = tensors.output->zero_point();
    const Range range = integer_range(tensors.output->type);
    const Data d = data;
    for_each_pair<T, int8_t, T>(*tensors.a, *tensors.b, *tensors.output, [=](T quantized, int8_t slope) {
        const int32_t value = quantized - zero_in;
        const int32_t scaled = value >= 0 ? multiply(value, d.identity) : multiply(value * (slope - zero_slope), d.slope);
        return static_cast<T>(clamp(add_wrapping(scaled, zero_out), range.low, range.high));
    });
}

Status invoke(Context& context, Node& node) {
    const Binary tensors = binary(context, node);
    switch (tensors.a->type) {
        case TensorType::kFloat32:
            for_each_pair<float, float, float>(*tensors.a, *tensors.b, *tensors.output,
                                               [](float x, float slope) { return x >= 0 ? x : x * slope; });
            break;
        case TensorType::kInt8: quantized<int8_t>(tensors, *static_cast<const Data*>(node.data)); break;
        default: quantized<int16_t>(tensors, *static_cast<const Data*>(node.data)); break;
    }
    return Status::kOk;
}

}  // namespace

const Registration op::PRELU = {"PRELU", builtin::kPrelu, 1, prepare, invoke};

}  // namespace cmsim
