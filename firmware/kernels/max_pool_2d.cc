// MAX_POOL_2D, int8.
#include "kernels/operators.h"
#include "kernels/pool_common.h"

namespace cmsim {
namespace {

Status invoke(Context& context, Node& node) {
    const auto maximum = [](const int8_t* row, int32_t y_step, int32_t x_step, int32_t y_count, int32_t x_count) {
        int32_t largest = -128;
        for (int32_t y = 0; y < y_count; ++y, row += y_step) {
            const int8_t* value = row;
            for (int32_t x = 0; x < x_count; ++x, value += x_step) {
                if (*value > largest) largest = *value;
            }
        }
        return largest;
    };
    pool(*context.input(node, 0), *context.output(node, 0), *static_cast<const PoolData*>(node.data), maximum);
    return Status::kOk;
}

}  // namespace

const Registration op::MAX_POOL_2D = {"MAX_POOL_2D", builtin::kMaxPool2d, 3, prepare_pool, invoke};

}  // namespace cmsim
