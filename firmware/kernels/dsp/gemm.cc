#include "kernels/dsp/gemm.h"

namespace cmsim {
namespace dsp {

extern "C" {
// In gemm_asm.cc: 4 pixels of `bytes` values (a multiple of 4), `groups` times; and whole quads of 2 channels. Both return
// where they stopped to write.
uint32_t* cmsim_pack_pixels(uint32_t* panel, const int8_t* values, int32_t stride, int32_t bytes, uint32_t base,
                            uint32_t groups);
uint32_t* cmsim_pack_weights(uint32_t* pair, const int8_t* first, const int8_t* second, const int8_t* first_end);
void cmsim_gemm_1(const GemmCall* call);
void cmsim_gemm_2(const GemmCall* call);
void cmsim_gemm_3(const GemmCall* call);
void cmsim_gemm_4(const GemmCall* call);
}

namespace {

uint32_t* pack(uint32_t* panel, const int8_t* values, int32_t stride, int32_t depth, uint32_t pixels, uint32_t base) {
    for (int32_t done = 0; done < depth; done += 4, panel += 2 * pixels) {
        const int8_t* from = values + done;
        for (uint32_t i = 0; i < pixels; ++i, from += stride) {
            const uint32_t word = depth - done >= 4 ? load_word(from) : load_bytes(from, depth - done);
            panel[i] = even_bytes(word, base);
            panel[pixels + i] = odd_bytes(word, base);
        }
    }
    return panel;
}

// 4 weights of a channel, or as many as there are.
uint32_t gather_weights(const int8_t* weights, int32_t step, int32_t count) {
    uint32_t word = 0;
    for (int32_t i = 0; i < count && i < 4; ++i) {
        word |= static_cast<uint32_t>(static_cast<uint8_t>(weights[i * step])) << (8 * i);
    }
    return word;
}

}  // namespace

uint32_t* pack_panels(uint32_t* panel, const int8_t* values, int32_t stride, int32_t depth, uint32_t pixels, uint32_t count,
                      int32_t base) {
    const uint32_t lanes = both_lanes(base);
    if (depth % 4 == 0 && pixels == 4 && count > 0) return cmsim_pack_pixels(panel, values, stride, depth, lanes, count);
    for (; count > 0; --count, values += static_cast<int32_t>(pixels) * stride) {
        panel = pack(panel, values, stride, depth, pixels, lanes);
    }
    return panel;
}

uint32_t* pack_pair(uint32_t* pair, const int8_t* first, const int8_t* second, int32_t step, int32_t depth) {
    int32_t left = depth;
    if (step == 1 && second != nullptr && left >= 4) {
        const int32_t whole = left & ~3;
        pair = cmsim_pack_weights(pair, first, second, first + whole);
        first += whole, second += whole, left -= whole;
    }
    for (; left > 0; left -= 4, first += 4 * step, pair += 4) {
        const uint32_t a = gather_weights(first, step, left);
        uint32_t b = 0;
        if (second != nullptr) {
            b = gather_weights(second, step, left);
            second += 4 * step;
        }
        pair[0] = even_bytes(a), pair[1] = even_bytes(b), pair[2] = odd_bytes(a), pair[3] = odd_bytes(b);
    }
    return pair;
}

void gemm(const GemmCall& call, uint32_t pixels) {
    switch (pixels) {
        case 1: return cmsim_gemm_1(&call);
        case 2: return cmsim_gemm_2(&call);
        case 3: return cmsim_gemm_3(&call);
        default: return cmsim_gemm_4(&call);
    }
}

}  // namespace dsp
}  // namespace cmsim
