#include "kernels/comparison.h"

namespace cmsim {

Status prepare_equality(Context& context, Node& node) {
    Binary tensors;
    const Status status = prepare_binary(context, node, &tensors);
    if (status != Status::kOk) return status;
    if (tensors.output->type != TensorType::kBool) return context.unsupported("output must be bool");
    switch (tensors.a->type) {
        case TensorType::kFloat32:
        case TensorType::kInt32:
        case TensorType::kInt64:
        case TensorType::kBool: return Status::kOk;
        case TensorType::kInt8: break;
        default: return context.unsupported("inputs must be float32, int8, int32, int64, or bool where equality is asked");
    }
    if (!is_quantized(*tensors.a) || !is_quantized(*tensors.b)) {
        return context.unsupported("inputs need one scale and a zero point within their type");
    }
    auto* data = context.allocate<ComparisonData>();
    if (data == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    if (!quantize_multiplier_below_one(static_cast<double>(tensors.a->scale()), &data->a) ||
        !quantize_multiplier_below_one(static_cast<double>(tensors.b->scale()), &data->b)) {
        return context.unsupported("scales must be below 1");
    }
    return Status::kOk;
}

Status prepare_comparison(Context& context, Node& node) {
    const Tensor* input = context.input(node, 0);
    if (input != nullptr && input->type == TensorType::kBool) return context.unsupported("bool has no order");
    return prepare_equality(context, node);
}

}  // namespace cmsim
