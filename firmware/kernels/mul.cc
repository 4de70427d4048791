// MUL: int8, int16 (without zero points), float32, int32.
#include "kernels/mul_common.h"

namespace cmsim {

const Registration op::MUL = {"MUL", builtin::kMul, 7, prepare_mul, multiply_any};

}  // namespace cmsim
