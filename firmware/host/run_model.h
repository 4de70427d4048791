// What the fuzzers do with a hostile model.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "all_operators.h"
#include "interpreter/interpreter.h"

namespace cmsim {

// A custom operator that asks for all that there is to ask for, and reads and writes all that it may.
inline Status prepare_everything(Context& context, Node& node) {
    struct Data { uint8_t* scratch; uint32_t size; };
    auto* data = context.allocate<Data>();
    if (data == nullptr) return Status::kArenaTooSmall;
    data->size = context.custom_options.size() > 0 ? context.custom_options[context.custom_options.size() - 1] : 1;
    if (!context.request_scratch(&data->scratch, data->size)) return Status::kArenaTooSmall;
    node.data = data;
    for (unsigned k = 0; k < node.input_count(); ++k) {
        const Tensor* input = context.input(node, k);
        if (input != nullptr && node.output_count() > 0 && input->bytes() == context.output(node, 0)->bytes()) {
            context.allow_in_place(node, k);
        }
    }
    return Status::kOk;
}

inline Status invoke_everything(Context& context, Node& node) {
    uint32_t sum = 0;
    for (unsigned k = 0; k < node.input_count(); ++k) {
        const Tensor* input = context.input(node, k);
        for (uint32_t i = 0; input != nullptr && i < input->bytes(); ++i) sum += input->as<const uint8_t>()[i];
        if (input != nullptr && input->variable()) memset(input->data, 3, input->bytes());
    }
    struct Data { uint8_t* scratch; uint32_t size; };
    auto* data = static_cast<Data*>(node.data);
    memset(data->scratch, static_cast<int>(sum), data->size);
    for (unsigned k = 0; k < node.output_count(); ++k) {
        memset(context.output(node, k)->data, static_cast<int>(sum), context.output(node, k)->bytes());
    }
    return Status::kOk;
}

inline const Registration everything = {"Everything", builtin::kCustom, 1, prepare_everything, invoke_everything};

// An inference of it ends in reasonable time: no WHILE, and not too many pairs of an input and an output element.
inline bool is_quick(Interpreter& interpreter) {
    uint64_t work = 0;
    for (size_t s = 0; s < interpreter.subgraph_count(); ++s) {
        const Subgraph& graph = interpreter.subgraphs()[s];
        for (uint32_t i = 0; i < graph.node_count; ++i) {
            const Node& node = graph.nodes[i];
            if (node.registration->builtin_code == builtin::kWhile) return false;
            uint64_t inputs = 1, outputs = 1;
            for (uint32_t k = 0; k < node.input_count(); ++k) {
                if (node.inputs[k] >= 0) inputs += graph.tensors[node.inputs[k]].element_count();
            }
            for (uint32_t k = 0; k < node.output_count(); ++k) outputs += graph.tensors[node.outputs[k]].element_count();
            work += inputs * outputs;
        }
    }
    return work < 4000000;
}

// Reads, prepares and, where that succeeds, runs a model. Returns whether it ran. The model is copied to memory of exactly its
// size, and the arena is as large as `arena_size` says, so that a sanitizer sees one byte too far; within the arena see
// interpreter/guard.h.
inline bool run_model_once(const uint8_t* model, size_t size, size_t arena_size, bool preserve) {
    void* copy = nullptr;
    void* arena = nullptr;
    if (posix_memalign(&copy, 16, size > 0 ? size : 1) != 0 || posix_memalign(&arena, 16, arena_size) != 0) abort();
    if (size > 0) memcpy(copy, model, size);

    constexpr size_t kBuiltin = sizeof all_operators.list / sizeof all_operators.list[0];
    const Registration* operators[kBuiltin + 1];
    for (size_t i = 0; i < kBuiltin; ++i) operators[i] = all_operators.list[i];
    operators[kBuiltin] = &everything;

    Interpreter interpreter(copy, size, operators, kBuiltin + 1, arena, arena_size);
    if (preserve) interpreter.preserve_all_tensors();
    bool ran = false;
    if (interpreter.prepare() == Status::kOk) {
        if (interpreter.arena_used_bytes() > arena_size) abort();
        for (size_t i = 0; i < interpreter.input_count(); ++i) {
            memset(interpreter.input(i)->data, 0x5A, interpreter.input(i)->bytes());
        }
        if (is_quick(interpreter)) ran = interpreter.invoke() == Status::kOk && interpreter.invoke() == Status::kOk;
    } else {
        const Error& error = interpreter.error();
        if (strlen(error.reason) + strlen(operator_name(error)) + strlen(status_text(error.status)) == 0) abort();
        if (error.status == Status::kArenaTooSmall && error.missing_bytes == 0) abort();
    }
    free(arena);
    free(copy);
    return ran;
}

// With memory that is planned, and with a place of its own for each tensor, where each has a guarded end.
inline bool run_model(const uint8_t* model, size_t size, size_t arena_size) {
    const bool ran = run_model_once(model, size, arena_size, false);
    if (ran) run_model_once(model, size, 1 << 18, true);
    return ran;
}

// The bytes themselves choose among arenas: mostly one that is large enough.
inline size_t fuzz_arena(const uint8_t* model, size_t size) {
    return size > 0 && model[size - 1] % 8 == 7 ? 1 + model[size / 2] * 16u : 64 * 1024;
}

}  // namespace cmsim
