// The interpreter for the host, with all operators, behind a C interface that Python loads with ctypes.
#include <stdint.h>
#include <stdlib.h>

#include <new>

#include "host/all_operators.h"
#include "interpreter/interpreter.h"

namespace {

struct Session {
    Session(const void* model, size_t model_size, void* arena, size_t arena_size)
        : interpreter(model, model_size, cmsim::all_operators, arena, arena_size) {}
    cmsim::Interpreter interpreter;
};

}  // namespace

extern "C" {

// `model` and `arena` belong to the caller and must outlive the session. Null if out of memory.
Session* cmsim_create(const void* model, size_t model_size, void* arena, size_t arena_size, int preserve_all_tensors) {
    void* memory = malloc(sizeof(Session));
    if (memory == nullptr) return nullptr;
    auto* session = new (memory) Session(model, model_size, arena, arena_size);
    if (preserve_all_tensors) session->interpreter.preserve_all_tensors();
    return session;
}
void cmsim_destroy(Session* session) { free(session); }

// Status codes: 0 is success.
int cmsim_prepare(Session* session) { return static_cast<int>(session->interpreter.prepare()); }
int cmsim_invoke(Session* session) { return static_cast<int>(session->interpreter.invoke()); }

size_t cmsim_arena_used(Session* session) { return session->interpreter.arena_used_bytes(); }
size_t cmsim_tensor_count(Session* session) { return session->interpreter.tensor_count(); }

// Tensor `index` of the model; null and 0 beyond the last.
void* cmsim_tensor_data(Session* session, size_t index) {
    const cmsim::Tensor* tensor = session->interpreter.tensor(index);
    return tensor != nullptr ? tensor->data : nullptr;
}
size_t cmsim_tensor_bytes(Session* session, size_t index) {
    const cmsim::Tensor* tensor = session->interpreter.tensor(index);
    return tensor != nullptr ? tensor->bytes : 0;
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
int cmsim_error_version(Session* session) { return session->interpreter.error().version; }
size_t cmsim_error_missing_bytes(Session* session) { return session->interpreter.error().missing_bytes; }

}  // extern "C"
