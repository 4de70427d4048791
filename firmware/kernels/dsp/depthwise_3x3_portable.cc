// What depthwise_3x3_asm.cc does, for machines that do not have its instructions: the tests. It reads all that that reads, also
// behind a plane.
#include "kernels/dsp/depthwise_3x3.h"

#if !defined(__ARM_FEATURE_SIMD32)
#include "kernels/dsp/finish_portable.h"

namespace cmsim {
namespace dsp {
namespace {

// A row of the filter over a row of a plane: 6 results.
template <int32_t stride>
void add_row(const uint8_t* from, uint32_t first_two, uint32_t last_two, int32_t (&sums)[kPlaneBlock]) {
    constexpr int32_t kWords = stride == 1 ? 4 : 7;
    uint32_t words[kWords];
    __builtin_memcpy(words, from, sizeof words);
    for (int32_t i = 0; i < kPlaneBlock; ++i) {
        const int32_t at = i * stride;
        const uint32_t word = words[at / 2], next = words[at / 2 + 1];
        if (at % 2 == 0) {
            sums[i] = add_low_high_product(add_products(sums[i], word, first_two), next, last_two);
        } else {
            sums[i] = add_products(add_low_high_product(sums[i], first_two, word), next, last_two);
        }
    }
}

template <int32_t stride>
void filter_row(const DepthwiseCall& call, const DepthwiseChannel& channel, const uint8_t* from, int8_t* output) {
    for (int32_t left = call.columns; left > 0; left -= kPlaneBlock) {
        int32_t sums[kPlaneBlock];
        for (int32_t& sum : sums) sum = channel.bias;
        for (int32_t row = 0; row < 3; ++row) {
            add_row<stride>(from, channel.weights[2 * row], channel.weights[2 * row + 1], sums);
            from += (stride == 1 ? 0 : 16) + (row < 2 ? call.next_row : call.next_block);
        }
        if (call.finish == Finish::kSums) {
            __builtin_memcpy(output, sums, sizeof sums);
            output += sizeof sums;
            continue;
        }
        for (int32_t i = 0; i < kPlaneBlock && i < left; ++i, output += call.output_step) {
            *output = finished(sums[i], channel.rescale, call.zero_point, call.finish, call.low, call.high);
        }
    }
}

template <int32_t stride>
void filter(const DepthwiseCall& call, const DepthwiseChannel* channels, uint32_t count) {
    for (uint32_t k = 0; k < count; ++k) {
        const auto* from = reinterpret_cast<const uint8_t*>(channels[k].row);
        auto* output = static_cast<int8_t*>(channels[k].output);
        for (int32_t row = 0; row < call.rows; ++row, from += call.row_step, output += call.output_row) {
            filter_row<stride>(call, channels[k], from, output);
        }
    }
}

// The next word of each plane, from two pixels; null: a pixel of zeros.
void spread(const SpreadCall& call, const int8_t* first, const int8_t* second, uint32_t* (&planes)[4]) {
    const uint32_t one = first != nullptr ? load_word(first) : 0, other = second != nullptr ? load_word(second) : 0;
    const uint32_t base_of_one = first != nullptr ? call.base : 0, base_of_other = second != nullptr ? call.base : 0;
    const uint32_t even = even_bytes(one, base_of_one), odd = odd_bytes(one, base_of_one);
    const uint32_t next_even = even_bytes(other, base_of_other), next_odd = odd_bytes(other, base_of_other);
    *planes[0]++ = low_lanes(even, next_even);
    *planes[1]++ = low_lanes(odd, next_odd);
    *planes[2]++ = high_lanes(even, next_even);
    *planes[3]++ = high_lanes(odd, next_odd);
}

}  // namespace

extern "C" {

void cmsim_depthwise_3x3_stride_1(const DepthwiseCall* call, const DepthwiseChannel* channels, uint32_t count) {
    filter<1>(*call, channels, count);
}
void cmsim_depthwise_3x3_stride_2(const DepthwiseCall* call, const DepthwiseChannel* channels, uint32_t count) {
    filter<2>(*call, channels, count);
}

void cmsim_spread_rows(const SpreadCall* call) {
    const int8_t* values = call->values;
    uint32_t* planes[4] = {call->planes[0], call->planes[1], call->planes[2], call->planes[3]};
    for (uint32_t row = 0; row < call->rows; ++row) {
        if (call->padding != 0) spread(*call, nullptr, values, planes), values += call->channels;
        for (uint32_t k = 0; k < call->pairs; ++k, values += 2 * call->channels) {
            spread(*call, values, values + call->channels, planes);
        }
        if (call->end == 1) spread(*call, values, nullptr, planes), values += call->channels;
        if (call->end == 2) spread(*call, nullptr, nullptr, planes);
    }
}

}  // extern "C"

}  // namespace dsp
}  // namespace cmsim
#endif
