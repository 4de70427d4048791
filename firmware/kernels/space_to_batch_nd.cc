// SPACE_TO_BATCH_ND, 3 or 4 dimensions, any type: pixels of the padded input that are `block shape` apart become an
// image of their own. The padding is zero: in int8 the output's zero point, in all others zero bits. (TensorFlow Lite
// Micro pads with a byte that it never sets.)
#include "kernels/block_moves.h"
#include "kernels/fill_bytes.h"
#include "kernels/operators.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    if (!has_tensors(node, 3, 1)) return context.unsupported(kWrongCounts);
    const Tensor& output = *context.output(node, 0);
    if (output.type == TensorType::kInt8 && (output.zero_point() < -128 || output.zero_point() > 127)) {
        return context.unsupported("zero point of the output");
    }
    return prepare_batch_blocks(context, node, *context.input(node, 0), output);
}

Status invoke(Context& context, Node& node) {
    const Tensor& output = *context.output(node, 0);
    const auto* image = context.input(node, 0)->as<const uint8_t>();
    auto* batched = output.as<uint8_t>();
    const int64_t zero = output.type == TensorType::kInt8 ? output.zero_point() : 0;  // little-endian
    fill_tensor(output, &zero);
    for_each_pixel(*static_cast<const BatchBlocks*>(node.data),
                   [=](uint32_t pixel, uint32_t batched_pixel, uint32_t bytes) {
                       __builtin_memcpy(batched + batched_pixel, image + pixel, bytes);
                   });
    return Status::kOk;
}

}  // namespace

const Registration op::SPACE_TO_BATCH_ND = {"SPACE_TO_BATCH_ND", builtin::kSpaceToBatchNd, 4, prepare, invoke};

}  // namespace cmsim
