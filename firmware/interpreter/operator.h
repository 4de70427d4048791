// What an operator is, and what it sees of the interpreter.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "interpreter/arena.h"
#include "interpreter/flatbuffer.h"
#include "interpreter/status.h"
#include "interpreter/tensor.h"

namespace cmsim {

struct Context;
struct Node;

// An operator that an application can add to its resolver. `name` must stay the first word: cmsim reads it.
struct Registration {
    const char* name;            // TFLite's: "CONV_2D"; of a custom operator its custom code
    int32_t builtin_code;        // BuiltinOperator, builtin::kCustom for a custom one
    int32_t max_version;
    Status (*prepare)(Context& context, Node& node);  // checks everything, allocates; nothing is checked after it
    Status (*invoke)(Context& context, Node& node);   // computes
};

// One use of an operator in the model.
struct Node {
    const Registration* registration;
    const int32_t* inputs;   // [input_count] tensor indices, -1: optional one left out
    const int32_t* outputs;  // [output_count]
    void* data;              // what prepare() keeps for invoke()
    uint8_t input_count;
    uint8_t output_count;
};

struct Context {
    Tensor* tensors = nullptr;
    Arena* arena = nullptr;
    Error* error = nullptr;
    Table options;  // the operator's options, valid during its prepare()

    // Null for an optional tensor that was left out.
    const Tensor* input(const Node& node, unsigned index) const {
        return index < node.input_count && node.inputs[index] >= 0 ? &tensors[node.inputs[index]] : nullptr;
    }
    const Tensor* output(const Node& node, unsigned index) const {
        return index < node.output_count ? &tensors[node.outputs[index]] : nullptr;
    }

    Status fail(Status status, const char* reason) const {
        error->status = status;
        error->reason = reason;
        return status;
    }
    Status unsupported(const char* reason) const { return fail(Status::kOperatorUnsupported, reason); }

    // Persistent memory for `count` objects; where it is null, return kArenaTooSmall.
    template <class T>
    T* allocate(size_t count = 1) const {
        return arena->allocate<T>(count);
    }
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

// Every operator is invoked through here. `index` is its position in the model.
Status run_operator(const Registration* registration, Context* context, Node* node, int index);

// Called at the end of a successful prepare(); does nothing.
void arena_ready(const void* base, size_t size, size_t used);

}  // namespace cmsim
