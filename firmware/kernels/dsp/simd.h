// Two 16-bit lanes or four bytes in a word, as the Cortex-M4's DSP instructions see them. Lanes sum up modulo 2^32, as the
// portable kernels do. On other machines the same functions in plain C++, for tests: simd_portable.h.
#pragma once
#include <stdint.h>

#if defined(__arm__) && !defined(__ARM_FEATURE_SIMD32)
#error "kernels/dsp needs a core with the DSP extension (Cortex-M4, M7, M33); elsewhere link the portable kernels"
#endif

namespace cmsim {
namespace dsp {

// 4 bytes at any address; LDR does not need alignment.
inline uint32_t load_word(const void* from) {
    uint32_t word;
    __builtin_memcpy(&word, from, sizeof word);
    return word;
}
inline void store_word(void* to, uint32_t word) { __builtin_memcpy(to, &word, sizeof word); }

// Up to 3 bytes, the rest zero.
inline uint32_t load_bytes(const int8_t* from, int32_t count) {
    uint32_t word = 0;
    for (int32_t i = 0; i < count; ++i) word |= static_cast<uint32_t>(static_cast<uint8_t>(from[i])) << (8 * i);
    return word;
}

constexpr uint32_t both_lanes(int32_t value) { return (static_cast<uint32_t>(value) & 0xFFFF) * 0x10001u; }

}  // namespace dsp
}  // namespace cmsim

#if defined(__ARM_FEATURE_SIMD32)
#include "kernels/dsp/simd_arm.h"
#else
#include "kernels/dsp/simd_portable.h"
#endif
