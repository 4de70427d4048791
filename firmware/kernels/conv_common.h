// What CONV_2D and DEPTHWISE_CONV_2D share: the checks, one multiplier for each output channel, and the walk over the image.
#pragma once
#include "kernels/quantization.h"
#include "kernels/window.h"

namespace cmsim {

// The arithmetic of a convolution or a FULLY_CONNECTED, by the types of input and bias.
enum class Arithmetic : uint8_t {
    kFloat,      // float32 throughout
    kInt8,       // int8 input and filter, int32 bias and sum
    kInt16,      // int16 input, int8 filter, int32 bias and sum
    kInt16Wide,  // int16 input, int8 filter, int64 bias (or none) and sum
};

// Finds it; false where input, filter, bias (may be null) and output are no such combination, or are not quantised as it
// demands: int8 with any zero point, int16 with 0. The filter's scales and the bias's shape are left to the caller.
[[gnu::cold]] bool find_arithmetic(const Tensor& input, const Tensor& filter, const Tensor* bias, const Tensor& output, Arithmetic* arithmetic);

// One multiplier for all output channels, or one for each.
struct ChannelMultipliers {
    const int32_t* values = nullptr;
    const int8_t* shifts = nullptr;
    uint32_t last = 0;  // index of the last one

    Multiplier operator[](uint32_t channel) const {
        const uint32_t at = channel < last ? channel : last;
        return {values[at], shifts[at]};
    }
};

// Sets `multipliers` to input scale * filter scale / output scale, computed in double.
[[gnu::cold]] Status set_multipliers(Context& context, const Tensor& input, const Tensor& filter, const Tensor& output,
                                     Arithmetic arithmetic, ChannelMultipliers* multipliers);

union ActivationRange {
    Range integer;
    FloatRange real;
};

[[gnu::cold]] bool set_activation(Activation activation, const Tensor& output, Arithmetic arithmetic, ActivationRange* range);

// The value of an output element from its sum, of which int32 ones wrap.
inline float output_value(float sum, const float* bias, uint32_t channel, const ActivationRange& range) {
    return clamp(bias != nullptr ? sum + bias[channel] : sum, range.real);
}
inline int32_t output_value(uint32_t sum, const int32_t* bias, uint32_t channel, Multiplier multiplier, int32_t zero_point,
                            const ActivationRange& range) {
    if (bias != nullptr) sum += static_cast<uint32_t>(bias[channel]);
    return clamp(add_wrapping(multiply(static_cast<int32_t>(sum), multiplier), zero_point), range.integer.low,
                 range.integer.high);
}
inline int32_t output_value(int64_t sum, const int64_t* bias, uint32_t channel, Multiplier multiplier,
                            const ActivationRange& range) {
    if (bias != nullptr) sum = static_cast<int64_t>(static_cast<uint64_t>(sum) + static_cast<uint64_t>(bias[channel]));
    return clamp(multiply_wide(sum, multiplier), range.integer.low, range.integer.high);
}

struct ConvData {
    Window window;
    ActivationRange activation;
    ChannelMultipliers multipliers;
    Arithmetic arithmetic;
};

// Check everything and fill `data`.
[[gnu::cold]] Status prepare_conv_2d(Context& context, const Node& node, ConvData* data);
[[gnu::cold]] Status prepare_depthwise_conv_2d(Context& context, const Node& node, ConvData* data);

}  // namespace cmsim
