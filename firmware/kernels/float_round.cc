#include "kernels/float_functions.h"

namespace cmsim {
namespace {

constexpr float kAllAreIntegers = 8388608.0f;  // 2^23

// Towards zero, for |x| < 2^23.
float truncate(float x) { return static_cast<float>(static_cast<int32_t>(x)); }

float with_sign_of(float size, float sign) { return float_of(bits_of(size) | (bits_of(sign) & 0x80000000)); }

}  // namespace

float float_floor(float x) {
    if (!(float_abs(x) < kAllAreIntegers)) return x;
    const float whole = truncate(x);
    return whole > x ? whole - 1.0f : with_sign_of(whole, x);
}

float float_ceil(float x) {
    if (!(float_abs(x) < kAllAreIntegers)) return x;
    const float whole = truncate(x);
    return whole < x ? whole + 1.0f : with_sign_of(whole, x);
}

float float_round_half_even(float x) {
    const float low = float_floor(x);
    const float rest = x - low;  // exact
    if (rest < 0.5f || (rest == 0.5f && float_floor(low * 0.5f) == low * 0.5f)) return low;
    return low + 1.0f;
}

float float_fmod(float x, float y) {
    const float size = float_abs(y);
    if (!(float_abs(x) < kInfinity) || size != size || size == 0) return (x * y) / (x * y);  // NaN
    // Long division: size * 2^n, exact, from the largest that is not above the rest, down to size.
    float rest = float_abs(x);
    while (rest >= size) {
        float step = size;
        const uint32_t exponents = (bits_of(rest) >> 23) - (bits_of(size) >> 23);
        for (uint32_t n = exponents; n > 0 && step + step <= rest; --n) step += step;
        rest -= step;
    }
    return with_sign_of(rest, x);
}

float float_sqrt(float x) {
#if defined(__ARM_FP) && (__ARM_FP & 4) && defined(__arm__)
    float root;
    __asm__("vsqrt.f32 %0, %1" : "=t"(root) : "t"(x));
    return root;
#else
    if (!(x > 0)) return x == 0 || x != x ? x : float_of(0x7FC00000);
    if (x == kInfinity) return x;
    int32_t exponent = -127 - 23;
    if (x < 1.17549435e-38f) x *= 16777216.0f, exponent -= 24;  // subnormal
    exponent += static_cast<int32_t>(bits_of(x) >> 23);
    uint64_t value = (bits_of(x) & 0x7FFFFF) | 0x800000;  // x = value * 2^exponent
    value <<= 25, exponent -= 25;
    if (exponent & 1) value <<= 1, --exponent;
    // 25 bits of the root, digit by digit. An exact half cannot occur: its square would have more bits than x.
    uint64_t root = 0;
    for (uint64_t bit = 1ull << 24; bit > 0; bit >>= 1) {
        if ((root + bit) * (root + bit) <= value) root += bit;
    }
    const auto rounded = static_cast<uint32_t>((root + 1) >> 1);
    const int32_t biased = exponent / 2 + 1 + 23 + 127;
    return float_of((static_cast<uint32_t>(biased - 1) << 23) + rounded);
#endif
}

}  // namespace cmsim
