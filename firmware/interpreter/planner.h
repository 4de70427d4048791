// Where each activation and scratch buffer lies at the head of the arena.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace cmsim {

using Pointer __attribute__((may_alias)) = void*;  // to any type

// A piece of memory that is needed for some time only. Exists during prepare(), at the head of the arena.
struct Block {
    static constexpr uint16_t kNone = 0xFFFF;
    static constexpr uint32_t kNoPlace = 0xFFFFFFFF;

    Pointer* where;     // the pointer that gets the address; not null already: the operator has provided memory itself
    uint32_t bytes;
    uint32_t place;   // from the base of the arena; set before planning: fixed by the model's offline plan
    uint16_t first;   // steps between which it is needed, see lifetimes.cc
    uint16_t last;
    uint16_t share;   // a block that may lie at the same place although the lifetimes touch: input and output of an operator
    uint16_t tensor;  // its index in the subgraph, kNone for scratch
    uint16_t subgraph;
    uint16_t next;    // the planner's
};

// Gives each block a place, aligned to `alignment`, so that no two whose lifetimes meet overlap: the largest first, each at the
// lowest place that is free (greedy by size). Returns the bytes needed, SIZE_MAX if places which were fixed overlap.
// Nothing is read from or written to the arena itself, which may be too small.
size_t plan_memory(Block* blocks, uint32_t count, uint32_t alignment);

}  // namespace cmsim
