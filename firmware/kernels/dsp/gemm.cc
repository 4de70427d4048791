#include "kernels/dsp/gemm.h"

namespace cmsim {
namespace dsp {

extern "C" {
// In pack_asm.cc: 4 pixels of `bytes` values (a multiple of 4), `groups` times; and whole quads of 2 channels. Both return
// where they stopped to write.
uint32_t* cmsim_pack_pixels(uint32_t* panel, const int8_t* values, int32_t stride, int32_t bytes, uint32_t base,
                            uint32_t groups);
uint32_t* cmsim_pack_weights(uint32_t* pair, const int8_t* first, const int8_t* second, const int8_t* first_end);
void cmsim_gemm_1(GemmCall* call);
void cmsim_gemm_2(GemmCall* call);
void cmsim_gemm_3(GemmCall* call);
void cmsim_gemm_4(GemmCall* call);          // 4 quads or more
void cmsim_gemm_4_shallow(GemmCall* call);  // up to 4
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

[[gnu::noinline]] uint32_t* pack_any(uint32_t* pair, const int8_t* first, const int8_t* second, int32_t depth) {
    for (; depth > 0; depth -= 4, first += 4, pair += 4) {
        const uint32_t a = depth >= 4 ? load_word(first) : load_bytes(first, depth);
        uint32_t b = 0;
        if (second != nullptr) {
            b = depth >= 4 ? load_word(second) : load_bytes(second, depth);
            second += 4;
        }
        pair[0] = even_bytes(a), pair[1] = even_bytes(b), pair[2] = odd_bytes(a), pair[3] = odd_bytes(b);
    }
    return pair;
}

}  // namespace

uint32_t* pack_panels(uint32_t* panel, const int8_t* values, int32_t stride, int32_t depth, uint32_t pixels, uint32_t count,
                      int32_t base) {
    const uint32_t lanes = both_lanes(base);
    const int32_t whole = depth & ~3;
    if (whole == depth && pixels == 4 && count > 0) return cmsim_pack_pixels(panel, values, stride, depth, lanes, count);
    for (; count > 0; --count, values += static_cast<int32_t>(pixels) * stride) {
        const int32_t done = pixels == 4 ? whole : 0;
        if (done > 0) panel = cmsim_pack_pixels(panel, values, stride, done, lanes, 1);
        panel = pack(panel, values + done, stride, depth - done, pixels, lanes);
    }
    return panel;
}

uint32_t* pack_pair(uint32_t* pair, const int8_t* first, const int8_t* second, int32_t depth) {
    if (second == nullptr) return pack_any(pair, first, second, depth);
    const int32_t whole = depth & ~3;
    if (whole > 0) pair = cmsim_pack_weights(pair, first, second, first + whole);
    return whole == depth ? pair : pack_any(pair, first + whole, second + whole, depth - whole);
}

void gemm(GemmCall call, uint32_t pixels) {
    switch (pixels) {
        case 1: return cmsim_gemm_1(&call);
        case 2: return cmsim_gemm_2(&call);
        case 3: return cmsim_gemm_3(&call);
        default: return call.quads <= 4 ? cmsim_gemm_4_shallow(&call) : cmsim_gemm_4(&call);
    }
}

}  // namespace dsp
}  // namespace cmsim
