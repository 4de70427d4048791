// SIN, float32.
#include "kernels/elementwise.h"
#include "kernels/float_functions.h"

namespace cmsim {

const Registration op::SIN = {"SIN", builtin::kSin, 1, prepare_float, invoke_float<float_sin>};

}  // namespace cmsim
