// From the real numbers in a model (scales, options) to the integers that kernels compute with.
#pragma once
#include <stdint.h>

#include "interpreter/operator.h"
#include "kernels/fixed_point.h"

namespace cmsim {

// The fixed-point form of a positive real factor. False where it has none: not positive and finite, or 2^30 and more.
// Factors below 2^-32 become zero.
bool quantize_multiplier(double factor, Multiplier* multiplier);

// Nearest integer, halves away from zero, as a float; any float is allowed.
float round_half_away(float value);

struct Range {
    int32_t low;
    int32_t high;
};

// The range of int8 results under a fused activation, for an output tensor quantised so.
bool activation_range(Activation activation, const Tensor& output, Range* range);

// int8 with one scale and a zero point that int8 can hold.
bool is_int8(const Tensor& tensor);

}  // namespace cmsim
