// READ_VARIABLE: copies a resource variable into a tensor.
#include "interpreter/variables.h"
#include "kernels/operators.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    const Tensor* handle = context.input(node, 0);
    if (node.input_count() != 1 || node.output_count() != 1 || handle == nullptr) {
        return context.unsupported("number of inputs or outputs");
    }
    if (handle->type != TensorType::kResource || handle->element_count() != 1) {
        return context.unsupported("input must be one resource");
    }
    return Status::kOk;
}

Status invoke(Context& context, Node& node) {
    const Tensor& output = *context.output(node, 0);
    const Variable* variable = variable_of(context, *context.input(node, 0));
    if (variable == nullptr || variable->data == nullptr || variable->bytes != output.bytes()) {
        return context.unsupported("variable is unknown, never assigned, or has another size");
    }
    __builtin_memcpy(output.data, variable->data, variable->bytes);
    return Status::kOk;
}

}  // namespace

const Registration op::READ_VARIABLE = {"READ_VARIABLE", builtin::kReadVariable, 1, prepare, invoke};

}  // namespace cmsim
