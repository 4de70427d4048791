#include "kernels/float_functions.h"

namespace cmsim {
namespace {

// x = (quadrant + rest) * pi / 2 with rest in [-1/2, 1/2], modulo whole turns; |x| >= 2^-12 and finite.
struct Angle {
    uint32_t quadrant;
    double radians;  // rest * pi / 2
};

Angle reduce(float x) {
    // x * 2 / pi modulo 4 in fixed point (Payne and Hanek): of the bits of 2 / pi only those 96 matter whose products are
    // below 4 and above 2^-70.
    static constexpr uint32_t kTwoOverPi[] = {
        0, 0, 0xA2F9836E, 0x4E441529, 0xFC2757D1, 0xF534DDC0, 0xDB629599, 0x3C439041, 0xFE5163AB,
    };
    const uint32_t bits = bits_of(x);
    const uint32_t significand = (bits & 0x7FFFFF) | 0x800000;
    const auto scale = static_cast<int32_t>(bits >> 23 & 0xFF) - 127 - 23;  // |x| = significand * 2^scale
    // 2 / pi * 2^scale modulo 4 begins behind bit 64 - 2 + scale of the table, whose first 64 bits are the integer part.
    const auto position = static_cast<uint32_t>(64 - 2 + scale);
    const uint32_t* words = kTwoOverPi + position / 32;
    const uint32_t left = position % 32;
    const auto window = [words, left](unsigned i) {
        return static_cast<uint32_t>(((static_cast<uint64_t>(words[i]) << 32 | words[i + 1]) << left) >> 32);
    };
    uint64_t product = (static_cast<uint64_t>(significand) * window(2) >> 32) + static_cast<uint64_t>(significand) * window(1);
    product += static_cast<uint64_t>(significand * window(0)) << 32;  // 62 fractional bits, wraps at 4
    auto quadrant = static_cast<uint32_t>((product + (1ull << 61)) >> 62);  // the nearest
    const int64_t rest = static_cast<int64_t>(product << 2) >> 2;
    double radians = static_cast<double>(rest) * (1.57079632679489661923 / (1ull << 62));
    if (bits >> 31) quadrant = 0 - quadrant, radians = -radians;
    return {quadrant, radians};
}

double sine(double r) {
    const double w = r * r;
    return r + r * w * (-1 / 6.0 + w * (1 / 120.0 + w * (-1 / 5040.0 + w * (1 / 362880.0 + w * (-1 / 39916800.0)))));
}

double cosine(double r) {
    const double w = r * r;
    const double rest = w * (-1 / 720.0 + w * (1 / 40320.0 + w * (-1 / 3628800.0 + w * (1 / 479001600.0))));
    return 1 + w * (-1 / 2.0 + w * (1 / 24.0 + rest));
}

// sin(angle + quarters * pi / 2)
float sine_of(const Angle& angle, uint32_t quarters) {
    const uint32_t quadrant = (angle.quadrant + quarters) & 3;
    const auto value = static_cast<float>(quadrant & 1 ? cosine(angle.radians) : sine(angle.radians));
    return quadrant & 2 ? -value : value;
}

constexpr float kSmall = 1.0f / 4096;

}  // namespace

float float_sin(float x) {
    if (float_abs(x) < kSmall) return x == 0 ? x : x - x * x * x * (1 / 6.0f);
    if (!(float_abs(x) < kInfinity)) return x - x;
    return sine_of(reduce(x), 0);
}

float float_cos(float x) {
    if (float_abs(x) < kSmall) return 1.0f - 0.5f * x * x;
    if (!(float_abs(x) < kInfinity)) return x - x;
    return sine_of(reduce(x), 1);
}

}  // namespace cmsim
