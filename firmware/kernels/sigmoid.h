// LOGISTIC and TANH of int16: a table of 256 values of the logistic function and interpolation between them.
#pragma once
#include <stdint.h>

namespace cmsim {

// x * value / 2^shift is in units of 1 / 12288; the table reaches to 10.6.
struct SigmoidInput {
    int32_t value;
    int32_t shift;
};

// For quantised int16 inputs of this scale. False where it is too large (about 2.6).
bool sigmoid_input(float scale, SigmoidInput* input);

// Scale and range of the result: 1 / 32768, zero point 0.
int16_t logistic_int16(int16_t x, SigmoidInput input);
int16_t tanh_int16(int16_t x, SigmoidInput input);

// Whether `scale` is 2^exponent, within TensorFlow Lite's tolerance of 0.001 in the exponent.
bool is_power_of_two(float scale, int exponent);

}  // namespace cmsim
