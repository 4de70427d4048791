// The last step of an int8 convolution in few instructions: from the sum to the output's scale, bit for bit what
// output_value() computes, under conditions that prepare() checks once for all channels.
//
// Double rounding is    x = round(2^-31 sum * multiplier), halves upwards
//                       y = round(2^-e x), halves away from zero, e >= 1
//                       clamp(y + zero point)
// SMMULR of 2 * sum and the multiplier is x, if 2 * sum does not overflow. y is (x + 2^(e-1) - (x < 0)) >> e, and the zero
// point can be added before the shift: `addend` is 2^(e-1) + (zero point << e). SMMLAR adds it for free. Where the activation
// cuts off at the zero point or above (RELU), the term (x < 0) does not matter: it changes only results at or below zero.
#pragma once
#include "kernels/conv_common.h"

namespace cmsim {
namespace dsp {

// As the assembly code loads it.
struct Rescale {
    int32_t multiplier;
    int32_t addend;
    int32_t shift;  // e
};

inline Rescale rescale_of(Multiplier multiplier, int32_t zero_point) {
    const int32_t shift = -multiplier.shift;
    return {multiplier.value, (1 << (shift - 1)) + zero_point * (1 << shift), shift};
}

// How results are finished; the values are known to the assembly code.
enum class Finish : int32_t {
    kRelu = 0,        // saturates to int8, no term (x < 0)
    kSigned = 1,      // saturates to int8, with the term
    kClamped = 3,     // clamps to the activation's range, too
    kSums = 4,        // stores the sums; output_value() does the rest: a multiplier or bias is too large for all of this
};

// `most` bounds the absolute value of a sum without bias.
inline Finish finish_for(const ChannelMultipliers& multipliers, const Range& range, int32_t zero_point, const Tensor* bias,
                         uint64_t most) {
    constexpr int32_t kLeastShift = 1, kMostShift = 22;  // beyond, the zero point no longer fits beside it
    for (uint32_t i = 0; i <= multipliers.last; ++i) {
        const int32_t shift = -multipliers[i].shift;
        if (shift < kLeastShift || shift > kMostShift) return Finish::kSums;
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
    if (most + largest >= uint64_t{1} << 30) return Finish::kSums;
    if (range.low != -128 || range.high != 127) return Finish::kClamped;
    return range.low >= zero_point ? Finish::kRelu : Finish::kSigned;
}

}  // namespace dsp
}  // namespace cmsim
