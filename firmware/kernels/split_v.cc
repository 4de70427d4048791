// SPLIT_V: input 0 in parts of the sizes in input 1 along the constant axis of input 2; any type. The shapes of the
// outputs decide; sizes that are constant must agree with them.
#include "kernels/operators.h"
#include "kernels/split_common.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    if (node.output_count() < 1 || !has_tensors(node, 3, node.output_count())) return context.unsupported(kWrongCounts);
    const Tensor& sizes = *context.input(node, 1);
    if (!is_integer(sizes) || sizes.element_count() != node.output_count()) {
        return context.unsupported("sizes must be int32 or int64, one for each output");
    }
    return prepare_split(context, node, *context.input(node, 0), context.input(node, 2),
                         sizes.constant() ? &sizes : nullptr);
}

Status invoke(Context& context, Node& node) { return split_rows(context, node, *context.input(node, 0)); }

}  // namespace

const Registration op::SPLIT_V = {"SPLIT_V", builtin::kSplitV, 2, prepare, invoke};

}  // namespace cmsim
