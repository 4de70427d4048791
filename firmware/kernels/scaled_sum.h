// Sums of int8 values as TensorFlow Lite computes them in ADD_N and CUMSUM: each value less its zero point counts 2^19,
// the sum begins with minus the zero point (not with nothing), and is then rescaled.
#pragma once
#include "kernels/fixed_point.h"
#include "kernels/quantization.h"

namespace cmsim {

struct ScaledSum {
    Multiplier multiplier;
    int32_t input_zero;
    int32_t output_zero;

    static uint32_t scaled(int32_t difference) { return static_cast<uint32_t>(difference) << 19; }  // sums may wrap
    uint32_t begin() const { return scaled(-input_zero); }
    uint32_t term(int8_t value) const { return scaled(value - input_zero); }
    int8_t result(uint32_t sum) const {
        const int32_t value = multiply(static_cast<int32_t>(sum), multiplier);
        return static_cast<int8_t>(clamp(add_wrapping(value, output_zero), -128, 127));
    }
};

// False where the tensors are not quantised int8 with scales that suit each other.
inline bool set_scaled_sum(const Tensor& input, const Tensor& output, ScaledSum* sum) {
    if (!is_int8(input) || !is_int8(output)) return false;
    sum->input_zero = input.zero_point();
    sum->output_zero = output.zero_point();
    const double factor = 2 * static_cast<double>(input.scale()) / ((1 << 20) * static_cast<double>(output.scale()));
    return factor < 1 && quantize_multiplier(factor, &sum->multiplier) && sum->multiplier.shift <= 0;
}

}  // namespace cmsim
