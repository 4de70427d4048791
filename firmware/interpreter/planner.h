// Where each activation lies at the head of the arena.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "interpreter/tensor.h"

namespace cmsim {

// Gives each tensor that is not constant its `data` at or after `base`, aligned to `alignment`, so that no two whose lifetimes
// [first_use, last_use] meet overlap: the largest first, each at the lowest place that is free (greedy by size). Returns
// the bytes needed; nothing is read from or written to the memory itself, which may be too small.
size_t plan_activations(Tensor* tensors, uint32_t count, uint8_t* base, size_t alignment);

}  // namespace cmsim
