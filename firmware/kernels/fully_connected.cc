// FULLY_CONNECTED: input [..., depth] or anything that divides into rows of `depth`, weights [outputs, depth]. float32, int8,
// and int16 with int8 weights.
#include "kernels/fully_connected_common.h"
#include "kernels/operators.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    auto* data = context.allocate<FullyConnectedData>();
    if (data == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    return prepare_fully_connected(context, node, data);
}

Status invoke(Context& context, Node& node) {
    fully_connected(context, node, *static_cast<const FullyConnectedData*>(node.data));
    return Status::kOk;
}

}  // namespace

const Registration op::FULLY_CONNECTED = {"FULLY_CONNECTED", builtin::kFullyConnected, 13, prepare, invoke};

}  // namespace cmsim
