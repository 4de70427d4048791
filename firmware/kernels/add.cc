// ADD: int8, int16, float32, int32.
#include "kernels/add_sub.h"

namespace cmsim {

const Registration op::ADD = {"ADD", builtin::kAdd, 5, prepare_sum, add_any};

}  // namespace cmsim
