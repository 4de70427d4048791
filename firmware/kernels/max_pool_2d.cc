// MAX_POOL_2D: float32, int8, int16.
#include "kernels/operators.h"
#include "kernels/pool_common.h"

namespace cmsim {

const Registration op::MAX_POOL_2D = {"MAX_POOL_2D", builtin::kMaxPool2d, 3, prepare_pool, pool_any<Maximum>};

}  // namespace cmsim
