// IF: runs one of two subgraphs. Inputs: a bool, then what the subgraph gets; the outputs are the subgraph's.
#include "kernels/operators.h"
#include "kernels/subgraph_values.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    const Tensor* condition = context.input(node, 0);
    if (condition == nullptr) return context.unsupported("number of inputs");
    if (condition->type != TensorType::kBool || condition->element_count() != 1) {
        return context.unsupported("condition must be one bool");
    }
    const SubgraphCalls& calls = *subgraph_calls(node);
    for (unsigned i = 0; i < calls.count; ++i) {
        const Subgraph& branch = context.subgraphs[calls.subgraphs[i]];
        if (!same_values(context, node.inputs + 1, node.input_count() - 1, branch, branch.inputs) ||
            !same_values(context, node.outputs, node.output_count(), branch, branch.outputs)) {
            return context.unsupported("inputs or outputs are not those of the subgraphs");
        }
    }
    return Status::kOk;
}

Status invoke(Context& context, Node& node) {
    const SubgraphCalls& calls = *subgraph_calls(node);
    const bool condition = *context.input(node, 0)->as<const uint8_t>() != 0;
    const uint8_t index = calls.subgraphs[condition ? 0 : 1];
    const Subgraph& branch = context.subgraphs[index];
    copy_to_inputs(context, node.inputs + 1, branch);
    const Status status = context.invoke_subgraph(index);
    if (status == Status::kOk) copy_from_outputs(context, node.outputs, branch);
    return status;
}

}  // namespace

const Registration op::IF = {"IF", builtin::kIf, 1, prepare, invoke, 2, &kControl};

}  // namespace cmsim
