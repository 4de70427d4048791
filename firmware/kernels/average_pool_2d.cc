// AVERAGE_POOL_2D: float32, int8, int16.
#include "kernels/operators.h"
#include "kernels/pool_common.h"

namespace cmsim {

const Registration op::AVERAGE_POOL_2D = {"AVERAGE_POOL_2D", builtin::kAveragePool2d, 3, prepare_pool, pool_any<Mean>};

}  // namespace cmsim
