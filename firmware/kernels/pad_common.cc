#include "kernels/pad_common.h"

namespace cmsim {

Status prepare_padding(Context& context, Node& node) {
    const Tensor& input = *context.input(node, 0);
    const Tensor& output = *context.output(node, 0);
    if (input.type != output.type) return context.unsupported("input and output differ in type");
    const int32_t* paddings = constant_int32(context.input(node, 1), 2u * input.rank());
    if (paddings == nullptr) return context.unsupported("paddings must be constant int32, two for each dimension");
    if (output.rank() != input.rank()) return context.unsupported("output shape");
    StridedCopyBuilder block(input);
    int32_t first = 0;
    for (unsigned axis = 0; axis < input.rank(); ++axis, paddings += 2) {
        if (padded(input.dim(axis), paddings) != output.dim(axis)) {
            return context.unsupported("paddings do not give the output shape");
        }
        first += paddings[0] * stride_of(output, axis);
        block.add(input.dim(axis), stride_of(output, axis), stride_of(input, axis));
    }
    block.begin(first, 0);
    return block.keep(context, node);
}

}  // namespace cmsim
