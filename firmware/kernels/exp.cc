// EXP, float32.
#include "kernels/elementwise.h"
#include "kernels/float_functions.h"

namespace cmsim {

const Registration op::EXP = {"EXP", builtin::kExp, 1, prepare_float, invoke_float<float_exp>};

}  // namespace cmsim
