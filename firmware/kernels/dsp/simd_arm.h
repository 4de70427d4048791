// simd.h by instructions, one each. What they compute stands in simd_portable.h.
#pragma once
#include <stdint.h>

namespace cmsim {
namespace dsp {

// Bytes 0 and 2, or 1 and 3, sign-extended to two lanes; then with `base` added lane by lane.
inline uint32_t even_bytes(uint32_t bytes) {
    uint32_t lanes;
    __asm__("sxtb16 %0, %1" : "=r"(lanes) : "r"(bytes));
    return lanes;
}
inline uint32_t odd_bytes(uint32_t bytes) {
    uint32_t lanes;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(lanes) : "r"(bytes));
    return lanes;
}
inline uint32_t even_bytes(uint32_t bytes, uint32_t base) {
    uint32_t lanes;
    __asm__("sxtab16 %0, %1, %2" : "=r"(lanes) : "r"(base), "r"(bytes));
    return lanes;
}
inline uint32_t odd_bytes(uint32_t bytes, uint32_t base) {
    uint32_t lanes;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(lanes) : "r"(base), "r"(bytes));
    return lanes;
}

// The low lanes, or the high lanes, of two words as one word.
inline uint32_t low_lanes(uint32_t first, uint32_t second) {
    uint32_t lanes;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(lanes) : "r"(first), "r"(second));
    return lanes;
}
inline uint32_t high_lanes(uint32_t first, uint32_t second) {
    uint32_t lanes;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(lanes) : "r"(second), "r"(first));
    return lanes;
}

// sum + both products.
inline int32_t add_products(int32_t sum, uint32_t a, uint32_t b) {
    __asm__("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b));
    return sum;
}
// sum + the product of the low, or of the high lanes.
inline int32_t add_low_product(int32_t sum, uint32_t a, uint32_t b) {
    __asm__("smlabb %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b));
    return sum;
}
inline int32_t add_high_product(int32_t sum, uint32_t a, uint32_t b) {
    __asm__("smlatt %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b));
    return sum;
}
// sum + the low lane of a times the high lane of b.
inline int32_t add_low_high_product(int32_t sum, uint32_t a, uint32_t b) {
    __asm__("smlabt %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b));
    return sum;
}

// addend +- 2^-32 a * b, rounded to nearest, halves upwards.
inline int32_t add_high_rounded(int32_t addend, int32_t a, int32_t b) {
    __asm__("smmlar %0, %1, %2, %0" : "+r"(addend) : "r"(a), "r"(b));
    return addend;
}
inline int32_t subtract_high_rounded(int32_t addend, int32_t a, int32_t b) {
    __asm__("smmlsr %0, %1, %2, %0" : "+r"(addend) : "r"(a), "r"(b));
    return addend;
}

// The larger one of each of 4 signed bytes.
inline uint32_t largest_bytes(uint32_t a, uint32_t b) {
    uint32_t result;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(result) : "r"(a), "r"(b));
    return result;
}
inline uint32_t smallest_bytes(uint32_t a, uint32_t b) {
    uint32_t result;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %2, %1" : "=&r"(result) : "r"(a), "r"(b));
    return result;
}

}  // namespace dsp
}  // namespace cmsim
