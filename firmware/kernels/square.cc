// SQUARE, float32.
#include "kernels/elementwise.h"

namespace cmsim {
namespace {

float square(float x) { return x * x; }

}  // namespace

const Registration op::SQUARE = {"SQUARE", builtin::kSquare, 1, prepare_float, invoke_float<square>};

}  // namespace cmsim
