// What the operators LOGISTIC and TANH share.
#pragma once
#include "kernels/elementwise.h"
#include "kernels/sigmoid.h"

namespace cmsim {

struct SigmoidData {  // of int8
    Multiplier multiplier;
    int32_t radius;  // from there on the result is saturated
};

// The largest number whose int8 inputs, as Q`integer_bits`, stay in range once they have been shifted left so much.
int32_t input_radius(int integer_bits, int32_t shift);

// Checks types and shapes; then int8 gets SigmoidData, int16 SigmoidInput. The scale of int8 and int16 results is fixed:
// 2^output_exponent_int8 with this zero point, 2^-15. An int16 input scale from 2^-12 on up to 2^largest_exponent is exact.
Status prepare_sigmoid(Context& context, Node& node, int output_exponent_int8, int32_t zero_point, int largest_exponent);

// Results of int8 in `bits` fractional bits around the zero point `zero`.
template <int32_t (*function)(int32_t)>
void sigmoid_int8(const Unary& tensors, const SigmoidData& data, int bits, int32_t zero) {
    const int32_t zero_in = tensors.input->zero_point();
    const SigmoidData d = data;
    for_each<int8_t, int8_t>(tensors, [=](int8_t quantized) -> int8_t {
        const int32_t value = quantized - zero_in;
        if (value <= -d.radius) return -128;
        if (value >= d.radius) return 127;
        const int32_t result = rounding_divide_by_pot(function(multiply(value, d.multiplier)), 31 - bits);
        return static_cast<int8_t>(clamp(result + zero, -128, 127));
    });
}

}  // namespace cmsim
