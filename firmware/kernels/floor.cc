// FLOOR, float32.
#include "kernels/elementwise.h"
#include "kernels/float_functions.h"

namespace cmsim {

const Registration op::FLOOR = {"FLOOR", builtin::kFloor, 1, prepare_float, invoke_float<float_floor>};

}  // namespace cmsim
