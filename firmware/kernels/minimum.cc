// MINIMUM: int8, int16, float32, int32, int64.
#include "kernels/minimum_maximum.h"

namespace cmsim {

const Registration op::MINIMUM = {"MINIMUM", builtin::kMinimum, 4, prepare_minimum_maximum, invoke_minimum_maximum<Smaller>};

}  // namespace cmsim
