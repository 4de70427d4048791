// PACK: inputs of one shape next to each other along a new axis; any type.
#include "kernels/operators.h"
#include "kernels/rows.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    if (node.input_count() < 1 || !has_tensors(node, node.input_count(), 1)) return context.unsupported(kWrongCounts);
    const Tensor& output = *context.output(node, 0);
    const Table& options = context.options;
    if (options.scalar<int32_t>(field::pack::kCount) != static_cast<int32_t>(node.input_count())) {
        return context.unsupported(kWrongCounts);
    }
    unsigned added;
    if (!resolve_axis(options.scalar<int32_t>(field::pack::kAxis), output.rank(), &added)) {
        return context.unsupported("axis out of range");
    }
    if (output.dim(added) != static_cast<int32_t>(node.input_count())) return context.unsupported("output shape");
    for (unsigned i = 0; i < node.input_count(); ++i) {
        const Tensor& input = *context.input(node, i);
        if (input.type != output.type) return context.unsupported("input and output differ in type");
        if (input.rank() + 1 != output.rank()) return context.unsupported("shapes");
        for (unsigned axis = 0; axis < input.rank(); ++axis) {
            if (input.dim(axis) != output.dim(axis < added ? axis : axis + 1)) return context.unsupported("shapes");
        }
    }
    return keep_rows(context, node, count_between(output, 0, added));
}

}  // namespace

const Registration op::PACK = {"PACK", builtin::kPack, 4, prepare, invoke_join_rows};

}  // namespace cmsim
