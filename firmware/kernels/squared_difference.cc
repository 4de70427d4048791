// SQUARED_DIFFERENCE: int8, int16 (without zero points), float32, int32.
#include "kernels/elementwise.h"

namespace cmsim {
namespace {

struct Data {  // of int8 and int16
    Multiplier a, b, output;
};

// Bits that the inputs get more, so many that the square still fits: (2^8 * 2^7)^2, (2^16 / 2)^2 below 2^31.
int extra_bits(TensorType type) { return type == TensorType::kInt8 ? 7 : 0; }

Status prepare(Context& context, Node& node) {
    Binary tensors;
    const Status status = prepare_binary(context, node, &tensors);
    if (status != Status::kOk) return status;
    const TensorType type = tensors.output->type;
    if (tensors.a->type != type) return context.unsupported("inputs and output differ in type");
    if (type == TensorType::kFloat32 || type == TensorType::kInt32) return Status::kOk;
    if (type != TensorType::kInt8 && type != TensorType::kInt16) {
        return context.unsupported("type must be float32, int8, int16 or int32");
    }
    if (!is_quantized(*tensors.a) || !is_quantized(*tensors.b) || !is_quantized(*tensors.output)) {
        return context.unsupported("inputs and output need one scale and a zero point within their type");
    }
    if (type == TensorType::kInt16 &&
        !(is_symmetric(*tensors.a) && is_symmetric(*tensors.b) && is_symmetric(*tensors.output))) {
        return context.unsupported("zero points of int16 must be 0");
    }
    auto* data = context.allocate<Data>();
    if (data == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    const auto scale_a = static_cast<double>(tensors.a->scale()), scale_b = static_cast<double>(tensors.b->scale());
    const double common = 2 * (scale_a > scale_b ? scale_a : scale_b);
    const float shifted = static_cast<float>(1 << 2 * extra_bits(type)) * tensors.output->scale();
    const double output = common * common / static_cast<double>(shifted);
    if (!quantize_multiplier_below_one(scale_a / common, &data->a) ||
        !quantize_multiplier_below_one(scale_b / common, &data->b) ||
        !quantize_multiplier(output, &data->output)) {
        return context.unsupported("scales");
    }
    return Status::kOk;
}

template <class T>
void quantized(const Binary& tensors, const Data& data) {
    const int32_t one = 1 << extra_bits(tensors.output->type);
    const int32_t zero_a = tensors.a->zero_point(), zero_b = tensors.b->zero_point(), zero = tensors.output->zero_point();
    const Range range = integer_range(tensors.output->type);
    const Data d = data;
    for_each_pair<T, T, T>(*tensors.a, *tensors.b, *tensors.output, [=](T a, T b) {
        const int32_t difference = multiply((a - zero_a) * one, d.a) - multiply((b - zero_b) * one, d.b);
        const int32_t square = multiply(multiply_wrapping(difference, difference), d.output);
        return static_cast<T>(clamp(add_wrapping(square, zero), range.low, range.high));
    });
}

Status invoke(Context& context, Node& node) {
    const Binary tensors = binary(context, node);
    switch (tensors.output->type) {
        case TensorType::kFloat32:
            for_each_pair<float, float, float>(*tensors.a, *tensors.b, *tensors.output,
                                               [](float a, float b) { return (a - b) * (a - b); });
            break;
        case TensorType::kInt32:
            for_each_pair<int32_t, int32_t, int32_t>(*tensors.a, *tensors.b, *tensors.output, [](int32_t a, int32_t b) {
                const int32_t difference = subtract_wrapping(a, b);
                return multiply_wrapping(difference, difference);
            });
            break;
        case TensorType::kInt8: quantized<int8_t>(tensors, *static_cast<const Data*>(node.data)); break;
        default: quantized<int16_t>(tensors, *static_cast<const Data*>(node.data)); break;
    }
    return Status::kOk;
}

}  // namespace

const Registration op::SQUARED_DIFFERENCE = {"SQUARED_DIFFERENCE", builtin::kSquaredDifference, 2, prepare, invoke};

}  // namespace cmsim
