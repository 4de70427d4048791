// EXPAND_DIMS, any type: the same values with one more dimension of length 1, at the constant axis of input 1.
#include "kernels/operators.h"
#include "kernels/same_bytes.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    if (!has_tensors(node, 2, 1)) return context.unsupported(kWrongCounts);
    const Tensor& input = *context.input(node, 0);
    const Tensor& output = *context.output(node, 0);
    if (input.type != output.type) return context.unsupported("input and output differ in type");
    const int32_t* given = constant_int32(context.input(node, 1), 1);
    if (given == nullptr) return context.unsupported("axis must be one constant int32");
    unsigned added;
    if (!resolve_axis(*given, input.rank() + 1, &added)) return context.unsupported("axis out of range");
    if (output.rank() != input.rank() + 1) return context.unsupported("output shape");
    for (unsigned axis = 0; axis < output.rank(); ++axis) {
        const int32_t wanted = axis < added ? input.dim(axis) : axis == added ? 1 : input.dim(axis - 1);
        if (output.dim(axis) != wanted) return context.unsupported("output shape");
    }
    context.allow_in_place(node, 0);
    return Status::kOk;
}

}  // namespace

const Registration op::EXPAND_DIMS = {"EXPAND_DIMS", builtin::kExpandDims, 1, prepare, invoke_same_bytes};

}  // namespace cmsim
