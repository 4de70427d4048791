// CONV_2D: input [batch, height, width, channels], filter [outputs, height, width, channels / groups]. float32, int8, and int16
// with an int8 filter.
#include "kernels/conv_loops.h"
#include "kernels/operators.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    auto* data = context.allocate<ConvData>();
    if (data == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    return prepare_conv_2d(context, node, data);
}

Status invoke(Context& context, Node& node) {
    convolve<GroupWalk>(context, node, *static_cast<const ConvData*>(node.data));
    return Status::kOk;
}

}  // namespace

const Registration op::CONV_2D = {"CONV_2D", builtin::kConv2d, 8, prepare, invoke};

}  // namespace cmsim
