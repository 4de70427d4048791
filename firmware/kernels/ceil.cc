// CEIL, float32.
#include "kernels/elementwise.h"
#include "kernels/float_functions.h"

namespace cmsim {

const Registration op::CEIL = {"CEIL", builtin::kCeil, 1, prepare_float, invoke_float<float_ceil>};

}  // namespace cmsim
