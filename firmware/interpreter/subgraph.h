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

// What the interpreter has put into Node::data of an operator that runs subgraphs (IF, WHILE, CALL_ONCE) before its prepare():
// which ones; they exist, and do not lead back to themselves.
struct SubgraphCalls {
    uint8_t count;
    uint8_t subgraphs[2];  // in the order of the options
    bool done;             // of CALL_ONCE
};

// The part of the interpreter that only such operators need; in control.cc, and linked with the first of them.
struct Control {
    // Reads the numbers of `count` subgraphs, which are the first options. Null: not enough memory, or one does not exist.
    SubgraphCalls* (*read_calls)(Context& context, const Table& options, uint8_t count, uint32_t subgraph_count);
    // Sets steps and beginnings; what went wrong, or null.
    const char* (*order)(Subgraph* subgraphs, uint32_t count);
};

inline SubgraphCalls* subgraph_calls(const Node& node) {
    return node.registration->subgraph_count > 0 ? static_cast<SubgraphCalls*>(node.data) : nullptr;
}

// The steps that an operator and what it runs take, see lifetimes.cc.
uint32_t steps_of(const Node& node, const Subgraph* subgraphs);

}  // namespace cmsim
