// What AVERAGE_POOL_2D and MAX_POOL_2D share.
#pragma once
#include "kernels/quantization.h"
#include "kernels/window.h"

namespace cmsim {

struct PoolData {
    Window window;
    Range activation;
};

// Sets node.data to a PoolData.
Status prepare_pool(Context& context, Node& node);

// Calls `reduce(values, y_step, x_step, y_count, x_count)` for each output element in order, with the window's first input
// value and the distances to the next one below and to the right, and stores what it returns.
template <class Reduce>
void pool(const Tensor& input, const Tensor& output, const PoolData& data, Reduce reduce) {
    const WindowAxis y = data.window.y;
    const WindowAxis x = data.window.x;
    const int32_t depth = input.dim(3);
    const int8_t* image = input.as<const int8_t>();
    int8_t* result = output.as<int8_t>();
    for (int32_t batch = 0; batch < input.dim(0); ++batch, image += y.input * x.input * depth) {
        for (int32_t out_y = 0; out_y < y.output; ++out_y) {
            const int32_t y_begin = y.begin(out_y), y_count = y.end(out_y) - y_begin;
            for (int32_t out_x = 0; out_x < x.output; ++out_x) {
                const int32_t x_begin = x.begin(out_x), x_count = x.end(out_x) - x_begin;
                const int8_t* first = image + ((y.origin(out_y) + y_begin) * x.input + x.origin(out_x) + x_begin) * depth;
                for (int32_t channel = 0; channel < depth; ++channel) {
                    const int32_t value = reduce(first + channel, x.input * depth, depth, y_count, x_count);
                    *result++ = static_cast<int8_t>(clamp(value, data.activation.low, data.activation.high));
                }
            }
        }
    }
}

}  // namespace cmsim
