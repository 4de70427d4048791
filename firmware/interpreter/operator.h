// What an operator is, and what it sees of the interpreter. How to write one: kernels/README.md.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "interpreter/arena.h"
#include "interpreter/flatbuffer.h"
#include "interpreter/status.h"
#include "interpreter/tensor.h"

namespace cmsim {

struct Context;
struct Control;
struct Node;

// An operator that an application can add to its resolver. `name` must stay the first word: cmsim reads it.
struct Registration {
    const char* name;            // TFLite's: "CONV_2D"; of a custom operator its custom code
    int32_t builtin_code;        // BuiltinOperator, builtin::kCustom for a custom one
    int32_t max_version;
    Status (*prepare)(Context& context, Node& node);  // checks everything, allocates; nothing is checked after it
    Status (*invoke)(Context& context, Node& node);   // computes
    uint8_t subgraph_count = 0;        // how many subgraphs it runs: IF and WHILE 2, CALL_ONCE 1
    const Control* control = nullptr;  // &kControl, where it is not 0
};

extern const Control kControl;

// One use of an operator in the model.
struct Node {
    const Registration* registration;
    void* data;              // what prepare() keeps for invoke()
    const int32_t* inputs;   // tensor indices, -1: optional one left out; inputs[-1] is their number
    const int32_t* outputs;  // as inputs, but none is left out

    uint32_t input_count() const { return static_cast<uint32_t>(inputs[-1]); }
    uint32_t output_count() const { return static_cast<uint32_t>(outputs[-1]); }
};

struct Block;
struct Subgraph;
struct Variable;

struct Context {
    Tensor* tensors = nullptr;  // of the subgraph that is being prepared or run
    Arena* arena = nullptr;
    Error* error = nullptr;
    Subgraph* subgraphs = nullptr;   // see interpreter/subgraph.h
    Variable* variables = nullptr;   // resource variables, see interpreter/variables.h
    Table options;                   // the operator's options, valid during its prepare()
    Vector<uint8_t> custom_options;  // the same for a custom operator; the bytes stay in the model for good

    // Null for an optional tensor that was left out, and beyond the last one.
    const Tensor* input(const Node& node, unsigned index) const;
    const Tensor* output(const Node& node, unsigned index) const;

    Status fail(Status status, const char* reason) const;
    Status unsupported(const char* reason) const;

    // --- only in prepare() ---

    // Persistent memory for `count` objects, not initialised; where it is null, return kArenaTooSmall.
    template <class T>
    T* allocate(size_t count = 1) const {
        return arena->allocate<T>(count);
    }

    // The same for tensor data: aligned to 16.
    void* allocate_bytes(size_t bytes) const { return arena->allocate_bytes(bytes, Arena::kAlignment); }

    // Memory for `count` objects that only this operator's invoke() uses, aligned to 16 and shared with everything that does
    // not live then. Its address is in `*where`, which must be persistent memory, before the first invoke(). False: return
    // kArenaTooSmall.
    template <class T>
    bool request_scratch(T** where, size_t count) {
        if (count > SIZE_MAX / 4 / sizeof(T)) count = SIZE_MAX / 4 / sizeof(T);
        return request_scratch_bytes(where, count * sizeof(T));
    }

    // Says that invoke() computes the right thing also where output 0 begins at the same address as input `index`. Call it for
    // every input that allows it; the interpreter does it where nothing else needs that input any more.
    void allow_in_place(const Node& node, unsigned index) const;

    // Output `index` has its data in persistent memory of the operator's own; nothing is planned for it.
    void provide_output(const Node& node, unsigned index, void* data) const { tensors[node.outputs[index]].data = data; }

    // --- only in invoke() ---

    // Runs a subgraph, one of a SubgraphCalls.
    Status invoke_subgraph(uint32_t index);

    // --- of the interpreter ---

    uint32_t block_count = 0;     // of the blocks at the head of the arena, see interpreter/planner.h
    uint32_t block_bytes = 0;     // sum of their sizes
    uint32_t scratch_bytes = 0;   // what the operator has asked for
    uint16_t subgraph = 0;        // which one is being prepared
    uint16_t first_step = 0;      // between which the operator that is being prepared may run, see lifetimes.cc
    uint16_t last_step = 0;
    bool share_memory = true;

    // Writes into the error which operator it is about.
    void blame(uint32_t index, uint32_t position, const Node& node) const;

    Block* blocks() const;
    // A new block at the head of the arena; null: it is full.
    Block* add_block(void* where, size_t bytes, uint16_t first, uint16_t last);

private:
    bool request_scratch_bytes(void* where, size_t bytes);
};

// The operators of one application. The linker drops the kernels of all others.
//     constexpr auto resolver = cmsim::op_resolver(op::CONV_2D, op::SOFTMAX);
// No constructor, on purpose: GCC puts an object of a class that has one into RAM, even where it is constexpr.
template <size_t count>
struct OpResolver {
    const Registration* list[count];
};

template <class... Registrations>
constexpr OpResolver<sizeof...(Registrations)> op_resolver(const Registrations&... registrations) {
    return {{&registrations...}};
}

// --- Seams for measurement: cmsim finds these functions by symbol; they are never inlined. ---

// Every operator is invoked through here. `index` is its position in its subgraph, plus the subgraph's number times 65536.
Status run_operator(const Registration* registration, Context* context, Node* node, int index);

// Called when the memory plan is made, at the end of prepare(); does nothing. The blocks are overwritten afterwards; `base` is
// where place 0 will be.
void plan_ready(const Block* blocks, size_t count, const void* base);

// Called at the end of a successful prepare(); does nothing.
void arena_ready(const void* base, size_t size, size_t used);

}  // namespace cmsim
