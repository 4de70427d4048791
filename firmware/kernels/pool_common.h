// What AVERAGE_POOL_2D and MAX_POOL_2D share.
#pragma once
#include "kernels/conv_common.h"

namespace cmsim {

struct PoolData {
    Window window;
    ActivationRange activation;
};

// Checks everything and sets node.data to a PoolData: float32, int8 or int16, input and output quantised alike.
Status prepare_pool(Context& context, Node& node);

inline float clamp(float value, const ActivationRange& range) { return clamp(value, range.real); }
inline int32_t clamp(int32_t value, const ActivationRange& range) {
    return clamp(value, range.integer.low, range.integer.high);
}

// What sums and results of a type are computed in.
template <class T>
struct Wide {
    using Type = int32_t;
};
template <>
struct Wide<float> {
    using Type = float;
};

// Calls `reduce(values, y_step, x_step, y_count, x_count)` for each output element in order, with the window's first input
// value and the distances to the next one below and to the right, and stores what it returns.
template <class T, class Reduce>
void pool(const Tensor& input, const Tensor& output, const PoolData& data, Reduce reduce) {
    const WindowAxis y = data.window.y;
    const WindowAxis x = data.window.x;
    const ActivationRange range = data.activation;
    const int32_t depth = input.dim(3);
    const int32_t batches = input.dim(0);
    const T* image = input.as<const T>();
    T* result = output.as<T>();
    for (int32_t batch = 0; batch < batches; ++batch, image += y.input * x.input * depth) {
        for (int32_t out_y = 0; out_y < y.output; ++out_y) {
            const int32_t y_begin = y.begin(out_y), y_count = y.end(out_y) - y_begin;
            for (int32_t out_x = 0; out_x < x.output; ++out_x) {
                const int32_t x_begin = x.begin(out_x), x_count = x.end(out_x) - x_begin;
                const T* first = image + ((y.origin(out_y) + y_begin) * x.input + x.origin(out_x) + x_begin) * depth;
                for (int32_t channel = 0; channel < depth; ++channel) {
                    *result++ = static_cast<T>(
                        clamp(reduce(first + channel, x.input * depth, depth, y_count, x_count), range));
                }
            }
        }
    }
}

// `Operation` is a class with `reduce<T>(...)` as above, for the types float, int8_t and int16_t.
template <class Operation>
Status pool_any(Context& context, Node& node) {
    const Tensor& input = *context.input(node, 0);
    const Tensor& output = *context.output(node, 0);
    const auto& data = *static_cast<const PoolData*>(node.data);
    switch (input.type) {
        case TensorType::kFloat32: pool<float>(input, output, data, Operation::template reduce<float>); break;
        case TensorType::kInt8: pool<int8_t>(input, output, data, Operation::template reduce<int8_t>); break;
        default: pool<int16_t>(input, output, data, Operation::template reduce<int16_t>); break;
    }
    return Status::kOk;
}

// The mean of the values inside the image; of integers with halves rounded away from zero.
struct Mean {
    static float divide(float sum, int32_t count) { return sum / static_cast<float>(count); }
    static int32_t divide(int32_t sum, int32_t count) { return (sum > 0 ? sum + count / 2 : sum - count / 2) / count; }

    template <class T>
    static typename Wide<T>::Type reduce(const T* row, int32_t y_step, int32_t x_step, int32_t y_count, int32_t x_count) {
        typename Wide<T>::Type sum = 0;
        for (int32_t y = 0; y < y_count; ++y, row += y_step) {
            const T* value = row;
            for (int32_t x = 0; x < x_count; ++x, value += x_step) sum += *value;
        }
        return divide(sum, y_count * x_count);
    }
};

struct Maximum {
    template <class T>
    static typename Wide<T>::Type reduce(const T* row, int32_t y_step, int32_t x_step, int32_t y_count, int32_t x_count) {
        typename Wide<T>::Type largest = *row;  // a window never lies wholly outside the image
        for (int32_t y = 0; y < y_count; ++y, row += y_step) {
            const T* value = row;
            for (int32_t x = 0; x < x_count; ++x, value += x_step) {
                if (largest < *value) largest = *value;
            }
        }
        return largest;
    }
};

}  // namespace cmsim
