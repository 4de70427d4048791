// BATCH_TO_SPACE_ND, 3 or 4 dimensions, any type: interleaves the images of a batch, then crops.
#include "kernels/block_moves.h"
#include "kernels/operators.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    if (!has_tensors(node, 3, 1)) return context.unsupported(kWrongCounts);
    return prepare_batch_blocks(context, node, *context.output(node, 0), *context.input(node, 0));
}

Status invoke(Context& context, Node& node) {
    const auto* batched = context.input(node, 0)->as<const uint8_t>();
    auto* image = context.output(node, 0)->as<uint8_t>();
    for_each_pixel(*static_cast<const BatchBlocks*>(node.data),
                   [=](uint32_t pixel, uint32_t batched_pixel, uint32_t bytes) {
                       __builtin_memcpy(image + pixel, batched + batched_pixel, bytes);
                   });
    return Status::kOk;
}

}  // namespace

const Registration op::BATCH_TO_SPACE_ND = {"BATCH_TO_SPACE_ND", builtin::kBatchToSpaceNd, 4, prepare, invoke};

}  // namespace cmsim
