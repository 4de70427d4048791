// When each activation is needed.
//
// A run of the model is a sequence of steps. Within a subgraph an operator takes one; one that runs other subgraphs takes one,
// then all steps of the first, of the second, and another one; behind the last operator there is a step in which the
// results are used. A subgraph that is run from several places has several such intervals: its activations are taken to be
// needed from the first to the last of them. That costs some memory, but each subgraph is looked at once only, however
// often a hostile model runs it.
#include "interpreter/interpreter.h"
#include "interpreter/planner.h"

namespace cmsim {
namespace {

constexpr uint32_t kMaxSteps = 0x7FFF;
constexpr uint8_t kMaxHeight = 8;  // bounds the stack that invoke() needs

// One more than the highest of those that `subgraph` runs.
uint8_t height_above(const Subgraph& subgraph, const Subgraph* subgraphs) {
    uint8_t height = 0;
    for (uint32_t i = 0; i < subgraph.node_count; ++i) {
        const SubgraphCalls* calls = subgraph_calls(subgraph.nodes[i]);
        for (unsigned k = 0; calls != nullptr && k < calls->count; ++k) {
            const uint8_t below = subgraphs[calls->subgraphs[k]].height;
            if (height <= below) height = static_cast<uint8_t>(below + 1);
        }
    }
    return height;
}

}  // namespace

uint32_t steps_of(const Node& node, const Subgraph* subgraphs) {
    const SubgraphCalls* calls = subgraph_calls(node);
    if (calls == nullptr) return 1;
    uint32_t steps = 2;
    for (unsigned i = 0; i < calls->count; ++i) steps += subgraphs[calls->subgraphs[i]].steps;
    return steps;
}

// Heights, and from them the steps: of what is run before what runs it, beginnings the other way round.
Status Interpreter::order_subgraphs() {
    Subgraph* subgraphs = context_.subgraphs;
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = 0; i < subgraph_count_; ++i) {
            const uint8_t height = height_above(subgraphs[i], subgraphs);
            if (height == subgraphs[i].height) continue;
            if (height > kMaxHeight) return fail(Status::kModelUnsupported, "subgraphs run themselves, or nest too deeply");
            subgraphs[i].height = height;
            changed = true;
        }
    }
    for (uint8_t height = 0; height <= main()->height; ++height) {
        for (uint32_t i = 0; i < subgraph_count_; ++i) {
            Subgraph& subgraph = subgraphs[i];
            if (subgraph.height != height) continue;
            uint32_t steps = 1;
            for (uint32_t k = 0; k < subgraph.node_count; ++k) {
                steps += steps_of(subgraph.nodes[k], subgraphs);
                if (steps > kMaxSteps) return fail(Status::kModelUnsupported, "too many operators");
            }
            subgraph.steps = static_cast<uint16_t>(steps);
            subgraph.first_begin = i == 0 ? 0 : kMaxSteps;
        }
    }
    for (int height = main()->height; height >= 0; --height) {
        for (uint32_t i = 0; i < subgraph_count_; ++i) {
            const Subgraph& subgraph = subgraphs[i];
            if (subgraph.height != height || !subgraph.reached) continue;
            uint32_t step = 0;
            for (uint32_t k = 0; k < subgraph.node_count; ++k) {
                const SubgraphCalls* calls = subgraph_calls(subgraph.nodes[k]);
                uint32_t begin = step + 1;
                for (unsigned j = 0; calls != nullptr && j < calls->count; ++j) {
                    Subgraph& callee = subgraphs[calls->subgraphs[j]];
                    const uint32_t first = subgraph.first_begin + begin, last = subgraph.last_begin + begin;
                    if (callee.first_begin > first) callee.first_begin = static_cast<uint16_t>(first);
                    if (callee.last_begin < last) callee.last_begin = static_cast<uint16_t>(last);
                    begin += callee.steps;
                }
                step += steps_of(subgraph.nodes[k], subgraphs);
            }
        }
    }
    return Status::kOk;
}

// Sees to room for the blocks of all activations: one for each input and each result of an operator.
Status Interpreter::reserve_blocks() {
    size_t count = 0;
    for (uint32_t i = 0; i < subgraph_count_; ++i) {
        const Subgraph& subgraph = context_.subgraphs[i];
        count += subgraph.input_count();
        for (uint32_t k = 0; k < subgraph.node_count; ++k) count += subgraph.nodes[k].output_count();
    }
    return arena_->set_head(count * sizeof(Block)) ? Status::kOk : fail(Status::kArenaTooSmall, "no room for planning");
}

// Makes the blocks of one subgraph. Every tensor is written before it is read, and only once: what the kernels rely on
// when they write through `data`.
Status Interpreter::set_lifetimes(uint16_t index) {
    const Subgraph& subgraph = context_.subgraphs[index];
    const auto add = [&](int32_t tensor, uint32_t first) {
        void* where = &subgraph.tensors[tensor].data;
        Block* block = context_.add_block(where, subgraph.tensors[tensor].bytes(),
                                          static_cast<uint16_t>(subgraph.first_begin + first),
                                          static_cast<uint16_t>(subgraph.last_begin + first));
        if (block == nullptr) return false;
        block->tensor = static_cast<uint16_t>(tensor);
        block->subgraph = index;
        subgraph.tensors[tensor].block = static_cast<uint16_t>(block - context_.blocks());
        return true;
    };
    const auto keep_until = [&](const Tensor& tensor, uint32_t last) {
        Block& block = context_.blocks()[tensor.block];
        if (block.last < subgraph.last_begin + last) block.last = static_cast<uint16_t>(subgraph.last_begin + last);
    };
    error_.subgraph = index;
    for (uint32_t i = 0; i < subgraph.input_count(); ++i) {
        const Tensor& tensor = subgraph.input(i);
        if (tensor.constant() || tensor.variable()) return fail(Status::kModelDamaged, "input tensor is constant or variable");
        if (tensor.block == Tensor::kNoBlock && !add(subgraph.inputs[i], 0)) return Status::kArenaTooSmall;
    }
    uint32_t step = 0;
    for (uint32_t i = 0; i < subgraph.node_count; ++i) {
        const Node& node = subgraph.nodes[i];
        const uint32_t end = step + steps_of(node, context_.subgraphs) - 1;
        error_.operator_index = static_cast<int32_t>(i);
        for (uint32_t k = 0; k < node.input_count(); ++k) {
            if (node.inputs[k] < 0) continue;
            const Tensor& tensor = subgraph.tensors[node.inputs[k]];
            if (tensor.constant() || tensor.variable()) continue;
            if (tensor.block == Tensor::kNoBlock) return fail(Status::kModelDamaged, "tensor is read before it is written");
            keep_until(tensor, end);
        }
        for (uint32_t k = 0; k < node.output_count(); ++k) {
            const Tensor& tensor = subgraph.tensors[node.outputs[k]];
            if (tensor.constant() || tensor.variable() || tensor.block != Tensor::kNoBlock) {
                return fail(Status::kModelDamaged, "operator writes a constant, an input, or a tensor twice");
            }
            if (!add(node.outputs[k], step)) return Status::kArenaTooSmall;
            keep_until(tensor, end);
        }
        step = end + 1;
    }
    error_.operator_index = -1;
    for (uint32_t i = 0; i < subgraph.output_count(); ++i) {
        const Tensor& tensor = subgraph.output(i);
        if (tensor.constant() || tensor.variable()) continue;
        if (tensor.block == Tensor::kNoBlock) return fail(Status::kModelDamaged, "output tensor is never written");
        keep_until(tensor, step);
    }
    return Status::kOk;
}

// --- What an operator asks for in prepare() ---

Block* Context::blocks() const { return reinterpret_cast<Block*>(arena->base()); }

Block* Context::add_block(void* where, size_t bytes, uint16_t first, uint16_t last) {
    constexpr size_t kMaxPlannedBytes = 0x20000000;  // so that no place exceeds 32 bits
    if (bytes > kMaxPlannedBytes || bytes > kMaxPlannedBytes - block_bytes || block_count == Block::kNone - 1u) {
        arena->allocate_bytes(SIZE_MAX, 1);  // more than any arena has
        return nullptr;
    }
    if (!arena->set_head((block_count + 1) * sizeof(Block))) return nullptr;
    Block* block = &blocks()[block_count++];
    block_bytes += (static_cast<uint32_t>(bytes) + Arena::kAlignment - 1) & ~(Arena::kAlignment - 1);
    *block = {static_cast<Pointer*>(where), static_cast<uint32_t>(bytes), Block::kNoPlace, first, last,
              Block::kNone, Block::kNone, subgraph, Block::kNone};
    if (!share_memory) block->first = 0, block->last = Block::kNone;
    return block;
}

bool Context::request_scratch_bytes(void* where, size_t bytes) {
    *static_cast<Pointer*>(where) = nullptr;
    scratch_bytes += static_cast<uint32_t>((bytes + Arena::kAlignment - 1) & ~(Arena::kAlignment - 1));
    return add_block(where, bytes, first_step, last_step) != nullptr;
}

void Context::allow_in_place(const Node& node, unsigned index) const {
    const Tensor* from = input(node, index);
    const Tensor* to = output(node, 0);
    if (from == nullptr || to == nullptr || from->block == Tensor::kNoBlock || !share_memory) return;
    Block& block = blocks()[to->block];
    const Block& source = blocks()[from->block];
    if (source.last != last_step || block.share != Block::kNone) return;  // needed later, or decided already
    for (uint32_t k = 0; k < node.input_count(); ++k) {
        if (k != index && node.inputs[k] == node.inputs[index]) return;  // also read in another role
    }
    block.share = from->block;
}

}  // namespace cmsim
