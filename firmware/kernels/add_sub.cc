#include "kernels/add_sub.h"

namespace cmsim {
namespace {

Status prepare_quantized(Context& context, Node& node, const Binary& tensors, Activation activation) {
    if (!is_quantized(*tensors.a) || !is_quantized(*tensors.b) || !is_quantized(*tensors.output)) {
        return context.unsupported("inputs and output need one scale and a zero point within their type");
    }
    auto* data = context.allocate<SumData>();
    if (data == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    const auto scale_a = static_cast<double>(tensors.a->scale()), scale_b = static_cast<double>(tensors.b->scale());
    const double common = 2 * (scale_a > scale_b ? scale_a : scale_b);
    const double shifted = (1 << sum_shift(tensors.output->type)) * static_cast<double>(tensors.output->scale());
    if (!quantize_multiplier_below_one(scale_a / common, &data->a) ||
        !quantize_multiplier_below_one(scale_b / common, &data->b) ||
        !quantize_multiplier_below_one(common / shifted, &data->output)) {
        return context.unsupported("scales");
    }
    return activation_range(activation, *tensors.output, &data->range) ? Status::kOk : context.unsupported("fused activation");
}

}  // namespace

Status prepare_sum(Context& context, Node& node) {
    Binary tensors;
    const Status status = prepare_binary(context, node, &tensors);
    if (status != Status::kOk) return status;
    if (tensors.a->type != tensors.output->type) return context.unsupported("inputs and output differ in type");
    const auto activation = static_cast<Activation>(context.options.scalar<int8_t>(field::add::kActivation));
    switch (tensors.output->type) {
        case TensorType::kFloat32: return prepare_float_activation(context, node, activation);
        case TensorType::kInt32:
            if (tensors.a->scale_count() > 0 || tensors.b->scale_count() > 0) {
                return context.unsupported("int32 must not be quantised");
            }
            return prepare_int32_activation(context, node, activation);
        case TensorType::kInt8:
        case TensorType::kInt16: return prepare_quantized(context, node, tensors, activation);
        default: return context.unsupported("type must be float32, int8, int16 or int32");
    }
}

Status add_any(Context& context, Node& node) {
    const Binary tensors = binary(context, node);
    switch (tensors.output->type) {
        case TensorType::kFloat32: {
            const FloatRange range = *static_cast<const FloatRange*>(node.data);
            for_each_pair<float, float, float>(*tensors.a, *tensors.b, *tensors.output,
                                               [range](float a, float b) { return clamp(a + b, range); });
            break;
        }
        case TensorType::kInt32:  // TensorFlow Lite Micro passes over the activation here
            for_each_pair<int32_t, int32_t, int32_t>(*tensors.a, *tensors.b, *tensors.output, add_wrapping);
            break;
        case TensorType::kInt8: quantized_sum<int8_t>(tensors, *static_cast<const SumData*>(node.data), 1); break;
        default: quantized_sum<int16_t>(tensors, *static_cast<const SumData*>(node.data), 1); break;
    }
    return Status::kOk;
}

}  // namespace cmsim
