// SPLIT: input 1 in equal parts along the constant axis of input 0; any type.
#include "kernels/operators.h"
#include "kernels/split_common.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    if (node.output_count() < 1 || !has_tensors(node, 2, node.output_count())) return context.unsupported(kWrongCounts);
    if (context.options.scalar<int32_t>(field::split::kCount) != static_cast<int32_t>(node.output_count())) {
        return context.unsupported(kWrongCounts);
    }
    for (unsigned i = 1; i < node.output_count(); ++i) {
        if (!context.output(node, 0)->same_shape(*context.output(node, i))) {
            return context.unsupported("parts are not equal");
        }
    }
    return prepare_split(context, node, *context.input(node, 1), context.input(node, 0), nullptr);
}

Status invoke(Context& context, Node& node) { return split_rows(context, node, *context.input(node, 1)); }

}  // namespace

const Registration op::SPLIT = {"SPLIT", builtin::kSplit, 4, prepare, invoke};

}  // namespace cmsim
