// Matrix product for convolutions: int16 pixels times int16 weights, both rearranged into panels from which the inner loop
// reads straight ahead. A block is 4 pixels by 2 output channels: 6 words are loaded for 8 SMLAD, that is 16 products.
//
// A panel of P pixels (1 to 4): for every 4 input values [even lanes of pixel 0 .. P-1][odd lanes of pixel 0 .. P-1].
// A pair of channels: [bias 0, bias 1], [Rescale 0, Rescale 1], for every 4 weights [even 0, even 1, odd 0, odd 1].
// The order of the lanes is that of SXTB16. Numbers of values are rounded up to a multiple of 4, weights with zeros.
#pragma once
#include "kernels/dsp/rescale.h"
#include "kernels/dsp/simd.h"

namespace cmsim {
namespace dsp {

constexpr uint32_t kBlockPixels = 4;

inline uint32_t quads(int32_t depth) { return (static_cast<uint32_t>(depth) + 3) / 4; }
inline uint32_t panel_words(uint32_t pixels, int32_t depth) { return 2 * quads(depth) * pixels; }
constexpr uint32_t kPairHead = 6;
inline uint32_t pair_words(int32_t depth) { return kPairHead + 4 * quads(depth); }

// How many pixels come in panels of 4; the others in smaller ones, of 3 if possible: a pixel alone costs nearly twice as much.
struct Panels {
    explicit Panels(uint32_t pixels) {
        const uint32_t left = pixels % 4;
        const uint32_t threes = left == 3 ? 1 : left == 2 && pixels >= 6 ? 2 : left == 1 && pixels >= 9 ? 3 : 0;
        fours = (pixels - 3 * threes) / 4;
        others = threes > 0 ? threes : left > 0 ? 1 : 0;
        other_size = threes > 0 ? 3 : left;
    }
    uint32_t fours;
    uint32_t others;
    uint32_t other_size;  // pixels
};

// `count` panels of `pixels` pixels each, from `depth` values a pixel; pixels are `stride` bytes apart. `base` is added to each
// value. Returns the end.
uint32_t* pack_panels(uint32_t* panel, const int8_t* values, int32_t stride, int32_t depth, uint32_t pixels, uint32_t count,
                      int32_t base);

// The weights of a pair; `second` may be null. Returns the end.
uint32_t* pack_pair(uint32_t* pair, const int8_t* first, const int8_t* second, int32_t depth);

// As the assembly code reads it; it uses the call up.
struct GemmCall {
    void* output;           // of the first pixel and the first channel of the pair; int32_t[2 * P] for kSums
    int32_t output_stride;  // bytes from one pixel to the next
    const uint32_t* panels_end;
    Finish finish;
    int32_t zero_point;     // of the output
    const uint32_t* pair;
    uint32_t quads;         // of a pixel
    const uint32_t* panel;  // the first of those up to panels_end, all of the same number of pixels
    uint32_t pairs;         // so many, one after the other; 1 for kSums
    uint32_t pair_bytes;
    void* output_of_pair;   // the same as `output`
    uint32_t low;           // the activation's range, the same in 4 bytes
    uint32_t high;
};

// Multiplies panels of `pixels` pixels with pairs. 24 bytes in front of a pair must be readable.
void gemm(GemmCall call, uint32_t pixels);

}  // namespace dsp
}  // namespace cmsim
