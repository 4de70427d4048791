// VAR_HANDLE: the number of the resource variable with a given name. Known in prepare(), so that ASSIGN_VARIABLE can make room.
#include "interpreter/variables.h"
#include "kernels/operators.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    if (node.input_count() != 0 || node.output_count() != 1) return context.unsupported("number of inputs or outputs");
    const Tensor& output = *context.output(node, 0);
    if (output.type != TensorType::kResource || output.element_count() != 1) {
        return context.unsupported("output must be one resource");
    }
    const char* container = context.options.string(field::var_handle::kContainer);
    const char* name = context.options.string(field::var_handle::kSharedName);
    Variable* variable = find_or_add_variable(context, container != nullptr ? container : "", name != nullptr ? name : "");
    if (variable == nullptr) return Status::kArenaTooSmall;
    context.provide_output(node, 0, &variable->number);
    return Status::kOk;
}

Status invoke(Context&, Node&) { return Status::kOk; }

}  // namespace

const Registration op::VAR_HANDLE = {"VAR_HANDLE", builtin::kVarHandle, 1, prepare, invoke};

}  // namespace cmsim
