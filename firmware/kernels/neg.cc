// NEG, float32.
#include "kernels/elementwise.h"

namespace cmsim {
namespace {

float negate(float x) { return -x; }

}  // namespace

const Registration op::NEG = {"NEG", builtin::kNeg, 1, prepare_float, invoke_float<negate>};

}  // namespace cmsim
