// 1 / sqrt(x) of an integer in fixed point, with gemmlowp's roundings and TensorFlow Lite's iteration.
#pragma once
#include "kernels/fixed_point.h"

namespace cmsim {

// The shift is at most 0. For x <= 1 the result is (almost) 1.
Multiplier inverse_root(int32_t x);

}  // namespace cmsim
