// LOGICAL_NOT. A byte that is neither 0 nor 1 counts as true.
#include "kernels/elementwise.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    Unary tensors;
    const Status status = prepare_unary(context, node, &tensors);
    if (status != Status::kOk) return status;
    if (tensors.input->type != TensorType::kBool || tensors.output->type != TensorType::kBool) {
        return context.unsupported("input and output must be bool");
    }
    return Status::kOk;
}

Status invoke(Context& context, Node& node) {
    for_each<uint8_t, bool>(unary(context, node), [](uint8_t value) { return value == 0; });
    return Status::kOk;
}

}  // namespace

const Registration op::LOGICAL_NOT = {"LOGICAL_NOT", builtin::kLogicalNot, 1, prepare, invoke};

}  // namespace cmsim
