// SPACE_TO_DEPTH: each block of `block_size` by `block_size` pixels becomes one with the channels of all; any type.
#include "kernels/block_moves.h"
#include "kernels/operators.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    if (!has_tensors(node, 1, 1)) return context.unsupported(kWrongCounts);
    const auto block = context.options.scalar<int32_t>(field::space_to_depth::kBlockSize);
    return prepare_depth_blocks(context, node, *context.input(node, 0), *context.output(node, 0), block);
}

}  // namespace

const Registration op::SPACE_TO_DEPTH = {"SPACE_TO_DEPTH", builtin::kSpaceToDepth, 2, prepare, invoke_strided_copy};

}  // namespace cmsim
