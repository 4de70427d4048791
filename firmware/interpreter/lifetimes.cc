// When each activation is needed.
//
// A run of the model is a sequence of steps. Within a subgraph an operator takes one; one that runs other subgraphs takes one,
// then all steps of the first, of the second, and another one; behind the last operator there is a step in which the
// results are used. A subgraph that is run from several places has several such intervals: its activations are taken to be
// needed from the first to the last of them. That costs some memory, but each subgraph is looked at once only, however
// often a hostile model runs it. The numbers for that come from control.cc; without such operators there is one run only.
#include "interpreter/interpreter.h"
#include "interpreter/planner.h"

namespace cmsim {
namespace {

constexpr const char* kNeverWritten = "tensor is used before it is written";

}  // namespace

uint32_t steps_of(const Node& node, const Subgraph* subgraphs) {
    const SubgraphCalls* calls = subgraph_calls(node);
    if (calls == nullptr) return 1;
    uint32_t steps = 2;
    for (unsigned i = 0; i < calls->count; ++i) steps += subgraphs[calls->subgraphs[i]].steps;
    return steps;
}

Status Interpreter::order_subgraphs() {
    if (control_ != nullptr) {
        const char* wrong = control_->order(context_.subgraphs, subgraph_count_);
        return wrong == nullptr ? Status::kOk : fail(Status::kModelUnsupported, wrong);
    }
    context_.subgraphs->steps = static_cast<uint16_t>(main()->node_count + 1);
    return Status::kOk;
}

// Sees to room for the blocks of all activations: one for each input and each result of an operator.
Status Interpreter::reserve_blocks() {
    size_t count = 0;
    for (uint32_t i = 0; i < subgraph_count_; ++i) {
        const Subgraph& subgraph = context_.subgraphs[i];
        count += subgraph.input_count();
        for (uint32_t k = 0; k < subgraph.node_count; ++k) count += subgraph.nodes[k].output_count();
    }
    return arena_->set_head(count * sizeof(Block)) ? Status::kOk : fail(Status::kArenaTooSmall, "");
}

// Makes the blocks of one subgraph. Every tensor is written before it is read, and only once: what the kernels rely on
// when they write through `data`.
Status Interpreter::set_lifetimes(uint16_t index) {
    const Subgraph& subgraph = context_.subgraphs[index];
    const auto add = [&](int32_t tensor, uint32_t first) {
        void* where = &subgraph.tensors[tensor].data;
        Block* block = context_.add_block(where, subgraph.tensors[tensor].bytes(),
                                          static_cast<uint16_t>(subgraph.first_begin + first),
                                          static_cast<uint16_t>(subgraph.last_begin + first));
        if (block == nullptr) return false;
        block->tensor = static_cast<uint16_t>(tensor);
        block->subgraph = index;
        subgraph.tensors[tensor].block = static_cast<uint16_t>(block - context_.blocks());
        return true;
    };
    const auto keep_until = [&](const Tensor& tensor, uint32_t last) {
        Block& block = context_.blocks()[tensor.block];
        if (block.last < subgraph.last_begin + last) block.last = static_cast<uint16_t>(subgraph.last_begin + last);
    };
    error_.subgraph = index;
    for (uint32_t i = 0; i < subgraph.input_count(); ++i) {
        const Tensor& tensor = subgraph.input(i);
        if (tensor.constant() || tensor.variable()) return fail(Status::kModelDamaged, "input tensor is constant or variable");
        if (tensor.block == Tensor::kNoBlock && !add(subgraph.inputs[i], 0)) return Status::kArenaTooSmall;
    }
    uint32_t step = 0;
    for (uint32_t i = 0; i < subgraph.node_count; ++i) {
        const Node& node = subgraph.nodes[i];
        const uint32_t end = step + steps_of(node, context_.subgraphs) - 1;
        error_.operator_index = static_cast<int32_t>(i);
        for (uint32_t k = 0; k < node.input_count(); ++k) {
            if (node.inputs[k] < 0) continue;
            const Tensor& tensor = subgraph.tensors[node.inputs[k]];
            if (tensor.constant() || tensor.variable()) continue;
            if (tensor.block == Tensor::kNoBlock) return fail(Status::kModelDamaged, kNeverWritten);
            keep_until(tensor, end);
        }
        for (uint32_t k = 0; k < node.output_count(); ++k) {
            const Tensor& tensor = subgraph.tensors[node.outputs[k]];
            if (tensor.constant() || tensor.variable() || tensor.block != Tensor::kNoBlock) {
                return fail(Status::kModelDamaged, "output is constant, an input, or written twice");
            }
            if (!add(node.outputs[k], step)) return Status::kArenaTooSmall;
            keep_until(tensor, end);
        }
        step = end + 1;
    }
    error_.operator_index = -1;
    for (uint32_t i = 0; i < subgraph.output_count(); ++i) {
        const Tensor& tensor = subgraph.output(i);
        if (tensor.constant() || tensor.variable()) continue;
        if (tensor.block == Tensor::kNoBlock) return fail(Status::kModelDamaged, kNeverWritten);
        keep_until(tensor, step);
    }
    return Status::kOk;
}

}  // namespace cmsim
