#include "kernels/block_moves.h"

namespace cmsim {

Status prepare_depth_blocks(Context& context, Node& node, const Tensor& space, const Tensor& deep, int32_t block) {
    if (space.type != deep.type) return context.unsupported("input and output differ in type");
    if (space.rank() != 4 || deep.rank() != 4) return context.unsupported("shapes must have 4 dimensions");
    constexpr int32_t kMaxBlock = 1 << 14;  // so that its square fits
    if (block < 1 || block > kMaxBlock) return context.unsupported("block size");
    const int32_t height = deep.dim(1), width = deep.dim(2), depth = space.dim(3);
    if (space.dim(0) != deep.dim(0) || space.dim(1) % block != 0 || space.dim(1) / block != height ||
        space.dim(2) % block != 0 || space.dim(2) / block != width || deep.dim(3) % (block * block) != 0 ||
        deep.dim(3) / (block * block) != depth) {
        return context.unsupported("block size does not give the output shape");
    }
    const int32_t row = space.dim(2) * depth;  // of the image
    const int32_t pixel = deep.dim(3);
    StridedCopyBuilder copy(space);
    const auto add = [&](int32_t count, int32_t in_space, int32_t in_deep) {
        const bool from_space = context.input(node, 0) == &space;
        copy.add(count, from_space ? in_deep : in_space, from_space ? in_space : in_deep);
    };
    add(space.dim(0), space.dim(1) * row, height * width * pixel);
    add(height, block * row, width * pixel);
    add(width, block * depth, pixel);
    add(block, row, block * depth);
    add(block, depth, depth);
    add(depth, 1, 1);
    return copy.keep(context, node);
}

Status prepare_batch_blocks(Context& context, Node& node, const Tensor& image, const Tensor& batched) {
    if (image.type != batched.type) return context.unsupported("input and output differ in type");
    if ((image.rank() != 3 && image.rank() != 4) || image.rank() != batched.rank()) {
        return context.unsupported("shapes must have 3 or 4 dimensions");
    }
    const unsigned spatial = image.rank() - 2u;
    const int32_t* block = constant_int32(context.input(node, 1), spatial);
    const int32_t* border = constant_int32(context.input(node, 2), 2 * spatial);
    if (block == nullptr || border == nullptr) {
        return context.unsupported("block shape and paddings must be constant int32, for each spatial dimension");
    }
    if (image.dim(spatial + 1) != batched.dim(spatial + 1)) return context.unsupported("shapes");
    BlockAxis axes[2] = {{1, 0, 1, 1}, {1, 0, 1, 1}};
    int64_t groups = 1;
    for (unsigned i = 0; i < spatial; ++i) {
        axes[i] = {block[i], border[2 * i], image.dim(i + 1), batched.dim(i + 1)};
        const int32_t after = border[2 * i + 1];
        if (block[i] < 1 || border[2 * i] < 0 || after < 0 ||
            static_cast<int64_t>(image.dim(i + 1)) + border[2 * i] + after !=
                static_cast<int64_t>(batched.dim(i + 1)) * block[i]) {
            return context.unsupported("block shape and paddings do not give the output shape");
        }
        groups *= block[i];
    }
    if (batched.dim(0) % image.dim(0) != 0 || batched.dim(0) / image.dim(0) != groups) {
        return context.unsupported("shapes");
    }
    auto* data = context.allocate<BatchBlocks>();
    if (data == nullptr) return Status::kArenaTooSmall;
    *data = {axes[0], axes[1], image.dim(0), static_cast<uint32_t>(image.dim(spatial + 1)) * type_size(image.type)};
    node.data = data;
    return Status::kOk;
}

}  // namespace cmsim
