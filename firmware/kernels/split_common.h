// What SPLIT and SPLIT_V share.
#pragma once
#include "kernels/rows.h"

namespace cmsim {

// Checks that the outputs side by side along the axis, a constant, are the input; sets node.data for split_rows(). Of
// `sizes`, where given, each must be the length of its output, or -1.
inline Status prepare_split(Context& context, Node& node, const Tensor& input, const Tensor* axis_tensor,
                            const Tensor* sizes) {
    const int32_t* given = constant_int32(axis_tensor, 1);
    if (given == nullptr) return context.unsupported("axis must be one constant int32");
    unsigned axis;
    if (!resolve_axis(*given, input.rank(), &axis)) return context.unsupported("axis out of range");
    int64_t total = 0;
    for (unsigned i = 0; i < node.output_count(); ++i) {
        const Tensor& output = *context.output(node, i);
        if (output.type != input.type) return context.unsupported("input and output differ in type");
        if (output.rank() != input.rank()) return context.unsupported("shapes");
        for (unsigned other = 0; other < input.rank(); ++other) {
            if (other != axis && output.dim(other) != input.dim(other)) return context.unsupported("shapes");
        }
        if (sizes != nullptr) {
            const int64_t size = integer_at(*sizes, i);
            if (size != -1 && size != output.dim(axis)) return context.unsupported("output is not of the size given");
        }
        total += output.dim(axis);
    }
    if (total != input.dim(axis)) return context.unsupported("the outputs are not as long as the input");
    return keep_rows(context, node, count_between(input, 0, axis));
}

}  // namespace cmsim
