// RESHAPE, any type: the same bytes in another shape, which the output tensor has; a shape given as second input or as option
// says the same and is not read.
#include "kernels/operators.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    const Tensor* input = context.input(node, 0);
    const Tensor* output = context.output(node, 0);
    if (input == nullptr || output == nullptr || node.input_count() > 2 || node.output_count() != 1) {
        return context.unsupported("number of inputs or outputs");
    }
    if (input->type != output->type || input->bytes() != output->bytes()) {
        return context.unsupported("input and output differ in type or number of elements");
    }
    return Status::kOk;
}

Status invoke(Context& context, Node& node) {
    const Tensor& input = *context.input(node, 0);
    __builtin_memcpy(context.output(node, 0)->data, input.data, input.bytes());
    return Status::kOk;
}

}  // namespace

const Registration op::RESHAPE = {"RESHAPE", builtin::kReshape, 1, prepare, invoke};

}  // namespace cmsim
