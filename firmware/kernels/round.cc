// ROUND, float32: to the nearest integer, halves to the even one.
#include "kernels/elementwise.h"
#include "kernels/float_functions.h"

namespace cmsim {

const Registration op::ROUND = {"ROUND", builtin::kRound, 1, prepare_float, invoke_float<float_round_half_even>};

}  // namespace cmsim
