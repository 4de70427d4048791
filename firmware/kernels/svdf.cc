// SVDF, a recurrent layer of rank-1 filters: float32, or int8 with weights in time and state of int8 or int16. Inputs:
// input [batch, features], weights over features [filters, features], weights over time [filters, memory], bias [units]
// or none, state (a variable) [batch, filters * memory]; `rank` filters make a unit.
//
// Each filter keeps its last `memory` products with the input. As in TensorFlow Lite Micro, the integer kernel does not
// apply the fused activation: the output's quantisation is its only limit.
#include "kernels/operators.h"
#include "kernels/svdf_common.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    auto* data = context.allocate<SvdfData>();
    if (data == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    return prepare_svdf(context, node, data);
}

Status invoke(Context& context, Node& node) {
    svdf(SvdfTensors(context, node), *static_cast<const SvdfData*>(node.data));
    return Status::kOk;
}

}  // namespace

const Registration op::SVDF = {"SVDF", builtin::kSvdf, 4, prepare, invoke};

}  // namespace cmsim
