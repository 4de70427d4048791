// UNPACK: the slices along an axis as one output each, without that axis; any type.
#include "kernels/operators.h"
#include "kernels/rows.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    if (node.output_count() < 1 || !has_tensors(node, 1, node.output_count())) return context.unsupported(kWrongCounts);
    const Tensor& input = *context.input(node, 0);
    const Table& options = context.options;
    if (options.scalar<int32_t>(field::unpack::kCount) != static_cast<int32_t>(node.output_count())) {
        return context.unsupported(kWrongCounts);
    }
    unsigned removed;
    if (!resolve_axis(options.scalar<int32_t>(field::unpack::kAxis), input.rank(), &removed)) {
        return context.unsupported("axis out of range");
    }
    if (input.dim(removed) != static_cast<int32_t>(node.output_count())) return context.unsupported("input shape");
    for (unsigned i = 0; i < node.output_count(); ++i) {
        const Tensor& output = *context.output(node, i);
        if (input.type != output.type) return context.unsupported("input and output differ in type");
        if (output.rank() + 1 != input.rank()) return context.unsupported("shapes");
        for (unsigned axis = 0; axis < output.rank(); ++axis) {
            if (output.dim(axis) != input.dim(axis < removed ? axis : axis + 1)) return context.unsupported("shapes");
        }
    }
    return keep_rows(context, node, count_between(input, 0, removed));
}

Status invoke(Context& context, Node& node) { return split_rows(context, node, *context.input(node, 0)); }

}  // namespace

const Registration op::UNPACK = {"UNPACK", builtin::kUnpack, 4, prepare, invoke};

}  // namespace cmsim
