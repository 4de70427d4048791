#include "kernels/float_functions.h"

namespace cmsim {

float float_log(float x) {
    if (!(x > 0)) return x == 0 ? -kInfinity : x != x ? x : float_of(0x7FC00000);
    if (x == kInfinity) return x;
    int32_t exponent = 0;
    if (x < 1.17549435e-38f) x *= 8388608.0f, exponent = -23;  // subnormal
    // x = m * 2^exponent with m in [sqrt(1/2), sqrt(2)), so that the logarithm of x near 1 is not a difference.
    constexpr uint32_t kRootOfHalf = 0x3F3504F3;
    const uint32_t offset = bits_of(x) - kRootOfHalf;
    exponent += static_cast<int32_t>(offset) >> 23;
    const double m = float_of((offset & 0x7FFFFF) + kRootOfHalf);
    // log m = 2 artanh z
    const double z = (m - 1) / (m + 1);
    const double w = z * z;
    const double series = w * (1 / 3.0 + w * (1 / 5.0 + w * (1 / 7.0 + w * (1 / 9.0 + w * (1 / 11.0 + w * (1 / 13.0))))));
    return static_cast<float>(exponent * 0.69314718055994530942 + 2 * (z + z * series));
}

}  // namespace cmsim
