// 3x3 depthwise convolution of one channel, from planes of int16: the channel's rows, edges included, one after the other. A
// word holds two neighbours of a row, so that an SMLAD with a pair of weights is two products, and three weights take two
// instructions. Blocks of 6 results share what is loaded.
#pragma once
#include "kernels/dsp/rescale.h"
#include "kernels/dsp/simd.h"

namespace cmsim {
namespace dsp {

constexpr int32_t kPlaneBlock = 6;
constexpr int32_t kPlaneOverrun = 3 * kPlaneBlock;  // words that are read behind a plane, at most; of any value

// Words of a row: the pixels with a zero at either end where a window reaches there. With padding 1: (0, pixel 0), (1, 2), ...;
// a row's zero at the end may be that at the start of the next.
inline int32_t plane_row_words(int32_t width) { return width / 2 + 1; }

// One output channel. As the assembly code loads it into s0 to s10.
struct DepthwiseChannel {
    const uint32_t* row;   // input row of the first output row
    void* output;          // int32_t[columns rounded up to blocks] for kSums, where rows must be 1
    int32_t bias;
    Rescale rescale;
    uint32_t weights[6];   // of each row: (0, 1), (1, 2)
};

// What channels have in common: s11 to s21.
struct DepthwiseCall {
    int32_t row_step;      // bytes from the input row of an output row to that of the next
    int32_t next_row;      // bytes from where the code stands after one row of a block to the next row,
    int32_t next_block;    // and after its last row to the next block
    int32_t output_row;    // bytes
    int32_t output_step;
    int32_t rows;
    int32_t columns;
    Finish finish;
    int32_t zero_point;    // of the output
    uint32_t low;          // the activation's range, the same in 4 bytes
    uint32_t high;
};

// Spreads rows of 4 channels over 4 planes. As the assembly code loads it.
struct SpreadCall {
    const int8_t* values;   // the first pixel's 4 channels
    int32_t channels;       // bytes from a pixel to the next
    uint32_t base;          // added to each value, in both lanes
    uint32_t padding;       // 0 or 1
    uint32_t pairs;         // of pixels, behind the first if padding is 1
    uint32_t end;           // and then: 0 nothing, 1 one more pixel and a zero, 2 two zeros
    uint32_t rows;
    uint32_t* planes[4];
};

extern "C" {
// Stride along a row; along columns it may be any.
void cmsim_depthwise_3x3_stride_1(const DepthwiseCall* call, const DepthwiseChannel* channels, uint32_t count);
void cmsim_depthwise_3x3_stride_2(const DepthwiseCall* call, const DepthwiseChannel* channels, uint32_t count);

void cmsim_spread_rows(const SpreadCall* call);
}

}  // namespace dsp
}  // namespace cmsim
