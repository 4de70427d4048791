// TRANSPOSE by a constant permutation; any type.
#include "kernels/operators.h"
#include "kernels/strided_copy.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    if (!has_tensors(node, 2, 1)) return context.unsupported(kWrongCounts);
    const Tensor& input = *context.input(node, 0);
    const Tensor& output = *context.output(node, 0);
    if (input.type != output.type) return context.unsupported("input and output differ in type");
    const int32_t* permutation = constant_int32(context.input(node, 1), input.rank());
    if (permutation == nullptr) {
        return context.unsupported("permutation must be constant int32, one for each dimension");
    }
    if (output.rank() != input.rank()) return context.unsupported("output shape");

    StridedCopyBuilder block(input);
    unsigned seen = 0;
    for (unsigned axis = 0; axis < output.rank(); ++axis) {
        unsigned source;
        if (permutation[axis] < 0 || !resolve_axis(permutation[axis], input.rank(), &source)) {
            return context.unsupported("axis out of range");
        }
        if (seen & (1u << source)) return context.unsupported("axis twice in the permutation");
        seen |= 1u << source;
        if (output.dim(axis) != input.dim(source)) return context.unsupported("output shape");
        block.add(output.dim(axis), stride_of(output, axis), stride_of(input, source));
    }
    return block.keep(context, node);
}

}  // namespace

const Registration op::TRANSPOSE = {"TRANSPOSE", builtin::kTranspose, 6, prepare, invoke_strided_copy};

}  // namespace cmsim
