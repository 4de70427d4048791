// What RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR share: images [batch, height, width, depth] and the constant size.
#pragma once
#include "kernels/shapes.h"

namespace cmsim {

struct ResizeData {
    bool align_corners;
    bool half_pixel_centers;
};

// Sets node.data to a ResizeData. The options are those fields of the options table.
inline Status prepare_resize(Context& context, Node& node, unsigned align_corners, unsigned half_pixel_centers) {
    if (!has_tensors(node, 2, 1)) return context.unsupported(kWrongCounts);
    const Tensor& input = *context.input(node, 0);
    const Tensor& output = *context.output(node, 0);
    if (input.type != output.type) return context.unsupported("input and output differ in type");
    if (input.rank() != 4 || output.rank() != 4) return context.unsupported("shapes must have 4 dimensions");
    const int32_t* size = constant_int32(context.input(node, 1), 2);
    if (size == nullptr) return context.unsupported("size must be two constant int32");
    if (output.dim(0) != input.dim(0) || output.dim(1) != size[0] || output.dim(2) != size[1] ||
        output.dim(3) != input.dim(3)) {
        return context.unsupported("output shape");
    }
    constexpr int32_t kLimit = 1 << 20;  // so that positions in 1/1024 fit
    for (unsigned axis = 1; axis <= 2; ++axis) {
        if (input.dim(axis) > kLimit || output.dim(axis) > kLimit) return context.unsupported("image is too large");
    }
    auto* data = context.allocate<ResizeData>();
    if (data == nullptr) return Status::kArenaTooSmall;
    *data = {context.options.scalar<uint8_t>(align_corners) != 0,
             context.options.scalar<uint8_t>(half_pixel_centers) != 0};
    node.data = data;
    return Status::kOk;
}

}  // namespace cmsim
