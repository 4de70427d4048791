#include "interpreter/interpreter.h"

#include "interpreter/planner.h"

namespace cmsim {

Interpreter::Interpreter(const void* model, size_t model_size, const Registration* const* operators,
                         size_t operator_count, void* arena, size_t arena_size)
    : model_(model), model_size_(model_size), operators_(operators), operator_count_(operator_count),
      arena_(arena, arena_size) {}

Status Interpreter::fail(Status status, const char* reason) {
    error_.status = status;
    error_.reason = reason;
    return status;
}

Status Interpreter::prepare() {
    prepared_ = false;
    input_count_ = output_count_ = tensor_count_ = node_count_ = 0;
    error_ = Error();
    arena_use_ = ArenaUse();
    arena_.reset();
    context_.arena = &arena_;
    context_.error = &error_;

    Reader reader(model_, model_size_);
    Table model, subgraph;
    Status status = read_model(reader, model, subgraph);
    if (status == Status::kOk) status = read_tensors(reader, model, subgraph);
    if (status == Status::kOk) status = read_operators(reader, model, subgraph);
    if (status == Status::kOk) status = set_lifetimes();
    if (status == Status::kOk) status = prepare_operators(reader, subgraph);
    context_.options = Table();
    if (status != Status::kOk) {
        input_count_ = output_count_ = tensor_count_ = 0;
        error_.missing_bytes = arena_.missing();
        return status;
    }
    prepared_ = true;
    arena_ready(arena_.base(), arena_.size(), arena_.used());
    return Status::kOk;
}

Status Interpreter::prepare_operators(Reader& reader, const Table& subgraph) {
    size_t used = arena_.used();
    bool too_small = false;
    for (uint32_t i = 0; i < node_count_; ++i) {
        Node& node = nodes_[i];
        error_.operator_index = static_cast<int32_t>(i);
        error_.builtin_code = node.registration->builtin_code;
        error_.custom_name = node.registration->builtin_code == builtin::kCustom ? node.registration->name : nullptr;
        const Table table = subgraph.table_at(field::subgraph::kOperators, i);
        context_.options = table.table(field::op::kOptions);
        const Status status = node.registration->prepare(context_, node);
        if (!reader.ok) return fail(Status::kModelDamaged, "operator options");
        // Without memory go on with the next one: all requests are counted, so that the user learns the whole need.
        if (status == Status::kArenaTooSmall) too_small = true;
        else if (status != Status::kOk) return status;
    }
    error_ = Error();
    arena_use_.operators = arena_.used() - used;
    arena_use_.activations = plan_activations(context_.tensors, tensor_count_, arena_.base(), Arena::kAlignment);
    arena_.set_head(arena_use_.activations);
    if (too_small || arena_.missing() > 0) return fail(Status::kArenaTooSmall, "");

    for (uint32_t i = 0; i < tensor_count_; ++i) {
        const Tensor& tensor = context_.tensors[i];
        if (!tensor.constant && tensor.data != nullptr) __builtin_memset(tensor.data, 0, tensor.bytes);
    }
    return Status::kOk;
}

__attribute__((noinline)) Status Interpreter::invoke() {
    if (!prepared_) return fail(Status::kNotPrepared, "");
    for (uint32_t i = 0; i < node_count_; ++i) {
        const Status status = run_operator(nodes_[i].registration, &context_, &nodes_[i], static_cast<int>(i));
        if (status != Status::kOk) {
            error_.operator_index = static_cast<int32_t>(i);
            error_.builtin_code = nodes_[i].registration->builtin_code;
            return status;
        }
    }
    return Status::kOk;
}

const Registration* Interpreter::find(int32_t builtin_code, const char* custom_name) const {
    for (size_t i = 0; i < operator_count_; ++i) {
        const Registration* candidate = operators_[i];
        if (candidate->builtin_code != builtin_code) continue;
        if (builtin_code != builtin::kCustom) return candidate;
        const char* a = candidate->name;
        const char* b = custom_name;
        while (*a != 0 && *a == *b) ++a, ++b;
        if (*a == *b) return candidate;
    }
    return nullptr;
}

}  // namespace cmsim
