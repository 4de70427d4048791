// DEPTH_TO_SPACE: the channels of a pixel become a block of `block_size` by `block_size` pixels; any type.
#include "kernels/block_moves.h"
#include "kernels/operators.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    if (!has_tensors(node, 1, 1)) return context.unsupported(kWrongCounts);
    const auto block = context.options.scalar<int32_t>(field::space_to_depth::kBlockSize);
    return prepare_depth_blocks(context, node, *context.output(node, 0), *context.input(node, 0), block);
}

}  // namespace

const Registration op::DEPTH_TO_SPACE = {"DEPTH_TO_SPACE", builtin::kDepthToSpace, 2, prepare, invoke_strided_copy};

}  // namespace cmsim
