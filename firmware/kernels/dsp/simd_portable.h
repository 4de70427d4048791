// simd.h in plain C++, so that the kernels of this directory compile, and are tested, on any machine: each function is what the
// instruction named beside it computes.
#pragma once
#include <stdint.h>

namespace cmsim {
namespace dsp {

inline int32_t low_lane(uint32_t lanes) { return static_cast<int16_t>(lanes); }
inline int32_t high_lane(uint32_t lanes) { return static_cast<int16_t>(lanes >> 16); }
inline uint32_t lanes_of(int32_t low, int32_t high) {
    return (static_cast<uint32_t>(low) & 0xFFFF) | static_cast<uint32_t>(high) << 16;
}
inline int32_t byte_of(uint32_t bytes, int index) { return static_cast<int8_t>(bytes >> 8 * index); }

// Bytes 0 and 2, or 1 and 3, sign-extended to two lanes; then with `base` added lane by lane. SXTAB16, SXTB16
inline uint32_t even_bytes(uint32_t bytes, uint32_t base = 0) {
    return lanes_of(low_lane(base) + byte_of(bytes, 0), high_lane(base) + byte_of(bytes, 2));
}
inline uint32_t odd_bytes(uint32_t bytes, uint32_t base = 0) { return even_bytes(bytes >> 8 | bytes << 24, base); }

// The low lanes, or the high lanes, of two words as one word. PKHBT, PKHTB
inline uint32_t low_lanes(uint32_t first, uint32_t second) { return (first & 0xFFFF) | second << 16; }
inline uint32_t high_lanes(uint32_t first, uint32_t second) { return first >> 16 | (second & 0xFFFF0000); }

// Modulo 2^32.
inline int32_t add_product(int32_t sum, int32_t a, int32_t b) {
    return static_cast<int32_t>(static_cast<uint32_t>(sum) + static_cast<uint32_t>(a * b));
}
// sum + both products. SMLAD
inline int32_t add_products(int32_t sum, uint32_t a, uint32_t b) {
    return add_product(add_product(sum, low_lane(a), low_lane(b)), high_lane(a), high_lane(b));
}
// sum + the product of the low, or of the high lanes. SMLABB, SMLATT
inline int32_t add_low_product(int32_t sum, uint32_t a, uint32_t b) { return add_product(sum, low_lane(a), low_lane(b)); }
inline int32_t add_high_product(int32_t sum, uint32_t a, uint32_t b) { return add_product(sum, high_lane(a), high_lane(b)); }
// sum + the low lane of a times the high lane of b. SMLABT
inline int32_t add_low_high_product(int32_t sum, uint32_t a, uint32_t b) { return add_product(sum, low_lane(a), high_lane(b)); }

// addend +- 2^-32 a * b, rounded to nearest, halves upwards. SMMLAR, SMMLSR
inline int32_t add_high_rounded(int32_t addend, int32_t a, int32_t b) {
    const auto product = static_cast<uint64_t>(static_cast<int64_t>(a) * b);
    return static_cast<int32_t>(((static_cast<uint64_t>(static_cast<uint32_t>(addend)) << 32) + product + 0x80000000) >> 32);
}
inline int32_t subtract_high_rounded(int32_t addend, int32_t a, int32_t b) {
    const auto product = static_cast<uint64_t>(static_cast<int64_t>(a) * b);
    return static_cast<int32_t>(((static_cast<uint64_t>(static_cast<uint32_t>(addend)) << 32) - product + 0x80000000) >> 32);
}

// The larger, or the smaller one of each of 4 signed bytes. SSUB8, SEL
inline uint32_t choose_bytes(uint32_t a, uint32_t b, bool larger) {
    uint32_t result = 0;
    for (int i = 0; i < 4; ++i) {
        const bool first = (byte_of(a, i) >= byte_of(b, i)) == larger;
        result |= (first ? a : b) & uint32_t{0xFF} << 8 * i;
    }
    return result;
}
inline uint32_t largest_bytes(uint32_t a, uint32_t b) { return choose_bytes(a, b, true); }
inline uint32_t smallest_bytes(uint32_t a, uint32_t b) { return choose_bytes(a, b, false); }

}  // namespace dsp
}  // namespace cmsim
