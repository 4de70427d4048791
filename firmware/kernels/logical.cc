#include "kernels/logical.h"

namespace cmsim {

Status prepare_logical(Context& context, Node& node) {
    Binary tensors;
    const Status status = prepare_binary(context, node, &tensors);
    if (status != Status::kOk) return status;
    if (tensors.a->type != TensorType::kBool || tensors.output->type != TensorType::kBool) {
        return context.unsupported("inputs and output must be bool");
    }
    return Status::kOk;
}

}  // namespace cmsim
