// MAXIMUM: int8, int16, float32, int32, int64.
#include "kernels/minimum_maximum.h"

namespace cmsim {

const Registration op::MAXIMUM = {"MAXIMUM", builtin::kMaximum, 4, prepare_minimum_maximum, invoke_minimum_maximum<Larger>};

}  // namespace cmsim
