// ZEROS_LIKE: zero bytes in the shape of the input. As in TensorFlow Lite, of a quantised tensor too, whatever its zero
// point.
#include "kernels/operators.h"
#include "kernels/shapes.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    if (!has_tensors(node, 1, 1)) return context.unsupported(kWrongCounts);
    const Tensor& input = *context.input(node, 0);
    const Tensor& output = *context.output(node, 0);
    if (input.type != output.type) return context.unsupported("input and output differ in type");
    return input.same_shape(output) ? Status::kOk : context.unsupported("output shape");
}

Status invoke(Context& context, Node& node) {
    const Tensor& output = *context.output(node, 0);
    __builtin_memset(output.data, 0, output.bytes());
    return Status::kOk;
}

}  // namespace

const Registration op::ZEROS_LIKE = {"ZEROS_LIKE", builtin::kZerosLike, 1, prepare, invoke};

}  // namespace cmsim
