// Blocks of pixels against depth or batch.
#pragma once
#include "kernels/strided_copy.h"

namespace cmsim {

// `space` [batch, h * block, w * block, depth] and `deep` [batch, h, w, block * block * depth] are input and output,
// either way round. Checks them and sets node.data.
Status prepare_depth_blocks(Context& context, Node& node, const Tensor& space, const Tensor& deep, int32_t block);

// One spatial axis of SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND: index i of batch group `shift` lies at pixel
// i * block + shift - before, where that exists.
struct BlockAxis {
    int32_t block;
    int32_t before;
    int32_t pixels;   // of the image
    int32_t indices;  // of the batched image

    // The indices [first, last) that lie in the image.
    int32_t first(int32_t shift) const { return shift >= before ? 0 : (before - shift + block - 1) / block; }
    int32_t last(int32_t shift) const {
        const int32_t room = pixels + before - shift;
        const int32_t fit = room <= 0 ? 0 : (room + block - 1) / block;
        return fit < indices ? fit : indices;
    }
};

struct BatchBlocks {
    BlockAxis y;
    BlockAxis x;      // of an image of 3 dimensions: one pixel wide
    int32_t batches;  // of the image
    uint32_t pixel_bytes;
};

// `image` and `batched` are input and output, either way round; input 1 is the constant block shape, input 2 the
// constant paddings or crops. Checks them and sets node.data to a BatchBlocks.
Status prepare_batch_blocks(Context& context, Node& node, const Tensor& image, const Tensor& batched);

// Calls move(byte in the image, byte in the batched image, bytes) for each pixel that is in both.
template <class Move>
void for_each_pixel(const BatchBlocks& blocks, Move move) {
    const BlockAxis y = blocks.y, x = blocks.x;
    int32_t group = 0;
    for (int32_t shift_y = 0; shift_y < y.block; ++shift_y) {
        for (int32_t shift_x = 0; shift_x < x.block; ++shift_x) {
            for (int32_t batch = 0; batch < blocks.batches; ++batch, ++group) {
                for (int32_t i = y.first(shift_y); i < y.last(shift_y); ++i) {
                    const int32_t row = batch * y.pixels + i * y.block + shift_y - y.before;
                    const int32_t batched_row = group * y.indices + i;
                    for (int32_t j = x.first(shift_x); j < x.last(shift_x); ++j) {
                        const int32_t pixel = row * x.pixels + j * x.block + shift_x - x.before;
                        const int32_t batched_pixel = batched_row * x.indices + j;
                        move(static_cast<uint32_t>(pixel) * blocks.pixel_bytes,
                             static_cast<uint32_t>(batched_pixel) * blocks.pixel_bytes, blocks.pixel_bytes);
                    }
                }
            }
        }
    }
}

}  // namespace cmsim
