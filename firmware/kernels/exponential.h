// exp(x) for x <= 0 and 1 / (1 + x) for 0 <= x < 1 in fixed point, as gemmlowp computes them: the same polynomials, the same
// steps, the same roundings, hence the same bits. "Qn" is a number with n integer bits: raw / 2^(31 - n).
#pragma once
#include "kernels/fixed_point.h"

namespace cmsim {

// Product of Qa and Qb as Q(a + b).
inline int32_t fixed_multiply(int32_t a, int32_t b) { return saturating_rounding_doubling_high_mul(a, b); }

// exp(x): x in Q5, at most 0; the result in Q0.
int32_t exp_on_negative(int32_t x);

// 1 / (1 + x): x in Q0, at least 0; the result in Q0.
int32_t one_over_one_plus(int32_t x);

}  // namespace cmsim
