// The interpreter for the host, with all operators, behind a C interface that Python loads with ctypes.
#include <stdint.h>
#include <stdlib.h>

#include <new>

#include "all_operators.h"
#include "host/custom_operator.h"
#include "interpreter/interpreter.h"
#include "interpreter/planner.h"

namespace {

constexpr size_t kBuiltin = sizeof cmsim::all_operators.list / sizeof cmsim::all_operators.list[0];

struct Operators {
    const cmsim::Registration* list[kBuiltin + 1];
    Operators() {
        for (size_t i = 0; i < kBuiltin; ++i) list[i] = cmsim::all_operators.list[i];
        list[kBuiltin] = &cmsim::kScale;
    }
};
const Operators operators;

struct Session {
    Session(const void* model, size_t model_size, cmsim::Arena& arena)
        : interpreter(model, model_size, operators.list, kBuiltin + 1, arena) {}
    cmsim::Interpreter interpreter;
};

}  // namespace

extern "C" {

// Memory for models, which belongs to the caller and must outlive the arena. Null if out of memory.
cmsim::Arena* cmsim_arena_create(void* memory, size_t size) {
    void* place = malloc(sizeof(cmsim::Arena));
    return place == nullptr ? nullptr : new (place) cmsim::Arena(memory, size);
}
void cmsim_arena_destroy(cmsim::Arena* arena) { free(arena); }

// The arena may have several sessions. It and `model` must outlive the session. Null if out of memory.
Session* cmsim_create(const void* model, size_t model_size, cmsim::Arena* arena, int preserve_all_tensors) {
    void* memory = malloc(sizeof(Session));
    if (memory == nullptr) return nullptr;
    auto* session = new (memory) Session(model, model_size, *arena);
    if (preserve_all_tensors) session->interpreter.preserve_all_tensors();
    return session;
}
void cmsim_destroy(Session* session) { free(session); }

// Status codes: 0 is success.
int cmsim_prepare(Session* session) { return static_cast<int>(session->interpreter.prepare()); }
int cmsim_invoke(Session* session) { return static_cast<int>(session->interpreter.invoke()); }

int cmsim_reset(Session* session) { return static_cast<int>(session->interpreter.reset()); }

size_t cmsim_arena_used(Session* session) { return session->interpreter.arena_used_bytes(); }
// In the order of cmsim::ArenaUse.
void cmsim_arena_use(Session* session, size_t* use) {
    const cmsim::ArenaUse& from = session->interpreter.arena_use();
    const size_t values[] = {from.activations, from.tensors, from.nodes, from.operators,
                             from.variables, from.planning, from.padding, from.scratch};
    for (size_t i = 0; i < 8; ++i) use[i] = values[i];
}
size_t cmsim_subgraph_count(Session* session) { return session->interpreter.subgraph_count(); }
size_t cmsim_tensor_count(Session* session, size_t subgraph) { return session->interpreter.tensor_count(subgraph); }

// Tensor `index` of a subgraph; null and 0 beyond the last.
void* cmsim_tensor_data(Session* session, size_t index, size_t subgraph) {
    const cmsim::Tensor* tensor = session->interpreter.tensor(index, subgraph);
    return tensor != nullptr ? tensor->data : nullptr;
}
size_t cmsim_tensor_bytes(Session* session, size_t index, size_t subgraph) {
    const cmsim::Tensor* tensor = session->interpreter.tensor(index, subgraph);
    return tensor != nullptr ? tensor->bytes() : 0;
}
size_t cmsim_input_count(Session* session) { return session->interpreter.input_count(); }
size_t cmsim_input_bytes(Session* session, size_t index) {
    const cmsim::Tensor* tensor = session->interpreter.input(index);
    return tensor != nullptr ? tensor->bytes() : 0;
}
void* cmsim_input_data(Session* session, size_t index) {
    const cmsim::Tensor* tensor = session->interpreter.input(index);
    return tensor != nullptr ? tensor->data : nullptr;
}
void* cmsim_output_data(Session* session, size_t index) {
    const cmsim::Tensor* tensor = session->interpreter.output(index);
    return tensor != nullptr ? tensor->data : nullptr;
}

// The last failure.
const char* cmsim_status_text(int status) { return cmsim::status_text(static_cast<cmsim::Status>(status)); }
const char* cmsim_error_reason(Session* session) { return session->interpreter.error().reason; }
const char* cmsim_error_operator(Session* session) { return cmsim::operator_name(session->interpreter.error()); }
int cmsim_error_operator_index(Session* session) { return session->interpreter.error().operator_index; }
int cmsim_error_subgraph(Session* session) { return session->interpreter.error().subgraph; }
int cmsim_error_version(Session* session) { return session->interpreter.error().version; }
size_t cmsim_error_missing_bytes(Session* session) { return session->interpreter.error().missing_bytes; }

// The planner alone. Blocks as rows of five: bytes, first, last, share (65535: none), place (4294967295: to be planned,
// result). SIZE_MAX: fixed places overlap.
size_t cmsim_plan(uint32_t* rows, uint32_t count, uint32_t alignment) {
    auto* blocks = static_cast<cmsim::Block*>(malloc(count * sizeof(cmsim::Block) + 1));
    auto* pointers = static_cast<void**>(calloc(count + 1, sizeof(void*)));
    for (uint32_t i = 0; i < count; ++i) {
        const uint32_t* row = rows + 5 * i;
        blocks[i] = {&pointers[i], row[0], row[4], static_cast<uint16_t>(row[1]),
                     static_cast<uint16_t>(row[2]), static_cast<uint16_t>(row[3]), 0, 0, 0};
    }
    const size_t bytes = cmsim::plan_memory(blocks, count, alignment);
    for (uint32_t i = 0; i < count; ++i) rows[5 * i + 4] = blocks[i].place;
    free(blocks);
    free(pointers);
    return bytes;
}

}  // extern "C"
