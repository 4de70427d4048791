// ASSIGN_VARIABLE: copies a tensor into a resource variable. The first one that is prepared gives the variable its size.
#include "interpreter/variables.h"
#include "kernels/operators.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    const Tensor* handle = context.input(node, 0);
    const Tensor* value = context.input(node, 1);
    if (node.input_count() != 2 || node.output_count() != 0 || handle == nullptr || value == nullptr) {
        return context.unsupported("number of inputs or outputs");
    }
    if (handle->type != TensorType::kResource || handle->element_count() != 1) {
        return context.unsupported("first input must be one resource");
    }
    const uint32_t bytes = value->bytes();
    if (bytes == 0) return context.unsupported("type of the value");
    if (handle->data == nullptr) return Status::kOk;  // comes from another subgraph: known in invoke() only
    Variable* variable = variable_of(context, *handle);
    if (variable == nullptr || variable->data != nullptr) return Status::kOk;
    if (context.arena->missing() > 0) return Status::kArenaTooSmall;  // or it would be counted at each use
    variable->data = context.allocate_bytes(bytes);
    if (variable->data == nullptr) return Status::kArenaTooSmall;
    variable->bytes = bytes;
    // TensorFlow Lite Micro fills with the low byte of the zero point, whatever the type.
    variable->initial = static_cast<int8_t>(value->zero_point());
    return Status::kOk;
}

Status invoke(Context& context, Node& node) {
    const Tensor& value = *context.input(node, 1);
    const Variable* variable = variable_of(context, *context.input(node, 0));
    if (variable == nullptr || variable->data == nullptr || variable->bytes != value.bytes()) {
        return context.unsupported("variable is unknown or has another size");
    }
    __builtin_memcpy(variable->data, value.data, variable->bytes);
    return Status::kOk;
}

}  // namespace

const Registration op::ASSIGN_VARIABLE = {"ASSIGN_VARIABLE", builtin::kAssignVariable, 1, prepare, invoke};

}  // namespace cmsim
