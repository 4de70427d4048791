// What PAD and PADV2 share: the input in the middle of an output that is filled with one value.
#pragma once
#include "kernels/fill_bytes.h"
#include "kernels/strided_copy.h"

namespace cmsim {

// Checks input 0, the constant paddings in input 1 and the output against each other, and sets node.data.
Status prepare_padding(Context& context, Node& node);

// The length of an axis of the output, -1 where the paddings (before and after, int32) are negative or too large.
inline int64_t padded(int32_t length, const int32_t* paddings) {
    if (paddings[0] < 0 || paddings[1] < 0) return -1;
    return static_cast<int64_t>(length) + paddings[0] + paddings[1];
}

inline Status invoke_padding(Context& context, Node& node, const void* value) {
    fill_tensor(*context.output(node, 0), value);
    return invoke_strided_copy(context, node);
}

}  // namespace cmsim
