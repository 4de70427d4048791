// LOGICAL_AND.
#include "kernels/logical.h"

namespace cmsim {
namespace {

Status invoke(Context& context, Node& node) {
    const Binary tensors = binary(context, node);
    for_each_pair<uint8_t, uint8_t, bool>(*tensors.a, *tensors.b, *tensors.output,
                                          [](uint8_t a, uint8_t b) { return a != 0 && b != 0; });
    return Status::kOk;
}

}  // namespace

const Registration op::LOGICAL_AND = {"LOGICAL_AND", builtin::kLogicalAnd, 1, prepare_logical, invoke};

}  // namespace cmsim
