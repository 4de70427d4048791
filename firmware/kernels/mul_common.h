// MUL without its registration, which the kernel sets have each.
#pragma once
#include "kernels/elementwise.h"

namespace cmsim {

struct MulData {  // of int8 and int16
    Multiplier multiplier;
    Range range;
};

// float32 gets a FloatRange, int32 a Range, int8 and int16 MulData.
Status prepare_mul(Context& context, Node& node);

// Any type.
Status multiply_any(Context& context, Node& node);

}  // namespace cmsim
