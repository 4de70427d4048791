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

namespace cmsim {

// What an arena is used for, in bytes.
struct ArenaUse {
    size_t activations = 0;  // planned, from the head
    size_t tensors = 0;      // Tensor structures
    size_t nodes = 0;        // Node structures
    size_t operators = 0;    // what operators keep: multipliers, shifts
    size_t padding = 0;      // lost to alignment
};

class Interpreter {
public:
    // The model must stay where it is, 4-byte aligned (16 is better). The resolver too.
    template <size_t count>
    Interpreter(const void* model, size_t model_size, const OpResolver<count>& resolver, void* arena, size_t arena_size)
        : Interpreter(model, model_size, resolver.list, count, arena, arena_size) {}
    Interpreter(const void* model, size_t model_size, const Registration* const* operators, size_t operator_count,
                void* arena, size_t arena_size);
    Interpreter(const Interpreter&) = delete;
    Interpreter& operator=(const Interpreter&) = delete;

    // Reads and checks the whole model, sets up each operator, plans the arena. May be called again after a failure.
    Status prepare();

    // One inference.
    Status invoke();

    // Null beyond the last one, or before prepare().
    Tensor* input(size_t index) { return index < input_count_ ? &context_.tensors[inputs_[index]] : nullptr; }
    Tensor* output(size_t index) { return index < output_count_ ? &context_.tensors[outputs_[index]] : nullptr; }
    Tensor* tensor(size_t index) { return index < tensor_count_ ? &context_.tensors[index] : nullptr; }
    size_t input_count() const { return input_count_; }
    size_t output_count() const { return output_count_; }
    size_t tensor_count() const { return tensor_count_; }

    size_t arena_used_bytes() const { return arena_.used(); }
    const ArenaUse& arena_use() const { return arena_use_; }
    const Error& error() const { return error_; }

    // Before prepare(): gives every tensor memory of its own, so that all can be read after an inference.
    void preserve_all_tensors() { preserve_all_ = true; }

private:
    Status fail(Status status, const char* reason);
    Status read_model(Reader& reader, Table& model, Table& subgraph);
    Status read_tensors(Reader& reader, const Table& model, const Table& subgraph);
    Status read_tensor(Reader& reader, const Table& model, const Table& table, Tensor& tensor);
    Status read_operators(Reader& reader, const Table& model, const Table& subgraph);
    Status read_node(Reader& reader, const Table& model, const Table& table, Node& node);
    Status set_lifetimes();
    Status prepare_operators(Reader& reader, const Table& subgraph);
    bool valid_index(int32_t index) const { return index >= 0 && static_cast<uint32_t>(index) < tensor_count_; }
    const Registration* find(int32_t builtin_code, const char* custom_name) const;

    const void* model_;
    size_t model_size_;
    const Registration* const* operators_;
    size_t operator_count_;
    Arena arena_;
    Context context_;
    Error error_;
    ArenaUse arena_use_;
    Node* nodes_ = nullptr;
    const int32_t* inputs_ = nullptr;
    const int32_t* outputs_ = nullptr;
    uint32_t tensor_count_ = 0;
    uint32_t node_count_ = 0;
    uint32_t input_count_ = 0;
    uint32_t output_count_ = 0;
    bool preserve_all_ = false;
    bool prepared_ = false;
};

}  // namespace cmsim
