// One pixel of a convolution, or one row of FULLY_CONNECTED, times all output channels, 4 at a time. The weights come straight
// from the model: with few pixels they are not used often enough to be widened beforehand.
#pragma once
#include "kernels/dsp/rescale.h"

namespace cmsim {
namespace dsp {

struct Product;

// The products of `depth` values, each with `value_offset` added, with 4 rows of weights, one behind the other, or with 1.
void dots(const int8_t* values, const int8_t* weights, int32_t depth, int32_t value_offset, int32_t count, int32_t* sums);

// From the `depth` values of a pixel to its `channels` results.
void multiply_pixel(const Product& product, Finish finish, const int8_t* values, int8_t* output);

}  // namespace dsp
}  // namespace cmsim
