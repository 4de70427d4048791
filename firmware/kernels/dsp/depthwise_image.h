// Depthwise convolution of an image of one channel: every output has the same values under its window, and different weights.
//
// For one output row and one filter row at a time, the image's row is widened to int16, with zeros at its ends where windows reach
// over them, so that a word holds two neighbours; the weights become words for two neighbouring taps. So an SMLAD is two
// products, and 4 outputs take 5 loads for 8. Sums of the whole output row wait in memory.
#pragma once
#include "kernels/dsp/simd.h"
#include "kernels/window.h"

namespace cmsim {
namespace dsp {

#define CMSIM_FOUR_PAIRS                        \
    "ldr %[two], [%[from]], #4\n\t"             \
    "ldm %[weights]!, {r4, r5, r6, r8}\n\t"     \
    "smlad %[sum0], %[two], r4, %[sum0]\n\t"    \
    "smlad %[sum1], %[two], r5, %[sum1]\n\t"    \
    "smlad %[sum2], %[two], r6, %[sum2]\n\t"    \
    "smlad %[sum3], %[two], r8, %[sum3]\n\t"

// Adds the products of `pairs` words at `from` with as many times 4 words of weights to 4 sums. Assembly, because a compiler does
// not load the weights with LDM.
inline void add_pairs(const int8_t* from, const uint32_t* weights, int32_t pairs, int32_t* sums) {
    int32_t sum0 = sums[0], sum1 = sums[1], sum2 = sums[2], sum3 = sums[3];
    const int8_t* const end = from + 4 * pairs;
#if defined(__ARM_FEATURE_SIMD32)
    auto two = static_cast<uint32_t>(pairs);
    __asm__("lsls %[two], %[two], #31\n\t"
            "bne 2f\n"
            "1:\n\t" CMSIM_FOUR_PAIRS
            "2:\n\t" CMSIM_FOUR_PAIRS
            "cmp %[from], %[end]\n\t"
            "bne 1b"
            : [from] "+r"(from), [weights] "+r"(weights), [sum0] "+r"(sum0), [sum1] "+r"(sum1), [sum2] "+r"(sum2),
              [sum3] "+r"(sum3), [two] "+r"(two)
            : [end] "r"(end)
            : "r4", "r5", "r6", "r8", "cc", "memory");
#else
    for (; from != end; from += 4, weights += 4) {
        const uint32_t two = load_word(from);
        sum0 = add_products(sum0, two, weights[0]);
        sum1 = add_products(sum1, two, weights[1]);
        sum2 = add_products(sum2, two, weights[2]);
        sum3 = add_products(sum3, two, weights[3]);
    }
#endif
    sums[0] = sum0, sums[1] = sum1, sums[2] = sum2, sums[3] = sum3;
}

#undef CMSIM_FOUR_PAIRS

// The same for `count` pixels, `step` bytes apart, whose sums are `sum_step` apart.
[[gnu::noinline]] inline void add_pixels(const int8_t* from, int32_t step, const uint32_t* weights, int32_t pairs, int32_t* sums,
                                         int32_t sum_step, int32_t count) {
    for (; count > 0; --count, from += step, sums += sum_step) add_pairs(from, weights, pairs, sums);
}

// In depthwise_image_asm.cc, as it loads it: the same for pairs of pixels, with 1 to 4 words of taps. 48 bytes in front of the weights
// must be readable.
struct PixelPairs {
    const int8_t* from;
    int32_t step;
    const uint32_t* weights;
    int32_t words;
    int32_t* sums;
    int32_t sum_step;  // bytes
    int32_t count;
};
extern "C" void cmsim_add_pixel_pairs(const PixelPairs* pairs);

class ImageRow {
public:
    // Words of scratch memory. The filter must not be dilated along x, outputs be at least 4.
    static size_t words(const WindowAxis& x, int32_t outputs) {
        return sum_words(x, outputs) + weight_words(x, outputs) + row_words(x);
    }

    ImageRow(const WindowAxis& x, int32_t outputs, int32_t zero_point, uint32_t* scratch)
        : x_(x), outputs_(outputs), base_(both_lanes(-zero_point)), sums_(reinterpret_cast<int32_t*>(scratch)),
          weights_(scratch + sum_words(x, outputs)), row_(reinterpret_cast<int8_t*>(weights_ + weight_words(x, outputs))) {
        for (size_t i = 0; i < 4 * row_words(x); ++i) row_[i] = 0;
    }

    // The bias, or zeros, in all sums.
    void begin(const int32_t* bias) {
        const int32_t pixel = 4 * quads(outputs_);
        for (int32_t quad = 0; quad < quads(outputs_); ++quad) {
            for (int32_t i = 0; i < 4; ++i) sums_[4 * quad + i] = bias != nullptr ? bias[first_output(quad) + i] : 0;
        }
        const int32_t* from = sums_;
        for (int32_t *to = sums_ + pixel, *const end = sums_ + x_.output * pixel; to != end;) *to++ = *from++;
    }

    // Adds the products of a row of the image and a row of the filter.
    void add(const int8_t* values, const int8_t* weights) {
        widen_row(values);
        arrange_weights(weights);
        for (int32_t quad = 0; quad < quads(outputs_); ++quad) {
            add_quad(weights_ + 4 * quad * pairs(x_), sums_ + 4 * quad);
        }
    }

    // Writes finish_of(channel)(sum) for each; `output` is where the first result belongs.
    template <class FinishOf>
    [[gnu::noinline]] void end(int8_t* output, FinishOf finish_of) const {
        const int32_t pixel = 4 * quads(outputs_);
        for (int32_t quad = 0; quad < quads(outputs_); ++quad) {
            for (int32_t i = 0; i < 4; ++i) {
                const int32_t channel = first_output(quad) + i;
                const auto finish = finish_of(channel);
                const int32_t* sum = sums_ + 4 * quad + i;
                int8_t* to = output + channel;
                for (int32_t left = x_.output; left > 0; --left, sum += pixel, to += outputs_) *to = finish(*sum);
            }
        }
    }

private:
    static int32_t quads(int32_t outputs) { return (outputs + 3) / 4; }
    static int32_t pairs(const WindowAxis& x) { return (x.filter + 1) / 2; }
    static size_t sum_words(const WindowAxis& x, int32_t outputs) { return size_t{4} * static_cast<size_t>(x.output * quads(outputs)); }
    static size_t weight_words(const WindowAxis& x, int32_t outputs) { return size_t{4} * static_cast<size_t>(pairs(x) * quads(outputs)); }
    static size_t row_words(const WindowAxis& x) { return static_cast<size_t>(row_length(x) + 1) / 2; }
    // Adds the products of the row with 4 outputs' weights.
    void add_quad(const uint32_t* weights, int32_t* sums) const {
        const int8_t* from = row_;
        const int32_t step = 2 * x_.stride, sum_step = 4 * quads(outputs_);
        int32_t left = x_.output;
#if defined(__ARM_FEATURE_SIMD32)
        constexpr int32_t kMostWords = 4;
        if (pairs(x_) <= kMostWords && left >= 2) {
            const PixelPairs two = {from, step, weights, pairs(x_), sums, 4 * sum_step, left / 2};
            cmsim_add_pixel_pairs(&two);
            const int32_t done = left / 2 * 2;
            from += done * step, sums += done * sum_step, left -= done;
        }
#endif
        add_pixels(from, step, weights, pairs(x_), sums, sum_step, left);
    }

    // Values under all windows, and one more where their number is odd.
    static int32_t row_length(const WindowAxis& x) { return (x.output - 1) * x.stride + 2 * pairs(x); }

    // The last quad may have outputs of the one before it, which then are computed twice.
    int32_t first_output(int32_t quad) const { return 4 * quad + 4 <= outputs_ ? 4 * quad : outputs_ - 4; }

    [[gnu::noinline]] void widen_row(const int8_t* values) {
        const int32_t room = row_length(x_) - x_.padding, count = room < x_.input ? room : x_.input;
        int8_t* to = row_ + 2 * x_.padding;
        int32_t k = 0;
        for (; k + 4 <= count; k += 4, to += 8) {
            const uint32_t word = load_word(values + k);
            const uint32_t even = even_bytes(word, base_), odd = odd_bytes(word, base_);
            store_word(to, low_lanes(even, odd));
            store_word(to + 4, high_lanes(even, odd));
        }
        for (; k < count; ++k, to += 2) {
            const auto value = static_cast<int16_t>(static_cast<uint32_t>(values[k]) + base_);
            __builtin_memcpy(to, &value, sizeof value);
        }
    }

    // Of each quad of outputs, for each two taps: 4 words.
    [[gnu::noinline]] void arrange_weights(const int8_t* weights) {
        uint32_t* to = weights_;
        for (int32_t quad = 0; quad < quads(outputs_); ++quad) {
            const int8_t* weight = weights + first_output(quad);
            for (int32_t tap = 0; tap < x_.filter; tap += 2, weight += 2 * outputs_, to += 4) {
                const uint32_t first = load_word(weight), second = tap + 1 < x_.filter ? load_word(weight + outputs_) : 0;
                const uint32_t even = even_bytes(first), odd = odd_bytes(first);
                const uint32_t next_even = even_bytes(second), next_odd = odd_bytes(second);
                to[0] = low_lanes(even, next_even), to[1] = low_lanes(odd, next_odd);
                to[2] = high_lanes(even, next_even), to[3] = high_lanes(odd, next_odd);
            }
        }
    }

    WindowAxis x_;
    int32_t outputs_;
    uint32_t base_;
    int32_t* sums_;      // [x_.output][quads][4]
    uint32_t* weights_;  // [quads][pairs][4]
    int8_t* row_;        // int16 [row_length]
};

}  // namespace dsp
}  // namespace cmsim
