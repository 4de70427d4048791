// A graph of the model at run time: the main one, or one that IF, WHILE or CALL_ONCE runs.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "interpreter/operator.h"

namespace cmsim {

struct Subgraph {
    Tensor* tensors;
    Node* nodes;
    const int32_t* inputs;   // tensor indices; inputs[-1] is their number
    const int32_t* outputs;
    uint16_t tensor_count;
    uint16_t node_count;

    // Of prepare(), see lifetimes.cc: steps of one run, and the steps at which its first and its last run begin.
    uint16_t steps;
    uint16_t first_begin;
    uint16_t last_begin;
    uint8_t height;  // 0: calls no other one
    bool reached;    // from the main one; what is not is never read or run

    uint32_t input_count() const { return static_cast<uint32_t>(inputs[-1]); }
    uint32_t output_count() const { return static_cast<uint32_t>(outputs[-1]); }
    const Tensor& input(uint32_t index) const { return tensors[inputs[index]]; }
    const Tensor& output(uint32_t index) const { return tensors[outputs[index]]; }
};

// What the interpreter has put into Node::data of IF, WHILE and CALL_ONCE before their prepare(): the subgraphs that they
// run, which exist and do not lead back to themselves.
struct SubgraphCalls {
    uint8_t count;
    uint8_t subgraphs[2];  // in the order of the options
    bool done;             // of CALL_ONCE
};

inline SubgraphCalls* subgraph_calls(const Node& node) {
    switch (node.registration->builtin_code) {
        case builtin::kIf:
        case builtin::kWhile:
        case builtin::kCallOnce: return static_cast<SubgraphCalls*>(node.data);
        default: return nullptr;
    }
}

// The steps that an operator and what it runs take, see lifetimes.cc.
uint32_t steps_of(const Node& node, const Subgraph* subgraphs);

}  // namespace cmsim
