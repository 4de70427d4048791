// What an operator sees of the interpreter. Not inline: small rather than fast, as it is called a few times an operator.
#include "interpreter/operator.h"

#include "interpreter/guard.h"
#include "interpreter/planner.h"

namespace cmsim {

const Tensor* Context::input(const Node& node, unsigned index) const {
    return index < node.input_count() && node.inputs[index] >= 0 ? &tensors[node.inputs[index]] : nullptr;
}

const Tensor* Context::output(const Node& node, unsigned index) const {
    return index < node.output_count() ? &tensors[node.outputs[index]] : nullptr;
}

Status Context::fail(Status status, const char* reason) const {
    error->status = status;
    error->reason = reason;
    return status;
}

void Context::blame(uint32_t index, uint32_t position, const Node& node) const {
    error->subgraph = static_cast<int32_t>(index);
    error->operator_index = static_cast<int32_t>(position);
    error->builtin_code = node.registration->builtin_code;
    error->custom_name = error->builtin_code == builtin::kCustom ? node.registration->name : nullptr;
}

Status Context::unsupported(const char* reason) const { return fail(Status::kOperatorUnsupported, reason); }

Block* Context::blocks() const { return reinterpret_cast<Block*>(arena->base()); }

Block* Context::add_block(void* where, size_t bytes, uint16_t first, uint16_t last) {
    constexpr size_t kMaxPlannedBytes = 0x20000000;  // so that no place exceeds 32 bits
    bytes += guard::kGap;
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
