// A file of their own, so that no caller can inline them; the assembly keeps the empty one from being optimised away.
#include "interpreter/operator.h"

namespace cmsim {

__attribute__((noinline)) Status run_operator(const Registration* registration, Context* context, Node* node, int index) {
    __asm__ volatile("" ::"r"(index) : "memory");
    return registration->invoke(*context, *node);
}

__attribute__((noinline)) void plan_ready(const Block* blocks, size_t count, const void* base) {
    __asm__ volatile("" ::"r"(blocks), "r"(count), "r"(base) : "memory");
}

__attribute__((noinline)) void arena_ready(const void* base, size_t size, size_t used) {
    __asm__ volatile("" ::"r"(base), "r"(size), "r"(used) : "memory");
}

}  // namespace cmsim
