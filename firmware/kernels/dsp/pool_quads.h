// Pools of int8 for 4 channels at a time, which a word holds.
#pragma once
#include "kernels/dsp/simd.h"
#include "kernels/pool_common.h"

namespace cmsim {
namespace dsp {

// Whether pool_quads() can do it: int8 and 4 channels at least.
inline bool has_quads(const Tensor& input) { return input.type == TensorType::kInt8 && input.dim(3) >= 4; }

// As pool(), but `reduce` is given 4 channels and returns them as the bytes of a word.
template <class Reduce>
void pool_quads(const Tensor& input, const Tensor& output, const PoolData& data, Reduce reduce) {
    const WindowAxis y = data.window.y;
    const WindowAxis x = data.window.x;
    const uint32_t low = (static_cast<uint32_t>(data.activation.integer.low) & 0xFF) * 0x01010101u;
    const uint32_t high = (static_cast<uint32_t>(data.activation.integer.high) & 0xFF) * 0x01010101u;
    const int32_t depth = input.dim(3);
    const int32_t batches = input.dim(0);
    const int8_t* image = input.as<const int8_t>();
    int8_t* result = output.as<int8_t>();
    for (int32_t batch = 0; batch < batches; ++batch, image += y.input * x.input * depth) {
        for (int32_t out_y = 0; out_y < y.output; ++out_y) {
            const int32_t y_begin = y.begin(out_y), y_count = y.end(out_y) - y_begin;
            for (int32_t out_x = 0; out_x < x.output; ++out_x, result += depth) {
                const int32_t x_begin = x.begin(out_x), x_count = x.end(out_x) - x_begin;
                const int8_t* first = image + ((y.origin(out_y) + y_begin) * x.input + x.origin(out_x) + x_begin) * depth;
                for (int32_t channel = 0; channel < depth; channel += 4) {
                    if (channel > depth - 4) channel = depth - 4;  // the last ones: some of them for the second time
                    const uint32_t values = reduce(first + channel, x.input * depth, depth, y_count, x_count);
                    store_word(result + channel, smallest_bytes(largest_bytes(values, low), high));
                }
            }
        }
    }
}

}  // namespace dsp
}  // namespace cmsim
