// AVERAGE_POOL_2D for Cortex-M4: int8 4 channels at a time; the rest as in the portable set.
#include "kernels/dsp/pool_quads.h"
#include "kernels/operators.h"

namespace cmsim {
namespace {

constexpr int32_t kMostTaps = 255;  // sums of so many int8 fit 16 bits

uint32_t mean(const int8_t* row, int32_t y_step, int32_t x_step, int32_t y_count, int32_t x_count) {
    uint32_t even = 0, odd = 0;  // two sums each
    for (int32_t y = 0; y < y_count; ++y, row += y_step) {
        const int8_t* values = row;
        for (int32_t x = 0; x < x_count; ++x, values += x_step) {
            const uint32_t word = dsp::load_word(values);
            even = dsp::even_bytes(word, even);
            odd = dsp::odd_bytes(word, odd);
        }
    }
    const int32_t count = y_count * x_count;
    const auto byte = [count](int32_t sum) { return static_cast<uint32_t>(Mean::divide(sum, count)) & 0xFF; };
    const auto low = [](uint32_t lanes) { return static_cast<int16_t>(lanes); };
    const auto high = [](uint32_t lanes) { return static_cast<int32_t>(lanes) >> 16; };
    return byte(low(even)) | byte(low(odd)) << 8 | byte(high(even)) << 16 | byte(high(odd)) << 24;
}

Status invoke(Context& context, Node& node) {
    const Tensor& input = *context.input(node, 0);
    const auto& data = *static_cast<const PoolData*>(node.data);
    const int64_t taps = static_cast<int64_t>(data.window.y.filter) * data.window.x.filter;
    if (!dsp::has_quads(input) || taps > kMostTaps) return pool_any<Mean>(context, node);
    dsp::pool_quads(input, *context.output(node, 0), data, mean);
    return Status::kOk;
}

}  // namespace

const Registration op::AVERAGE_POOL_2D = {"AVERAGE_POOL_2D", builtin::kAveragePool2d, 3, prepare_pool, invoke};

}  // namespace cmsim
