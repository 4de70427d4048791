#include "interpreter/planner.h"

namespace cmsim {
namespace {

bool lifetimes_meet(const Tensor& a, const Tensor& b) { return a.first_use <= b.last_use && b.first_use <= a.last_use; }

size_t rounded(size_t bytes, size_t alignment) { return (bytes + alignment - 1) & ~(alignment - 1); }

// Addresses are handled as numbers: a plan may well exceed the memory that there is.
uintptr_t address(const Tensor& tensor) { return reinterpret_cast<uintptr_t>(tensor.data); }

}  // namespace

size_t plan_activations(Tensor* tensors, uint32_t count, uint8_t* base, size_t alignment) {
    const auto start = reinterpret_cast<uintptr_t>(base);
    uintptr_t end = start;
    for (;;) {
        // The largest one that has no place yet; of equals the first. Quadratic, but without memory for a sorted list.
        Tensor* next = nullptr;
        for (uint32_t i = 0; i < count; ++i) {
            Tensor& tensor = tensors[i];
            if (tensor.constant || tensor.data != nullptr || tensor.first_use > tensor.last_use) continue;
            if (next == nullptr || tensor.bytes > next->bytes) next = &tensor;
        }
        if (next == nullptr) return end - start;

        // The lowest place: after every conflict begin again behind the one that is in the way.
        uintptr_t place = start;
        for (uint32_t i = 0; i < count;) {
            const Tensor& other = tensors[i++];
            if (other.constant || other.data == nullptr || !lifetimes_meet(other, *next)) continue;
            const uintptr_t other_end = address(other) + rounded(other.bytes, alignment);
            if (place < other_end && address(other) < place + next->bytes) {
                place = other_end;
                i = 0;
            }
        }
        next->data = reinterpret_cast<void*>(place);
        if (place + rounded(next->bytes, alignment) > end) end = place + rounded(next->bytes, alignment);
    }
}

}  // namespace cmsim
