// From the real numbers in a model (scales, options) to the integers that kernels compute with.
#pragma once
#include <stdint.h>

#include "interpreter/operator.h"
#include "kernels/fixed_point.h"

namespace cmsim {

// Cold is what only prepare() calls: compiled to be small.

// The fixed-point form of a positive real factor. False where it has none: not positive and finite, or 2^30 and more.
// Factors below 2^-32 become zero.
[[gnu::cold]] bool quantize_multiplier(double factor, Multiplier* multiplier);

// The same for a * b / divisor, computed in double but without the library that a processor without double needs for that.
[[gnu::cold]] bool quantize_ratio(float a, float b, float divisor, Multiplier* multiplier);

// Nearest integer, halves away from zero, as a float; any float is allowed.
float round_half_away(float value);

struct Range {
    int32_t low;
    int32_t high;
};

// What a quantised tensor of this type can hold; empty (low above high) where the type is none of int8, uint8, int16, int32.
[[gnu::cold]] Range integer_range(TensorType type);

// The range of int8 or int16 results under a fused activation, for an output tensor quantised so.
[[gnu::cold]] bool activation_range(Activation activation, const Tensor& output, Range* range);

struct FloatRange {
    float low;
    float high;
};

// The range of float results. Without an activation TensorFlow Lite clamps, too: infinities become the largest numbers.
[[gnu::cold]] bool float_activation_range(Activation activation, FloatRange* range);

// As std::min(std::max(value, low), high): NaN stays.
inline float clamp(float value, FloatRange range) {
    const float raised = value < range.low ? range.low : value;
    return range.high < raised ? range.high : raised;
}

// One of the types above, with one scale and a zero point that the type can hold.
[[gnu::cold]] bool is_quantized(const Tensor& tensor);

// int8 with one scale and a zero point that int8 can hold.
[[gnu::cold]] bool is_int8(const Tensor& tensor);

}  // namespace cmsim
