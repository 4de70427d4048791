// The checks of FULLY_CONNECTED, which both kernel sets share.
#pragma once
#include "kernels/conv_common.h"

namespace cmsim {

// Input [..., depth], or anything that divides into rows of `depth`; weights [outputs, depth].
struct FullyConnectedData {
    ActivationRange activation;
    ChannelMultipliers multipliers;
    int32_t depth;
    int32_t rows;
    int32_t weight_zero_point;
    Arithmetic arithmetic;
};

// Checks everything and fills `data`.
[[gnu::cold]] Status prepare_fully_connected(Context& context, const Node& node, FullyConnectedData* data);

// Any arithmetic, plain loops.
void fully_connected(const Context& context, const Node& node, const FullyConnectedData& data);

}  // namespace cmsim
