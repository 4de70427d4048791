// What ADD and SUB share. Quantised inputs are brought to a common scale, twice the larger one, with some bits more.
#pragma once
#include "kernels/elementwise.h"

namespace cmsim {

struct SumData {  // of int8 and int16
    Multiplier a, b, output;
    Range range;
};

// float32 gets a FloatRange, int32 a Range, int8 and int16 SumData.
Status prepare_sum(Context& context, Node& node);

// The more bits, the less the rounding matters; so many that the sum still fits: 2^8 * 2^20, 2^16 * 2^15 below 2^31.
inline int sum_shift(TensorType type) { return type == TensorType::kInt16 ? 15 : 20; }

// ADD of any type.
Status add_any(Context& context, Node& node);

// output = a + sign * b
template <class T>
void quantized_sum(const Binary& tensors, const SumData& data, int32_t sign) {
    const int32_t one = 1 << sum_shift(tensors.output->type);
    const int32_t zero_a = tensors.a->zero_point(), zero_b = tensors.b->zero_point(), zero = tensors.output->zero_point();
    const SumData d = data;
    for_each_pair<T, T, T>(*tensors.a, *tensors.b, *tensors.output, [=](T a, T b) {
        const int32_t sum = multiply((a - zero_a) * one, d.a) + sign * multiply((b - zero_b) * one, d.b);
        return static_cast<T>(clamp(add_wrapping(multiply(sum, d.output), zero), d.range.low, d.range.high));
    });
}

}  // namespace cmsim
