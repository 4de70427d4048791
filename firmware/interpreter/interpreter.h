// Runs a .tflite model in place: nothing is converted, weights are read where the model lies.
//
//     constexpr auto resolver = cmsim::op_resolver(cmsim::op::FULLY_CONNECTED, cmsim::op::SOFTMAX);
//     alignas(16) static uint8_t arena[8192];
//     cmsim::Interpreter interpreter(g_model, g_model_size, resolver, arena, sizeof arena);
//     if (interpreter.prepare() != cmsim::Status::kOk) ... interpreter.error() ...
//     interpreter.input(0)->as<float>()[0] = 1.0f;
//     interpreter.invoke();
//
// Nothing is allocated after prepare(). Inputs must be written anew before each invoke(): their memory is reused.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "interpreter/operator.h"
#include "interpreter/subgraph.h"

namespace cmsim {

// What the arena is used for, in bytes: the sum is arena_used_bytes() of an arena of its own.
struct ArenaUse {
    size_t activations = 0;  // planned, from the head, scratch included
    size_t tensors = 0;      // Tensor structures
    size_t nodes = 0;        // Node and Subgraph structures
    size_t operators = 0;    // persistent buffers: what operators keep, as multipliers
    size_t variables = 0;    // variable tensors
    size_t planning = 0;     // by which prepare() at some time needs more than all the rest together
    size_t padding = 0;      // lost to alignment
    size_t scratch = 0;      // part of the activations: the most that one operator has asked for
};

class Interpreter {
public:
    // The model must stay where it is, 4-byte aligned (16 is better). The resolver too.
    template <size_t count>
    Interpreter(const void* model, size_t model_size, const OpResolver<count>& resolver, void* arena, size_t arena_size)
        : Interpreter(model, model_size, resolver.list, count, arena, arena_size) {}
    Interpreter(const void* model, size_t model_size, const Registration* const* operators, size_t operator_count,
                void* arena, size_t arena_size);

    // Several models in one arena: prepare() one after the other, run one at a time. What an inference leaves in inputs,
    // outputs and other activations lasts until the next inference of any of them; variables last.
    template <size_t count>
    Interpreter(const void* model, size_t model_size, const OpResolver<count>& resolver, Arena& arena)
        : Interpreter(model, model_size, resolver.list, count, arena) {}
    Interpreter(const void* model, size_t model_size, const Registration* const* operators, size_t operator_count, Arena& arena);

    Interpreter(const Interpreter&) = delete;
    Interpreter& operator=(const Interpreter&) = delete;

    // Reads and checks the whole model, sets up each operator, plans the arena. May be called again after a failure.
    Status prepare();

    // One inference.
    Status invoke();

    // Sets variable tensors and resource variables to what they are after prepare().
    Status reset();

    // Null beyond the last one, or before prepare().
    Tensor* input(size_t index) { return index < input_count() ? &main()->tensors[main()->inputs[index]] : nullptr; }
    Tensor* output(size_t index) { return index < output_count() ? &main()->tensors[main()->outputs[index]] : nullptr; }
    Tensor* tensor(size_t index, size_t subgraph = 0) {
        return index < tensor_count(subgraph) ? &context_.subgraphs[subgraph].tensors[index] : nullptr;
    }
    size_t input_count() const { return prepared_ ? main()->input_count() : 0; }
    size_t output_count() const { return prepared_ ? main()->output_count() : 0; }
    const Subgraph* subgraphs() const { return prepared_ ? context_.subgraphs : nullptr; }
    size_t subgraph_count() const { return prepared_ ? subgraph_count_ : 0; }
    size_t tensor_count(size_t subgraph = 0) const {
        return subgraph < subgraph_count() ? context_.subgraphs[subgraph].tensor_count : 0;
    }

    size_t arena_used_bytes() const { return arena_->used(); }
    const ArenaUse& arena_use() const { return arena_use_; }
    const Error& error() const { return error_; }

    // Before prepare(): gives every tensor memory of its own, so that all can be read after an inference.
    void preserve_all_tensors() { preserve_all_ = true; }

private:
    static constexpr uint32_t kMaxSubgraphs = 255;

    Status fail(Status status, const char* reason);
    void clear_error();
    const Subgraph* main() const { return context_.subgraphs; }

    // model.cc: the structures
    Status read_model(Reader& reader, Table& model);
    Status read_subgraphs(Reader& reader, const Table& model);
    Status read_subgraph(Reader& reader, const Table& model, const Table& table, Subgraph& subgraph);
    Status read_tensors(Reader& reader, const Table& model, const Table& table, Subgraph& subgraph);
    Status read_tensor(Reader& reader, const Table& model, const Table& table, Tensor& tensor);
    Status read_nodes(Reader& reader, const Table& model, const Table& table, Subgraph& subgraph);
    Status read_node(Reader& reader, const Table& model, const Table& table, uint32_t tensor_count, Node& node);
    const Registration* find(int32_t builtin_code, const char* custom_name) const;

    // lifetimes.cc: when each activation is needed
    Status order_subgraphs();
    Status reserve_blocks();
    Status set_lifetimes(uint16_t index);
    Status place_offline(Reader& reader, const Table& model);  // offline_plan.cc

    Status prepare_operators(Reader& reader, const Table& model, uint16_t index);
    Status plan();

    const void* model_;
    size_t model_size_;
    const Registration* const* operators_;
    size_t operator_count_;
    Arena own_arena_;
    Arena* arena_;
    const Control* control_ = nullptr;  // once an operator that runs subgraphs was found
    Context context_;
    Error error_;
    ArenaUse arena_use_;
    uint32_t subgraph_count_ = 0;
    bool preserve_all_ = false;
    bool prepared_ = false;
};

}  // namespace cmsim
