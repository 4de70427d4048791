// SQRT, float32.
#include "kernels/elementwise.h"
#include "kernels/float_functions.h"

namespace cmsim {

const Registration op::SQRT = {"SQRT", builtin::kSqrt, 1, prepare_float, invoke_float<float_sqrt>};

}  // namespace cmsim
