// BROADCAST_ARGS: the shape to which two shapes are broadcast; int32 or int64.
#include "kernels/operators.h"
#include "kernels/shapes.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    if (!has_tensors(node, 2, 1)) return context.unsupported(kWrongCounts);
    const Tensor& a = *context.input(node, 0);
    const Tensor& b = *context.input(node, 1);
    const Tensor& output = *context.output(node, 0);
    if (!is_integer(a) || a.type != b.type || a.type != output.type) {
        return context.unsupported("all must be int32, or all int64");
    }
    if (a.rank() != 1 || b.rank() != 1 || output.rank() != 1 ||
        output.dim(0) != (a.dim(0) > b.dim(0) ? a.dim(0) : b.dim(0))) {
        return context.unsupported("shapes");
    }
    return Status::kOk;
}

Status invoke(Context& context, Node& node) {
    const Tensor& output = *context.output(node, 0);
    const auto rank = output.element_count();
    const auto length = [&](unsigned index, uint32_t axis) -> int64_t {  // shorter shapes begin with ones
        const Tensor& shape = *context.input(node, index);
        const uint32_t added = rank - shape.element_count();
        return axis < added ? 1 : integer_at(shape, axis - added);
    };
    for (uint32_t axis = 0; axis < rank; ++axis) {
        const int64_t a = length(0, axis), b = length(1, axis);
        if (a != 1 && b != 1 && a != b) return context.unsupported("shapes cannot be broadcast to each other");
        const int64_t common = a == 1 ? b : a;
        if (output.type == TensorType::kInt64) output.as<int64_t>()[axis] = common;
        else output.as<int32_t>()[axis] = static_cast<int32_t>(common);
    }
    return Status::kOk;
}

}  // namespace

const Registration op::BROADCAST_ARGS = {"BROADCAST_ARGS", builtin::kBroadcastArgs, 1, prepare, invoke};

}  // namespace cmsim
