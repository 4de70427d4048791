// What gemm_asm.cc does, for machines that do not have its instructions: the tests. It reads and writes just what that does.
#include "kernels/dsp/gemm.h"

#if !defined(__ARM_FEATURE_SIMD32)
#include "kernels/dsp/finish_portable.h"

namespace cmsim {
namespace dsp {
namespace {

// One panel times one pair, without the finish. Returns the end of the panel.
template <uint32_t pixels>
const uint32_t* multiply_panel(const uint32_t* panel, const uint32_t* pair, uint32_t quads, int32_t (&sums)[2][pixels]) {
    for (uint32_t i = 0; i < pixels; ++i) {
        sums[0][i] = static_cast<int32_t>(pair[0]);
        sums[1][i] = static_cast<int32_t>(pair[1]);
    }
    const uint32_t* weights = pair + kPairHead;
    for (uint32_t k = 0; k < 2 * quads; ++k, weights += 2, panel += pixels) {
        for (uint32_t i = 0; i < pixels; ++i) {
            sums[0][i] = add_products(sums[0][i], panel[i], weights[0]);
            sums[1][i] = add_products(sums[1][i], panel[i], weights[1]);
        }
    }
    return panel;
}

template <uint32_t pixels>
void multiply(const GemmCall& call) {
    const uint32_t* pair = call.pair;
    auto* first = static_cast<int8_t*>(call.output_of_pair);
    for (uint32_t k = 0; k < call.pairs; ++k, first += 2) {
        auto* output = static_cast<int8_t*>(call.output);
        if (k > 0) output = first;
        for (const uint32_t* panel = call.panel; panel != call.panels_end;) {
            int32_t sums[2][pixels];
            panel = multiply_panel<pixels>(panel, pair, call.quads, sums);
            if (call.finish == Finish::kSums) {
                __builtin_memcpy(output, sums, sizeof sums);
                output += sizeof sums;
                continue;
            }
            Rescale rescale[2];
            __builtin_memcpy(rescale, pair + 2, sizeof rescale);
            for (uint32_t i = 0; i < pixels; ++i, output += call.output_stride) {
                for (uint32_t channel = 0; channel < 2; ++channel) {
                    output[channel] = finished(sums[channel][i], rescale[channel], call.zero_point, call.finish, call.low, call.high);
                }
            }
        }
        pair += call.pair_bytes / sizeof(uint32_t);
    }
}

}  // namespace

extern "C" {

void cmsim_gemm_1(GemmCall* call) { multiply<1>(*call); }
void cmsim_gemm_2(GemmCall* call) { multiply<2>(*call); }
void cmsim_gemm_3(GemmCall* call) { multiply<3>(*call); }
void cmsim_gemm_4(GemmCall* call) { multiply<4>(*call); }
void cmsim_gemm_4_shallow(GemmCall* call) { multiply<4>(*call); }

uint32_t* cmsim_pack_pixels(uint32_t* panel, const int8_t* values, int32_t stride, int32_t bytes, uint32_t base,
                            uint32_t groups) {
    for (; groups > 0; --groups, values += 4 * stride) {
        for (int32_t done = 0; done < bytes; done += 4, panel += 8) {
            for (int32_t i = 0; i < 4; ++i) {
                const uint32_t word = load_word(values + i * stride + done);
                panel[i] = even_bytes(word, base);
                panel[4 + i] = odd_bytes(word, base);
            }
        }
    }
    return panel;
}

uint32_t* cmsim_pack_weights(uint32_t* pair, const int8_t* first, const int8_t* second, const int8_t* first_end) {
    for (; first != first_end; first += 4, second += 4, pair += 4) {
        const uint32_t a = load_word(first), b = load_word(second);
        pair[0] = even_bytes(a), pair[1] = even_bytes(b), pair[2] = odd_bytes(a), pair[3] = odd_bytes(b);
    }
    return pair;
}

}  // extern "C"

}  // namespace dsp
}  // namespace cmsim
#endif
