// Fixed-point arithmetic with the roundings of gemmlowp, on which TensorFlow Lite's integer kernels are defined.
// Every function gives the same bits on every machine; none has undefined overflow.
#pragma once
#include <stdint.h>

namespace cmsim {

constexpr int32_t kInt32Max = 0x7FFFFFFF;
constexpr int32_t kInt32Min = -kInt32Max - 1;

inline int32_t clamp(int32_t value, int32_t low, int32_t high) { return value < low ? low : value > high ? high : value; }

// Sums that wrap, where a hostile model could make them overflow.
inline int32_t add_wrapping(int32_t a, int32_t b) {
    return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
}

// a * b * 2, the upper 32 bits, rounded to nearest, halves upwards. Only (-1) * (-1) does not fit.
inline int32_t saturating_rounding_doubling_high_mul(int32_t a, int32_t b) {
    if (a == kInt32Min && b == kInt32Min) return kInt32Max;
    return static_cast<int32_t>((static_cast<int64_t>(a) * b + (1 << 30)) >> 31);
}

// x / 2^exponent rounded to nearest, halves away from zero; 0 <= exponent <= 31.
inline int32_t rounding_divide_by_pot(int32_t x, int exponent) {
    const auto mask = static_cast<int32_t>((static_cast<uint32_t>(1) << exponent) - 1);
    const int32_t remainder = x & mask;
    const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
    return (x >> exponent) + (remainder > threshold ? 1 : 0);
}

// x * 2^exponent, saturated; 0 <= exponent <= 31.
inline int32_t saturating_shift_left(int32_t x, int exponent) {
    const int64_t value = static_cast<int64_t>(x) * (static_cast<int64_t>(1) << exponent);
    return value > kInt32Max ? kInt32Max : value < kInt32Min ? kInt32Min : static_cast<int32_t>(value);
}

// A real factor as value / 2^31 * 2^shift, value in [2^30, 2^31).
struct Multiplier {
    int32_t value = 0;
    int32_t shift = 0;
};

// x * multiplier, rounded twice ("double rounding").
inline int32_t multiply(int32_t x, int32_t value, int32_t shift) {
    const int left = shift > 0 ? shift : 0;
    const int right = shift > 0 ? 0 : -shift;
    const auto shifted = static_cast<int32_t>(static_cast<uint32_t>(x) << left);
    return rounding_divide_by_pot(saturating_rounding_doubling_high_mul(shifted, value), right);
}
inline int32_t multiply(int32_t x, Multiplier multiplier) { return multiply(x, multiplier.value, multiplier.shift); }

// The same for a sum of 64 bits. TensorFlow Lite rounds the multiplier to 16 bits here, and the product only once. The shift
// must be at most kMaxWideShift.
constexpr int32_t kMaxWideShift = 7;
inline int32_t multiply_wide(int64_t x, Multiplier multiplier) {
    const int32_t value = multiplier.value < 0x7FFF0000 ? (multiplier.value + 0x8000) >> 16 : 0x7FFF;
    const int32_t shift = 15 - multiplier.shift;
    const uint64_t product = static_cast<uint64_t>(x) * static_cast<uint64_t>(value);  // unsigned: it may wrap
    return static_cast<int32_t>(static_cast<int64_t>(product + (uint64_t{1} << (shift - 1))) >> shift);
}

}  // namespace cmsim
