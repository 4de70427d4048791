// The operators that can be given to an OpResolver. One file each.
#pragma once
#include "interpreter/operator.h"

namespace cmsim {
namespace op {

extern const Registration AVERAGE_POOL_2D;
extern const Registration CONV_2D;
extern const Registration DEPTHWISE_CONV_2D;
extern const Registration DEQUANTIZE;
extern const Registration FULLY_CONNECTED;
extern const Registration MAX_POOL_2D;
extern const Registration QUANTIZE;
extern const Registration RESHAPE;
extern const Registration SOFTMAX;

}  // namespace op
}  // namespace cmsim
