// WHILE: as long as the first subgraph gives true, runs the second on its own results. Between the runs the values are in the
// operator's outputs.
#include "kernels/operators.h"
#include "kernels/subgraph_values.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    const SubgraphCalls& calls = *subgraph_calls(node);
    const Subgraph& condition = context.subgraphs[calls.subgraphs[0]];
    const Subgraph& body = context.subgraphs[calls.subgraphs[1]];
    if (!same_values(context, node.inputs, node.input_count(), condition, condition.inputs) ||
        !same_values(context, node.inputs, node.input_count(), body, body.inputs) ||
        !same_values(context, node.outputs, node.output_count(), body, body.outputs) ||
        !same_values(context, node.outputs, node.output_count(), body, body.inputs)) {
        return context.unsupported("inputs or outputs are not those of the subgraphs");
    }
    if (condition.output_count() < 1 || condition.output(0).type != TensorType::kBool ||
        condition.output(0).element_count() != 1) {
        return context.unsupported("condition must be one bool");
    }
    return Status::kOk;
}

Status invoke(Context& context, Node& node) {
    const SubgraphCalls& calls = *subgraph_calls(node);
    const Subgraph& condition = context.subgraphs[calls.subgraphs[0]];
    const Subgraph& body = context.subgraphs[calls.subgraphs[1]];
    for (uint32_t i = 0; i < node.output_count(); ++i) {
        const Tensor& input = *context.input(node, i);
        __builtin_memcpy(context.output(node, i)->data, input.data, input.bytes());
    }
    for (;;) {
        copy_to_inputs(context, node.outputs, condition);
        Status status = context.invoke_subgraph(calls.subgraphs[0]);
        if (status != Status::kOk || *condition.output(0).as<const uint8_t>() == 0) return status;
        copy_to_inputs(context, node.outputs, body);
        status = context.invoke_subgraph(calls.subgraphs[1]);
        if (status != Status::kOk) return status;
        copy_from_outputs(context, node.outputs, body);
    }
}

}  // namespace

const Registration op::WHILE = {"WHILE", builtin::kWhile, 1, prepare, invoke, 2, &kControl};

}  // namespace cmsim
