#include "kernels/dsp/dots.h"

#include "kernels/dsp/conv_gemm.h"

namespace cmsim {
namespace dsp {

extern "C" {
// In dots_asm.cc: the products of `depth` values with 4 rows of weights, one behind the other. `base` is added to each value.
void cmsim_four_dots(const int8_t* values, const int8_t* weights, int32_t depth, uint32_t base, int32_t* sums);
}

namespace {

// The products with one row of weights.
[[gnu::noinline]] int32_t dot(const int8_t* values, const int8_t* weights, int32_t depth, int32_t value_offset, int32_t weight_offset) {
    const uint32_t base = both_lanes(value_offset), weight_base = both_lanes(weight_offset);
    int32_t sum = 0;
    for (; depth >= 4; depth -= 4, values += 4, weights += 4) {
        const uint32_t value = load_word(values), weight = load_word(weights);
        sum = add_products(sum, even_bytes(weight, weight_base), even_bytes(value, base));
        sum = add_products(sum, odd_bytes(weight, weight_base), odd_bytes(value, base));
    }
    for (; depth > 0; --depth) {
        const auto value = static_cast<uint32_t>(*values++ + value_offset), weight = static_cast<uint32_t>(*weights++ + weight_offset);
        sum = add_low_product(sum, value, weight);
    }
    return sum;
}

// Results of `channel` and so on, up to 4.
[[gnu::noinline]] void finish_slowly(const Product& product, const int32_t* sums, uint32_t count, uint32_t channel, int8_t* output) {
    for (uint32_t i = 0; i < count; ++i, ++channel) {
        output[i] = static_cast<int8_t>(output_value(static_cast<uint32_t>(sums[i]), product.bias, channel, product.multipliers[channel],
                                                     product.output_zero_point, product.range));
    }
}

[[gnu::noinline]] void finish_quickly(const Product& product, const int32_t* sums, uint32_t count, uint32_t channel, int8_t* output) {
    const ChannelMultipliers multipliers = product.multipliers;
    const int32_t* bias = product.bias;
    const int32_t zero_point = product.output_zero_point;
    const Range range = product.range.integer;
    for (uint32_t i = 0; i < count; ++i, ++channel) {
        const int32_t sum = bias != nullptr ? sums[i] + bias[channel] : sums[i];
        output[i] = static_cast<int8_t>(clamp(rescaled(sum, rescale_of(multipliers[channel]), zero_point), range.low, range.high));
    }
}

}  // namespace

void dots(const int8_t* values, const int8_t* weights, int32_t depth, int32_t value_offset, int32_t count, int32_t* sums) {
    if (count == 4) return cmsim_four_dots(values, weights, depth, both_lanes(value_offset), sums);
    *sums = dot(values, weights, depth, value_offset, 0);
}

void multiply_pixel(const Product& product, Finish finish, const int8_t* values, int8_t* output) {
    const auto finish_some = finish == Finish::kSums ? finish_slowly : finish_quickly;
    const int32_t depth = product.depth;
    const int8_t* weights = product.weights;
    for (uint32_t channel = 0, count; channel < product.channels; channel += count, weights += static_cast<int32_t>(count) * depth) {
        int32_t sums[4];
        if (product.channels - channel >= 4 && product.weight_zero_point == 0) {
            cmsim_four_dots(values, weights, depth, both_lanes(-product.input_zero_point), sums);
            count = 4;
        } else {
            sums[0] = dot(values, weights, depth, -product.input_zero_point, -product.weight_zero_point);
            count = 1;
        }
        finish_some(product, sums, count, product.first_channel + channel, output + channel);
    }
}

#if !defined(__ARM_FEATURE_SIMD32)
extern "C" void cmsim_four_dots(const int8_t* values, const int8_t* weights, int32_t depth, uint32_t base, int32_t* sums) {
    for (uint32_t i = 0; i < 4; ++i, weights += depth) sums[i] = dot(values, weights, depth, static_cast<int16_t>(base), 0);
}
#endif

}  // namespace dsp
}  // namespace cmsim
