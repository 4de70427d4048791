// Elementary functions of float, without a C library: the same bits on every machine and under every compiler.
//
// Errors are against the true value, in units of the last place (0.5: rounded correctly). A C library's functions err as
// much, its versions for other processors differently; hence float results that go through exp, log, tanh, sin or cos agree
// with TensorFlow Lite's to the last place or two, not in every bit.
#pragma once
#include <stdint.h>

namespace cmsim {

// Below 0.502, subnormal results included. In integers, some 150 cycles on a Cortex-M4; tanh takes 270.
float float_exp(float x);

// exp(x) - 1 for x <= 0, below 0.6.
float float_expm1_on_negative(float x);

// Below 0.6.
float float_tanh(float x);

// Natural logarithm, below 0.501; of zero minus infinity, below zero NaN. In double, which takes a Cortex-M4 2100 cycles.
float float_log(float x);

// Below 0.51, for any x. In double, which takes a Cortex-M4 1200 cycles.
float float_sin(float x);
float float_cos(float x);

// 1 / (1 + exp(-x)) by TensorFlow Lite's formula.
float float_logistic(float x);

// Rounded correctly; below zero NaN.
float float_sqrt(float x);

// The next integer below and above; the sign of zero is kept.
float float_floor(float x);
float float_ceil(float x);

// The nearest integer, of two the even one; zero has no sign where x is not zero.
float float_round_half_even(float x);

// The rest of x / y rounded towards zero, exact, with the sign of x.
float float_fmod(float x, float y);

inline uint32_t bits_of(float value) {
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits;
}

inline float float_of(uint32_t bits) {
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

inline float float_abs(float x) { return float_of(bits_of(x) & 0x7FFFFFFF); }

constexpr float kInfinity = __builtin_huge_valf();

}  // namespace cmsim
