// BROADCAST_TO: repeats the input along its dimensions of length 1 and along new ones in front; any type.
#include "kernels/operators.h"
#include "kernels/strided_copy.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    if (!has_tensors(node, 2, 1)) return context.unsupported(kWrongCounts);
    const Tensor& input = *context.input(node, 0);
    const Tensor& shape = *context.input(node, 1);
    const Tensor& output = *context.output(node, 0);
    if (input.type != output.type) return context.unsupported("input and output differ in type");
    if (!is_integer(shape) || !shape.constant() || shape.element_count() != output.rank()) {
        return context.unsupported("shape must be constant int32 or int64");
    }
    if (input.rank() > output.rank()) return context.unsupported("output shape");
    StridedCopyBuilder block(input);
    const unsigned added = output.rank() - input.rank();
    for (unsigned axis = 0; axis < output.rank(); ++axis) {
        if (integer_at(shape, axis) != output.dim(axis)) return context.unsupported("output shape");
        const int32_t length = axis < added ? 1 : input.dim(axis - added);
        if (length != 1 && length != output.dim(axis)) {
            return context.unsupported("input cannot be broadcast to the output");
        }
        block.add(output.dim(axis), stride_of(output, axis), length == 1 ? 0 : stride_of(input, axis - added));
    }
    return block.keep(context, node);
}

}  // namespace

const Registration op::BROADCAST_TO = {"BROADCAST_TO", builtin::kBroadcastTo, 3, prepare, invoke_strided_copy};

}  // namespace cmsim
