// exp and what follows from it, in integers: a Cortex-M4 multiplies 32 by 32 bits to 64 in one cycle, but has no double.
#include "kernels/float_functions.h"

namespace cmsim {
namespace {

constexpr double kTwo32 = 4294967296.0;
constexpr double kLn2 = 0.69314718055994530942;

uint32_t multiply_high(uint32_t a, uint32_t b) { return static_cast<uint32_t>(static_cast<uint64_t>(a) * b >> 32); }

// exp(x) = mantissa / 2^40 * 2^exponent, mantissa / 2^40 in [1, 2); the relative error is below 2^-35.
struct Power {
    uint64_t mantissa;
    int32_t exponent;
};

// exp(x) for 2^-26 <= |x| < 128.
Power exp_of(float x) {
    const uint32_t bits = bits_of(x);
    const auto scale = static_cast<int32_t>(bits >> 23 & 0xFF) - 127;
    const uint32_t significand = (bits & 0x7FFFFF) | 0x800000;

    // exp(x) = 2^t with t = x / ln 2, rounded to 35 fractional bits. 1 / ln 2 with 63 fractional bits, in two halves.
    constexpr uint32_t kUpper = 0xB8AA3B29, kLower = 0x5C17F0BC;
    uint64_t product = static_cast<uint64_t>(significand) * kUpper;  // 54 - scale fractional bits
    product += static_cast<uint64_t>(significand) * kLower >> 32;
    const int32_t shift = 54 - 35 - scale;
    auto t = static_cast<int64_t>((product >> (shift - 1)) + 1) >> 1;
    if (bits >> 31) t = -t;

    // 2^t = 2^exponent * 2^(eighth / 8) * 2^(u / 8), u in [0, 1): table for the second, Taylor's series for the third factor.
    static constexpr uint64_t kEighths[8] = {
        1ull << 40,
        static_cast<uint64_t>(1.0905077326652576592 * 256 * kTwo32 + 0.5),
        static_cast<uint64_t>(1.1892071150027210667 * 256 * kTwo32 + 0.5),
        static_cast<uint64_t>(1.2968395546510096659 * 256 * kTwo32 + 0.5),
        static_cast<uint64_t>(1.4142135623730950488 * 256 * kTwo32 + 0.5),
        static_cast<uint64_t>(1.5422108254079408236 * 256 * kTwo32 + 0.5),
        static_cast<uint64_t>(1.6817928305074290861 * 256 * kTwo32 + 0.5),
        static_cast<uint64_t>(1.8340080864093424635 * 256 * kTwo32 + 0.5),
    };
    constexpr double a = kLn2 / 8;
    constexpr auto k1 = static_cast<uint32_t>(8 * a * kTwo32 + 1);  // 8 (2^(u / 8) - 1) = u (k1 + u (k2 + ...))
    constexpr auto k2 = static_cast<uint32_t>(8 * a * a / 2 * kTwo32 + 1);
    constexpr auto k3 = static_cast<uint32_t>(8 * a * a * a / 6 * kTwo32 + 1);
    constexpr auto k4 = static_cast<uint32_t>(8 * a * a * a * a / 24 * kTwo32 + 1);
    constexpr auto k5 = static_cast<uint32_t>(8 * a * a * a * a * a / 120 * kTwo32 + 1);
    constexpr auto k6 = static_cast<uint32_t>(8 * a * a * a * a * a * a / 720 * kTwo32 + 1);
    const auto u = static_cast<uint32_t>(t);
    uint32_t sum = k5 + multiply_high(u, k6);
    sum = k4 + multiply_high(u, sum);
    sum = k3 + multiply_high(u, sum);
    sum = k2 + multiply_high(u, sum);
    sum = k1 + multiply_high(u, sum);
    const uint32_t series = multiply_high(u, sum);  // 2^(u / 8) - 1 with 35 fractional bits
    const uint64_t eighth = kEighths[static_cast<uint32_t>(t >> 32) & 7];
    const uint64_t more = static_cast<uint64_t>(static_cast<uint32_t>(eighth >> 9)) * series >> 26;
    return {eighth + more, static_cast<int32_t>(t >> 32) >> 3};
}

constexpr float kTiny = 1.0f / (1 << 26);  // 1 + kTiny == 1

}  // namespace

float float_exp(float x) {
    if (!(x > -kTiny) || x >= kTiny) {
        if (x != x) return x;
        if (x > 88.72283173f) return kInfinity;
        if (x < -104.0f) return 0.0f;
        const Power power = exp_of(x);
        constexpr int kShift = 40 - 23;
        const int32_t biased = power.exponent + 127;
        if (biased < 1) {  // subnormal
            const int shift = kShift + 1 - biased;
            return float_of(static_cast<uint32_t>((power.mantissa + (1ull << (shift - 1))) >> shift));
        }
        // The significand's leading bit adds the last 1 to the exponent, also where rounding has carried into it.
        const auto rounded = static_cast<uint32_t>((power.mantissa + (1ull << (kShift - 1))) >> kShift);
        return float_of((static_cast<uint32_t>(biased - 1) << 23) + rounded);
    }
    return 1.0f + x;
}

float float_expm1_on_negative(float x) {
    if (x > -0.0625f) {
        return x + x * x * (0.5f + x * (1 / 6.0f + x * (1 / 24.0f + x * (1 / 120.0f + x * (1 / 720.0f)))));
    }
    if (!(x >= -17.5f)) return x != x ? x : -1.0f;
    const Power power = exp_of(x);
    const uint64_t value = (1ull << 40) - (power.mantissa >> -power.exponent);
    return -static_cast<float>(value) * (1 / 256.0f / 4294967296.0f);
}

float float_tanh(float x) {
    const float size = float_abs(x);
    if (size < kTiny) return x;
    if (size < 0.125f) {  // Taylor's series; the first two terms are summed last and lose nothing
        const float w = x * x;
        return x - x * w * (1 / 3.0f - w * (2 / 15.0f - w * (17 / 315.0f - w * (62 / 2835.0f))));
    }
    if (!(size <= 9.1f)) return x != x ? x : x < 0 ? -1.0f : 1.0f;
    // (1 - e) / (1 + e) with e = exp(-2 |x|)
    const Power power = exp_of(-2 * size);
    const uint64_t e = power.mantissa >> -power.exponent;
    const uint64_t denominator = ((1ull << 40) + e) >> 9;
    const auto quotient = static_cast<uint32_t>((((1ull << 40) - e) << 23) / denominator);  // 32 fractional bits
    const float value = static_cast<float>(quotient) * (1 / 4294967296.0f);
    return x < 0 ? -value : value;
}

float float_logistic(float x) {
    if (x > 16.619047164916992188f) return 1.0f;
    if (x < -9.0f) return float_exp(x);
    return 1.0f / (1.0f + float_exp(-x));
}

}  // namespace cmsim
