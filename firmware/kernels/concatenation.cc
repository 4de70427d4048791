// CONCATENATION along an axis, any type; all int8 inputs quantised as the output is.
#include "kernels/operators.h"
#include "kernels/rows.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    if (node.input_count() < 1 || !has_tensors(node, node.input_count(), 1)) return context.unsupported(kWrongCounts);
    const Tensor& output = *context.output(node, 0);
    const Table& options = context.options;
    if (options.scalar<int8_t>(field::concatenation::kActivation) != 0) return context.unsupported("fused activation");
    unsigned axis;
    if (!resolve_axis(options.scalar<int32_t>(field::concatenation::kAxis), output.rank(), &axis)) {
        return context.unsupported("axis out of range");
    }
    int64_t total = 0;
    for (unsigned i = 0; i < node.input_count(); ++i) {
        const Tensor& input = *context.input(node, i);
        if (input.type != output.type) return context.unsupported("input and output differ in type");
        if (input.type == TensorType::kInt8 && !same_type_and_scale(input, output)) {
            return context.unsupported("input and output differ in quantisation");
        }
        if (input.type == TensorType::kInt16 && (input.zero_point() != 0 || output.zero_point() != 0)) {
            return context.unsupported("int16 must have zero point 0");
        }
        if (input.rank() != output.rank()) return context.unsupported("shapes");
        for (unsigned other = 0; other < output.rank(); ++other) {
            if (other != axis && input.dim(other) != output.dim(other)) return context.unsupported("shapes");
        }
        total += input.dim(axis);
    }
    if (total != output.dim(axis)) return context.unsupported("the inputs are not as long as the output");
    return keep_rows(context, node, count_between(output, 0, axis));
}

}  // namespace

const Registration op::CONCATENATION = {"CONCATENATION", builtin::kConcatenation, 4, prepare, invoke_join_rows};

}  // namespace cmsim
