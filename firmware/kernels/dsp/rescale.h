// The last step of an int8 convolution in few instructions: from the sum to the output's scale, bit for bit what
// output_value() computes, under conditions that prepare() checks once for all channels.
//
// Double rounding is    x = round(2^-31 sum * multiplier), halves upwards
//                       y = round(2^-e x), halves away from zero
//                       clamp(y + zero point)
// SMMLAR is a + round(2^-32 b * c), halves upwards. With b = a = sum and c = 2 * multiplier - 2^32, which is a negative int32,
// it is x. SMMLSR is a - 2^-32 b * c, rounded likewise. With a = zero point, b = x and c = -2^(32 - e) it is y + zero point,
// but for negative halves, which it rounds upwards, too; x - 1 instead of a negative x puts that right. It is not needed where
// the activation cuts off at the zero point or above (RELU), because it changes only results at or below zero.
#pragma once
#include "kernels/conv_common.h"
#include "kernels/dsp/simd.h"

namespace cmsim {
namespace dsp {

// The two factors c, as the assembly code loads them.
struct Rescale {
    int32_t multiplier;
    int32_t power;
};

inline Rescale rescale_of(Multiplier multiplier) {
    return {static_cast<int32_t>(2 * static_cast<uint32_t>(multiplier.value)),
            static_cast<int32_t>(0u - (1u << (32 + multiplier.shift)))};
}

// Whether a multiplier has such factors.
inline bool has_rescale(Multiplier multiplier) { return multiplier.shift <= -1 && multiplier.shift >= -31; }

// y + zero point for a sum below 2^31.
inline int32_t rescaled(int32_t sum, Rescale rescale, int32_t zero_point) {
    const int32_t x = add_high_rounded(sum, sum, rescale.multiplier);
    return subtract_high_rounded(zero_point, x + (x >> 31), rescale.power);
}

// How results are finished; the values are known to the assembly code.
enum class Finish : int32_t {
    kRelu = 0,        // saturates to int8, no x - 1
    kSigned = 1,      // saturates to int8
    kClamped = 3,     // clamps to the activation's range, too
    kSums = 4,        // stores the sums; output_value() does the rest: a multiplier or a bias is too large for all of this
};

// `most` bounds the absolute value of a sum without bias.
inline Finish finish_for(const ChannelMultipliers& multipliers, const Range& range, int32_t zero_point, const Tensor* bias,
                         uint64_t most) {
    for (uint32_t i = 0; i <= multipliers.last; ++i) {
        if (!has_rescale(multipliers[i])) return Finish::kSums;
    }
    uint32_t largest = 0;
    if (bias != nullptr) {
        if (!bias->constant()) return Finish::kSums;
        const auto* values = bias->as<const int32_t>();
        const uint32_t count = bias->element_count();
        for (uint32_t i = 0; i < count; ++i) {
            const uint32_t size = values[i] < 0 ? 0u - static_cast<uint32_t>(values[i]) : static_cast<uint32_t>(values[i]);
            if (size > largest) largest = size;
        }
    }
    if (most + largest >= uint64_t{1} << 31) return Finish::kSums;
    if (range.low != -128 || range.high != 127) return Finish::kClamped;
    return range.low >= zero_point ? Finish::kRelu : Finish::kSigned;
}

}  // namespace dsp
}  // namespace cmsim
