// SOFTMAX of one row of int16, by tables and interpolation.
#pragma once
#include "kernels/fixed_point.h"

namespace cmsim {

constexpr int32_t kMaxDepthInt16 = 65535;

// `multiplier` takes differences to units of 10 / 65535; `result` may be `values`. 15 fractional bits.
void softmax_int16(const int16_t* values, int16_t* result, int32_t depth, Multiplier multiplier);

}  // namespace cmsim
