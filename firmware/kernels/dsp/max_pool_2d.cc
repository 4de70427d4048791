// MAX_POOL_2D for Cortex-M4: int8 4 channels at a time; the rest as in the portable set.
#include "kernels/dsp/pool_quads.h"
#include "kernels/operators.h"

namespace cmsim {
namespace {

uint32_t largest(const int8_t* row, int32_t y_step, int32_t x_step, int32_t y_count, int32_t x_count) {
    uint32_t result = dsp::load_word(row);
    for (int32_t y = 0; y < y_count; ++y, row += y_step) {
        const int8_t* values = row;
        for (int32_t x = 0; x < x_count; ++x, values += x_step) result = dsp::largest_bytes(result, dsp::load_word(values));
    }
    return result;
}

Status invoke(Context& context, Node& node) {
    const Tensor& input = *context.input(node, 0);
    if (!dsp::has_quads(input)) return pool_any<Maximum>(context, node);
    dsp::pool_quads(input, *context.output(node, 0), *static_cast<const PoolData*>(node.data), largest);
    return Status::kOk;
}

}  // namespace

const Registration op::MAX_POOL_2D = {"MAX_POOL_2D", builtin::kMaxPool2d, 3, prepare_pool, invoke};

}  // namespace cmsim
