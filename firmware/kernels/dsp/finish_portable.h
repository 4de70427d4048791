// The last step of the assembly code, rescale_asm.h, in C++.
#pragma once
#include "kernels/dsp/rescale.h"

namespace cmsim {
namespace dsp {

// `low` and `high` as in GemmCall: the activation's range in each byte.
inline int8_t finished(int32_t sum, Rescale rescale, int32_t zero_point, Finish finish, uint32_t low, uint32_t high) {
    int32_t value = add_high_rounded(sum, sum, rescale.multiplier);
    if (finish != Finish::kRelu) value += value >> 31;
    value = clamp(subtract_high_rounded(zero_point, value, rescale.power), -128, 127);
    return static_cast<int8_t>(finish == Finish::kClamped ? clamp(value, byte_of(low, 0), byte_of(high, 0)) : value);
}

}  // namespace dsp
}  // namespace cmsim
