// The portable convolutions: plain loops, in the order of TensorFlow Lite Micro's reference kernels, on which the bits of float
// sums depend. Both kernel sets have them: the dsp set for the types and shapes that it has nothing faster for.
#pragma once
#include "kernels/conv_common.h"

namespace cmsim {

// Every output element, in order: `finish` of the sum of `product(value, weight)` over the taps inside the image, and of its
// channel. `Walk` knows which input channels and weights belong to an output channel.
template <class Walk, class T, class Weight, class Sum, class Product, class Finish>
void convolve(const Tensor& input, const Tensor& filter, const Tensor& output, const Window& window, Product product,
              Finish finish) {
    const WindowAxis y = window.y;
    const WindowAxis x = window.x;
    const int32_t depth = input.dim(3);
    const auto outputs = static_cast<uint32_t>(output.dim(3));
    const int32_t batches = input.dim(0);
    const Walk walk(input, filter, output);
    const T* image = input.as<const T>();
    T* result = output.as<T>();
    for (int32_t batch = 0; batch < batches; ++batch, image += y.input * x.input * depth) {
        for (int32_t out_y = 0; out_y < y.output; ++out_y) {
            const int32_t y_begin = y.begin(out_y), y_end = y.end(out_y);
            for (int32_t out_x = 0; out_x < x.output; ++out_x) {
                const int32_t x_begin = x.begin(out_x), x_end = x.end(out_x);
                for (uint32_t channel = 0; channel < outputs; ++channel) {
                    const Weight* weights = filter.as<const Weight>() + walk.first_weight(channel);
                    const T* plane = image + walk.first_input(channel);
                    Sum sum = 0;
                    for (int32_t k_y = y_begin; k_y < y_end; ++k_y) {
                        const int32_t in_y = y.origin(out_y) + k_y * y.dilation;
                        for (int32_t k_x = x_begin; k_x < x_end; ++k_x) {
                            const int32_t in_x = x.origin(out_x) + k_x * x.dilation;
                            const T* values = plane + (in_y * x.input + in_x) * depth;
                            const Weight* tap = weights + (k_y * x.filter + k_x) * walk.weights_per_tap;
                            for (int32_t i = 0; i < walk.inputs_per_tap; ++i) sum += product(values[i], tap[i]);
                        }
                    }
                    *result++ = finish(sum, channel);
                }
            }
        }
    }
}

// CONV_2D: filter [outputs, height, width, channels of a group].
struct GroupWalk {
    GroupWalk(const Tensor& input, const Tensor& filter, const Tensor& output)
        : inputs_per_tap(filter.dim(3)), weights_per_tap(filter.dim(3)),
          outputs_per_group(static_cast<uint32_t>(output.dim(3) / (input.dim(3) / filter.dim(3)))),
          weights_per_output(filter.dim(1) * filter.dim(2) * filter.dim(3)) {}
    int32_t first_weight(uint32_t channel) const { return static_cast<int32_t>(channel) * weights_per_output; }
    int32_t first_input(uint32_t channel) const { return static_cast<int32_t>(channel / outputs_per_group) * inputs_per_tap; }
    int32_t inputs_per_tap;
    int32_t weights_per_tap;
    uint32_t outputs_per_group;
    int32_t weights_per_output;
};

// DEPTHWISE_CONV_2D: filter [1, height, width, outputs].
struct DepthwiseWalk {
    DepthwiseWalk(const Tensor& input, const Tensor&, const Tensor& output)
        : weights_per_tap(output.dim(3)), depth_multiplier(static_cast<uint32_t>(output.dim(3) / input.dim(3))) {}
    int32_t first_weight(uint32_t channel) const { return static_cast<int32_t>(channel); }
    int32_t first_input(uint32_t channel) const { return static_cast<int32_t>(channel / depth_multiplier); }
    static constexpr int32_t inputs_per_tap = 1;
    int32_t weights_per_tap;
    uint32_t depth_multiplier;
};

// A convolution of any arithmetic.
template <class Walk>
void convolve(const Context& context, const Node& node, const ConvData& data) {
    const Tensor& input = *context.input(node, 0);
    const Tensor& filter = *context.input(node, 1);
    const Tensor& output = *context.output(node, 0);
    const Tensor* bias_tensor = context.input(node, 2);
    const void* const bias = bias_tensor != nullptr ? bias_tensor->data : nullptr;
    const ActivationRange range = data.activation;
    const ChannelMultipliers multipliers = data.multipliers;
    switch (data.arithmetic) {
        case Arithmetic::kFloat:
            convolve<Walk, float, float, float>(
                input, filter, output, data.window, [](float value, float weight) { return value * weight; },
                [=](float sum, uint32_t channel) {
                    return output_value(sum, static_cast<const float*>(bias), channel, range);
                });
            break;
        case Arithmetic::kInt8: {
            const int32_t input_zero_point = input.zero_point();
            const int32_t zero_point = output.zero_point();
            convolve<Walk, int8_t, int8_t, uint32_t>(
                input, filter, output, data.window,
                [=](int32_t value, int32_t weight) { return static_cast<uint32_t>((value - input_zero_point) * weight); },
                [=](uint32_t sum, uint32_t channel) {
                    return static_cast<int8_t>(output_value(sum, static_cast<const int32_t*>(bias), channel,
                                                            multipliers[channel], zero_point, range));
                });
            break;
        }
        case Arithmetic::kInt16:
            convolve<Walk, int16_t, int8_t, uint32_t>(
                input, filter, output, data.window,
                [](int32_t value, int32_t weight) { return static_cast<uint32_t>(value * weight); },
                [=](uint32_t sum, uint32_t channel) {
                    return static_cast<int16_t>(output_value(sum, static_cast<const int32_t*>(bias), channel,
                                                             multipliers[channel], 0, range));
                });
            break;
        case Arithmetic::kInt16Wide:
            convolve<Walk, int16_t, int8_t, int64_t>(
                input, filter, output, data.window,
                [](int32_t value, int32_t weight) { return value * weight; },
                [=](int64_t sum, uint32_t channel) {
                    return static_cast<int16_t>(
                        output_value(sum, static_cast<const int64_t*>(bias), channel, multipliers[channel], range));
                });
            break;
    }
}

}  // namespace cmsim
