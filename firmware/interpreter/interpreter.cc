#include "interpreter/interpreter.h"

#include "interpreter/guard.h"
#include "interpreter/planner.h"
#include "interpreter/variables.h"

namespace cmsim {

Interpreter::Interpreter(const void* model, size_t model_size, const Registration* const* operators,
                         size_t operator_count, void* arena, size_t arena_size)
    : model_(model), model_size_(model_size), operators_(operators), operator_count_(operator_count),
      own_arena_(arena, arena_size), arena_(&own_arena_) {}

Interpreter::Interpreter(const void* model, size_t model_size, const Registration* const* operators,
                         size_t operator_count, Arena& arena)
    : model_(model), model_size_(model_size), operators_(operators), operator_count_(operator_count),
      own_arena_(nullptr, 0), arena_(&arena) {}

Status Interpreter::fail(Status status, const char* reason) {
    error_.status = status;
    error_.reason = reason;
    return status;
}

void Interpreter::clear_error() { error_ = Error(); }

Status Interpreter::prepare() {
    if (prepared_) return Status::kOk;
    clear_error();
    arena_use_ = ArenaUse();
    arena_->rollback();
    context_ = Context();
    control_ = nullptr;
    context_.arena = arena_;
    context_.error = &error_;
    context_.share_memory = !preserve_all_;

    Reader reader(model_, model_size_);
    Table model;
    const size_t tail = arena_->tail();
    Status status = read_model(reader, model);
    if (status == Status::kOk) status = order_subgraphs();
    if (status == Status::kOk) status = reserve_blocks();
    for (uint32_t i = 0; i < subgraph_count_ && status == Status::kOk; ++i) {
        if (context_.subgraphs[i].reached) status = set_lifetimes(static_cast<uint16_t>(i));
    }
    if (status == Status::kOk && !preserve_all_) status = place_offline(reader, model);
    const size_t structures = arena_->tail_bytes();
    for (uint32_t i = 0; i < subgraph_count_ && status == Status::kOk; ++i) {
        if (context_.subgraphs[i].reached) status = prepare_operators(reader, model, static_cast<uint16_t>(i));
    }
    arena_use_.operators = arena_->tail_bytes() - structures;
    if (status == Status::kOk) status = plan();
    context_.options = Table();
    context_.custom_options = Vector<uint8_t>();
    if (status != Status::kOk) {
        error_.missing_bytes = arena_->missing();
        arena_->rollback();
        return status;
    }
    ArenaUse& use = arena_use_;
    use.padding = arena_->tail() - tail - use.tensors - use.nodes - use.operators - use.variables;
    clear_error();
    prepared_ = true;
    arena_->commit();
    reset();
    arena_ready(arena_->base(), arena_->size(), arena_->used());
    return Status::kOk;
}

Status Interpreter::prepare_operators(Reader& reader, const Table& model, uint16_t index) {
    const Subgraph& subgraph = context_.subgraphs[index];
    const Table table = model.table_at(field::model::kSubgraphs, index);
    context_.subgraph = index;
    context_.tensors = subgraph.tensors;
    uint32_t step = 0;
    for (uint32_t i = 0; i < subgraph.node_count; ++i) {
        Node& node = subgraph.nodes[i];
        context_.blame(index, i, node);
        const Table op = table.table_at(field::subgraph::kOperators, i);
        context_.options = op.table(field::op::kOptions);
        context_.custom_options = op.vector<uint8_t>(field::op::kCustomOptions);
        const uint32_t end = step + steps_of(node, context_.subgraphs) - 1;
        context_.first_step = static_cast<uint16_t>(subgraph.first_begin + step);
        context_.last_step = static_cast<uint16_t>(subgraph.last_begin + end);
        context_.scratch_bytes = 0;
        const Status status = node.registration->prepare(context_, node);
        if (!reader.ok) return fail(Status::kModelDamaged, "operator options");
        // Without memory go on: all requests are counted, so that the user learns the whole need.
        if (status != Status::kOk && (status != Status::kArenaTooSmall || arena_->missing() == 0)) return status;
        if (arena_use_.scratch < context_.scratch_bytes) arena_use_.scratch = context_.scratch_bytes;
        step = end + 1;
    }
    clear_error();
    return Status::kOk;
}

Status Interpreter::plan() {
    const size_t bytes = plan_memory(context_.blocks(), context_.block_count, Arena::kAlignment);
    if (bytes == SIZE_MAX) return fail(Status::kModelDamaged, "overlapping place in the offline memory plan");
    arena_->set_head(bytes);
    if (arena_->missing() > 0) return fail(Status::kArenaTooSmall, "");
    arena_use_.activations = bytes;
    arena_use_.planning = arena_->used() - arena_->allocated();

    uint8_t* base = arena_->base();
    plan_ready(context_.blocks(), context_.block_count, base);
    for (uint32_t i = 0; i < context_.block_count; ++i) {
        const Block& block = context_.blocks()[i];
        if (*block.where == nullptr) *block.where = base + block.place;
    }
    __builtin_memset(base, 0, bytes);
    for (uint32_t i = 0; guard::kGap > 0 && preserve_all_ && i < subgraph_count_; ++i) {
        const Subgraph& subgraph = context_.subgraphs[i];
        for (uint32_t k = 0; k < subgraph.tensor_count; ++k) {
            const Tensor& tensor = subgraph.tensors[k];
            if (tensor.block == Tensor::kNoBlock) continue;
            auto* data = tensor.as<uint8_t>();
            if (data >= base && data < base + bytes) guard::forbid(data + tensor.bytes(), guard::kGap);
        }
    }
    return Status::kOk;
}

__attribute__((noinline)) Status Interpreter::invoke() {
    if (!prepared_) return fail(Status::kNotPrepared, "");
    clear_error();
    return context_.invoke_subgraph(0);
}

Status Interpreter::reset() {
    if (!prepared_) return fail(Status::kNotPrepared, "");
    for (uint32_t i = 0; i < subgraph_count_; ++i) {
        const Subgraph& subgraph = context_.subgraphs[i];
        for (uint32_t k = 0; k < subgraph.tensor_count; ++k) {
            const Tensor& tensor = subgraph.tensors[k];
            if (!tensor.variable()) continue;
            __builtin_memset(tensor.data, tensor.type == TensorType::kInt8 ? tensor.zero_point() : 0, tensor.bytes());
        }
    }
    reset_variables(context_.variables);
    return Status::kOk;
}

Status Context::invoke_subgraph(uint32_t index) {
    const Subgraph& subgraph = subgraphs[index];
    Tensor* callers = tensors;
    tensors = subgraph.tensors;
    Status status = Status::kOk;
    for (uint32_t i = 0; i < subgraph.node_count && status == Status::kOk; ++i) {
        Node& node = subgraph.nodes[i];
        status = run_operator(node.registration, this, &node, static_cast<int>(i | index << 16));
        if (status != Status::kOk && error->operator_index < 0) blame(index, i, node);
    }
    tensors = callers;
    return status;
}

}  // namespace cmsim
