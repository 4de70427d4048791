// Tensors side by side along an axis: before the axis there are `rows` rows, in each of which every part has its share
// of bytes, one after the other. CONCATENATION and PACK join parts to a whole, SPLIT, SPLIT_V and UNPACK do the
// reverse.
#pragma once
#include "kernels/shapes.h"

namespace cmsim {

// Keeps the number of rows in node.data, for the functions below.
Status keep_rows(Context& context, Node& node, int32_t rows);

// All inputs into output 0.
Status invoke_join_rows(Context& context, Node& node);

// `whole` into all outputs.
Status split_rows(Context& context, Node& node, const Tensor& whole);

}  // namespace cmsim
