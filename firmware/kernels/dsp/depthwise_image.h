// Depthwise convolution of an image of one channel: the taps of a filter row lie side by side in the image, the weights of 4
// outputs side by side in the model. 4 taps by 4 outputs are 5 loads and 16 SMLAxy, straight from both: no scratch memory.
#pragma once
#include "kernels/dsp/simd.h"
#include "kernels/window.h"

namespace cmsim {
namespace dsp {

#if defined(__ARM_FEATURE_SIMD32)
#define CMSIM_TAP(values, lane)                                                                                        \
    "ldr %[word], [%[weight]]\n\tadd %[weight], %[outputs]\n\t"                                                         \
    "sxtb16 %[others], %[word], ror #8\n\tsxtb16 %[word], %[word]\n\t"                                                  \
    "smla" lane "b %[sum0], %[" values "], %[word], %[sum0]\n\tsmla" lane "t %[sum2], %[" values "], %[word], %[sum2]\n\t" \
    "smla" lane "b %[sum1], %[" values "], %[others], %[sum1]\n\tsmla" lane "t %[sum3], %[" values "], %[others], %[sum3]\n\t"
#endif

// One row of a window: `taps` values, `tap_step` bytes apart, times 4 outputs each; `base` is added to each value. Assembly,
// because a compiler reads ahead and then has no registers left for it.
[[gnu::noinline]] inline void add_row_products(const int8_t* from, const int8_t* weight, int32_t taps, int32_t outputs, uint32_t base,
                                               int32_t tap_step, int32_t* sums) {
    int32_t sum0 = sums[0], sum1 = sums[1], sum2 = sums[2], sum3 = sums[3];
    uint32_t word, others;
#if defined(__ARM_FEATURE_SIMD32)
    uint32_t even, odd;
    if (tap_step == 1 && taps >= 4) {
        __asm__("1:\n\t"
                "ldr %[odd], [%[from]], #4\n\t"
                "sxtab16 %[even], %[base], %[odd]\n\t"
                "sxtab16 %[odd], %[base], %[odd], ror #8\n\t"
                CMSIM_TAP("even", "b") CMSIM_TAP("odd", "b") CMSIM_TAP("even", "t") CMSIM_TAP("odd", "t")
                "subs %[taps], #4\n\t"
                "cmp %[taps], #4\n\t"
                "bge 1b"
                : [from] "+r"(from), [weight] "+r"(weight), [taps] "+r"(taps), [sum0] "+r"(sum0), [sum1] "+r"(sum1),
                  [sum2] "+r"(sum2), [sum3] "+r"(sum3), [even] "=&r"(even), [odd] "=&r"(odd), [word] "=&r"(word),
                  [others] "=&r"(others)
                : [outputs] "r"(outputs), [base] "r"(base)
                : "cc", "memory");
    }
#undef CMSIM_TAP
#endif
    const int32_t offset = static_cast<int16_t>(base);
    for (; taps > 0; --taps, from += tap_step, weight += outputs) {
        const auto value = static_cast<uint32_t>(*from + offset);
        word = load_word(weight), others = odd_bytes(word), word = even_bytes(word);
        sum0 = add_low_product(sum0, value, word);
        sum1 = add_low_product(sum1, value, others);
        sum2 = add_low_high_product(sum2, value, word);
        sum3 = add_low_high_product(sum3, value, others);
    }
    sums[0] = sum0, sums[1] = sum1, sums[2] = sum2, sums[3] = sum3;
}

// The part of a window that lies inside the image.
class ImageWindow {
public:
    ImageWindow(const Window& window, const int8_t* image, const int8_t* weights, int32_t outputs, int32_t zero_point,
                int32_t out_y, int32_t out_x)
        : outputs_(outputs), offset_(-zero_point), tap_step_(window.x.dilation) {
        const WindowAxis& y = window.y;
        const WindowAxis& x = window.x;
        const int32_t y_begin = y.begin(out_y), x_begin = x.begin(out_x);
        rows_ = y.end(out_y) - y_begin;
        taps_ = x.end(out_x) - x_begin;
        corner_ = image + (y.origin(out_y) + y_begin * y.dilation) * x.input + x.origin(out_x) + x_begin * x.dilation;
        row_step_ = y.dilation * x.input;
        weights_ = weights + (y_begin * x.filter + x_begin) * outputs;
        weight_row_step_ = x.filter * outputs;
    }

    // Adds the products for the outputs `channel` to `channel` + 3.
    void add_products(int32_t channel, int32_t (&sums)[4]) const {
        const int8_t* row = corner_;
        const int8_t* weights = weights_ + channel;
        for (int32_t k = 0; k < rows_; ++k, row += row_step_, weights += weight_row_step_) {
            add_row_products(row, weights, taps_, outputs_, both_lanes(offset_), tap_step_, sums);
        }
    }

private:
    int32_t outputs_;
    int32_t offset_;  // added to each value
    int32_t tap_step_;
    int32_t rows_;
    int32_t taps_;
    const int8_t* corner_;
    int32_t row_step_;
    const int8_t* weights_;
    int32_t weight_row_step_;
};

}  // namespace dsp
}  // namespace cmsim
