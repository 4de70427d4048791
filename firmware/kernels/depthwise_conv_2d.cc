// DEPTHWISE_CONV_2D: input [batch, height, width, channels], filter [1, height, width, channels * depth multiplier]. float32,
// int8, and int16 with an int8 filter.
#include "kernels/conv_loops.h"
#include "kernels/operators.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    auto* data = context.allocate<ConvData>();
    if (data == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    return prepare_depthwise_conv_2d(context, node, data);
}

Status invoke(Context& context, Node& node) {
    convolve<DepthwiseWalk>(context, node, *static_cast<const ConvData*>(node.data));
    return Status::kOk;
}

}  // namespace

const Registration op::DEPTHWISE_CONV_2D = {"DEPTHWISE_CONV_2D", builtin::kDepthwiseConv2d, 7, prepare, invoke};

}  // namespace cmsim
