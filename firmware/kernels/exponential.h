// exp(x) for x <= 0 and 1 / (1 + x) for 0 <= x < 1 in fixed point, as gemmlowp computes them: the same polynomials, the same
// steps, the same roundings, hence the same bits. "Qn" is a number with n integer bits: raw / 2^(31 - n).
#pragma once
#include "kernels/fixed_point.h"

namespace cmsim {

// Product of Qa and Qb as Q(a + b).
inline int32_t fixed_multiply(int32_t a, int32_t b) { return saturating_rounding_doubling_high_mul(a, b); }

// exp(x): x in Q5 (or Q4), at most 0; the result in Q0.
int32_t exp_on_negative(int32_t x, int integer_bits = 5);

// 1 / (1 + x) and (1 - x) / (1 + x): x in Q0, at least 0; the result in Q0.
int32_t one_over_one_plus(int32_t x);
int32_t one_minus_over_one_plus(int32_t x);

// 1 / (1 + exp(-x)) and tanh(x): x in Q4, the result in Q0.
int32_t logistic(int32_t x);
int32_t tanh(int32_t x);

// ln(x): x in Q12, at least 1; the result in Q5. TensorFlow Lite's approximation.
int32_t log_above_one(int32_t x);

}  // namespace cmsim
