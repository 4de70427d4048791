// FILL: the value of input 1 everywhere; the shape in input 0 says what the output tensor has. Any type.
#include "kernels/fill_bytes.h"
#include "kernels/operators.h"
#include "kernels/shapes.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    if (!has_tensors(node, 2, 1)) return context.unsupported(kWrongCounts);
    const Tensor& dims = *context.input(node, 0);
    const Tensor& value = *context.input(node, 1);
    const Tensor& output = *context.output(node, 0);
    if (value.element_count() != 1 || value.type != output.type) {
        return context.unsupported("value must be one element of the output's type");
    }
    if (!is_integer(dims) || !dims.constant() || dims.element_count() != output.rank()) {
        return context.unsupported("shape must be constant int32 or int64");
    }
    for (unsigned axis = 0; axis < output.rank(); ++axis) {
        if (integer_at(dims, axis) != output.dim(axis)) return context.unsupported("output shape");
    }
    return Status::kOk;
}

Status invoke(Context& context, Node& node) {
    fill_tensor(*context.output(node, 0), context.input(node, 1)->data);
    return Status::kOk;
}

}  // namespace

const Registration op::FILL = {"FILL", builtin::kFill, 4, prepare, invoke};

}  // namespace cmsim
