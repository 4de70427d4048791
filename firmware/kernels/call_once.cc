// CALL_ONCE: runs a subgraph in the first inference only, to give resource variables their first values. Not again after
// Interpreter::reset(), as in TensorFlow Lite Micro.
#include "interpreter/subgraph.h"
#include "kernels/operators.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    const Subgraph& callee = context.subgraphs[subgraph_calls(node)->subgraphs[0]];
    if (node.input_count() != 0 || node.output_count() != 0 || callee.input_count() != 0) {
        return context.unsupported("number of inputs or outputs");
    }
    return Status::kOk;
}

Status invoke(Context& context, Node& node) {
    SubgraphCalls& calls = *subgraph_calls(node);
    if (calls.done) return Status::kOk;
    const Status status = context.invoke_subgraph(calls.subgraphs[0]);
    calls.done = status == Status::kOk;
    return status;
}

}  // namespace

const Registration op::CALL_ONCE = {"CALL_ONCE", builtin::kCallOnce, 1, prepare, invoke, 1, &kControl};

}  // namespace cmsim
