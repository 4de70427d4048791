// LOG, float32.
#include "kernels/elementwise.h"
#include "kernels/float_functions.h"

namespace cmsim {

const Registration op::LOG = {"LOG", builtin::kLog, 1, prepare_float, invoke_float<float_log>};

}  // namespace cmsim
