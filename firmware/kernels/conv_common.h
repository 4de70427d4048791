// What CONV_2D and DEPTHWISE_CONV_2D share: the checks, and one multiplier for each output channel.
#pragma once
#include "kernels/quantization.h"
#include "kernels/window.h"

namespace cmsim {

struct ConvData {
    Window window;
    Range activation;
    const int32_t* multipliers;  // [output channels], value and shift of each channel's Multiplier
    const int32_t* shifts;
    const int32_t* bias;         // [output channels] or null
};

// Where the options stand in their table.
struct ConvFields {
    unsigned padding, stride_w, stride_h, activation, dilation_w, dilation_h;
};

// Sets node.data to a ConvData. `channel_axis` is the filter's axis of output channels: 0, or 3 for depthwise.
Status prepare_conv(Context& context, Node& node, const ConvFields& fields, unsigned channel_axis);

// The value of an output element from its accumulator.
inline int8_t conv_result(const ConvData& data, int32_t accumulator, int32_t channel, int32_t output_zero_point) {
    if (data.bias != nullptr) accumulator = add_wrapping(accumulator, data.bias[channel]);
    const int32_t scaled = multiply(accumulator, data.multipliers[channel], data.shifts[channel]);
    return static_cast<int8_t>(clamp(add_wrapping(scaled, output_zero_point), data.activation.low, data.activation.high));
}

}  // namespace cmsim
