#include "kernels/minimum_maximum.h"

namespace cmsim {

Status prepare_minimum_maximum(Context& context, Node& node) {
    Binary tensors;
    const Status status = prepare_binary(context, node, &tensors);
    if (status != Status::kOk) return status;
    if (tensors.a->type != tensors.output->type) return context.unsupported("inputs and output differ in type");
    switch (tensors.output->type) {
        case TensorType::kFloat32:
        case TensorType::kInt8:
        case TensorType::kInt16:
        case TensorType::kInt32:
        case TensorType::kInt64: return Status::kOk;
        default: return context.unsupported("type must be float32, int8, int16, int32 or int64");
    }
}

}  // namespace cmsim
