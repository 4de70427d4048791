// AVERAGE_POOL_2D, int8: the mean of the values inside the image, halves rounded away from zero.
#include "kernels/operators.h"
#include "kernels/pool_common.h"

namespace cmsim {
namespace {

Status invoke(Context& context, Node& node) {
    const auto mean = [](const int8_t* row, int32_t y_step, int32_t x_step, int32_t y_count, int32_t x_count) {
        int32_t sum = 0;
        for (int32_t y = 0; y < y_count; ++y, row += y_step) {
            const int8_t* value = row;
            for (int32_t x = 0; x < x_count; ++x, value += x_step) sum += *value;
        }
        const int32_t count = y_count * x_count;
        return (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
    };
    pool(*context.input(node, 0), *context.output(node, 0), *static_cast<const PoolData*>(node.data), mean);
    return Status::kOk;
}

}  // namespace

const Registration op::AVERAGE_POOL_2D = {"AVERAGE_POOL_2D", builtin::kAveragePool2d, 3, prepare_pool, invoke};

}  // namespace cmsim
