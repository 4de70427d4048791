// COS, float32.
#include "kernels/elementwise.h"
#include "kernels/float_functions.h"

namespace cmsim {

const Registration op::COS = {"COS", builtin::kCos, 1, prepare_float, invoke_float<float_cos>};

}  // namespace cmsim
