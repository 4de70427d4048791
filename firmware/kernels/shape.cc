// SHAPE: the dimensions of the input, as int32.
#include "kernels/operators.h"
#include "kernels/shapes.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    if (!has_tensors(node, 1, 1)) return context.unsupported(kWrongCounts);
    const Tensor& output = *context.output(node, 0);
    if (output.type != TensorType::kInt32) return context.unsupported("output must be int32");
    if (output.rank() != 1 || static_cast<uint32_t>(output.dim(0)) != context.input(node, 0)->rank()) {
        return context.unsupported("output shape");
    }
    return Status::kOk;
}

Status invoke(Context& context, Node& node) {
    const Tensor& input = *context.input(node, 0);
    auto* result = context.output(node, 0)->as<int32_t>();
    for (unsigned axis = 0; axis < input.rank(); ++axis) result[axis] = input.dim(axis);
    return Status::kOk;
}

}  // namespace

const Registration op::SHAPE = {"SHAPE", builtin::kShape, 1, prepare, invoke};

}  // namespace cmsim
