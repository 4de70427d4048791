#include "kernels/mul_common.h"

namespace cmsim {
namespace {

template <class T>
void quantized_product(const Binary& tensors, const MulData& data) {
    const int32_t zero_a = tensors.a->zero_point(), zero_b = tensors.b->zero_point(), zero = tensors.output->zero_point();
    const MulData d = data;
    for_each_pair<T, T, T>(*tensors.a, *tensors.b, *tensors.output, [=](T a, T b) {
        const int32_t product = multiply((a - zero_a) * (b - zero_b), d.multiplier);
        return static_cast<T>(clamp(add_wrapping(product, zero), d.range.low, d.range.high));
    });
}

}  // namespace

Status prepare_mul(Context& context, Node& node) {
    Binary tensors;
    const Status status = prepare_binary(context, node, &tensors);
    if (status != Status::kOk) return status;
    const TensorType type = tensors.output->type;
    if (tensors.a->type != type) return context.unsupported("inputs and output differ in type");
    const auto activation = static_cast<Activation>(context.options.scalar<int8_t>(field::mul::kActivation));
    switch (type) {
        case TensorType::kFloat32: return prepare_float_activation(context, node, activation);
        case TensorType::kInt32: return prepare_int32_activation(context, node, activation);
        case TensorType::kInt8:
        case TensorType::kInt16: {
            if (!is_quantized(*tensors.a) || !is_quantized(*tensors.b) || !is_quantized(*tensors.output)) {
                return context.unsupported("inputs and output need one scale and a zero point within their type");
            }
            if (type == TensorType::kInt16 &&
                !(is_symmetric(*tensors.a) && is_symmetric(*tensors.b) && is_symmetric(*tensors.output))) {
                return context.unsupported("zero points of int16 must be 0");
            }
            auto* data = context.allocate<MulData>();
            if (data == nullptr) return Status::kArenaTooSmall;
            node.data = data;
            const double factor = static_cast<double>(tensors.a->scale()) * static_cast<double>(tensors.b->scale()) /
                                  static_cast<double>(tensors.output->scale());
            if (!quantize_multiplier(factor, &data->multiplier)) return context.unsupported("scales");
            const bool known = activation_range(activation, *tensors.output, &data->range);
            return known ? Status::kOk : context.unsupported("fused activation");
        }
        default: return context.unsupported("type must be float32, int8, int16 or int32");
    }
}

Status multiply_any(Context& context, Node& node) {
    const Binary tensors = binary(context, node);
    switch (tensors.output->type) {
        case TensorType::kFloat32: {
            const FloatRange range = *static_cast<const FloatRange*>(node.data);
            for_each_pair<float, float, float>(*tensors.a, *tensors.b, *tensors.output,
                                               [range](float a, float b) { return clamp(a * b, range); });
            break;
        }
        case TensorType::kInt32: {
            const Range range = *static_cast<const Range*>(node.data);
            for_each_pair<int32_t, int32_t, int32_t>(*tensors.a, *tensors.b, *tensors.output, [range](int32_t a, int32_t b) {
                return clamp(multiply_wrapping(a, b), range.low, range.high);
            });
            break;
        }
        case TensorType::kInt8: quantized_product<int8_t>(tensors, *static_cast<const MulData*>(node.data)); break;
        default: quantized_product<int16_t>(tensors, *static_cast<const MulData*>(node.data)); break;
    }
    return Status::kOk;
}

}  // namespace cmsim
