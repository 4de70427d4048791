// A resolver with every operator that there is.
#pragma once
#include "kernels/operators.h"

namespace cmsim {

constexpr auto all_operators =
    op_resolver(op::AVERAGE_POOL_2D, op::CONV_2D, op::DEPTHWISE_CONV_2D, op::DEQUANTIZE, op::FULLY_CONNECTED,
                op::MAX_POOL_2D, op::QUANTIZE, op::RESHAPE, op::SOFTMAX);

}  // namespace cmsim
