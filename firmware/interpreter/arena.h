// The application's one block of memory, used from both ends: what lives as long as the interpreter is allocated downwards
// from the end; activations, planned as a whole, lie at the beginning.
//
//     base                                                      base + size
//     | activations (planned) ->      free      <- persistent |
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace cmsim {

class Arena {
public:
    static constexpr size_t kAlignment = 16;  // of both ends and of each activation

    Arena(void* memory, size_t size) {
        const size_t skip = memory == nullptr ? 0 : (0u - reinterpret_cast<uintptr_t>(memory)) % kAlignment;
        base_ = static_cast<uint8_t*>(memory) + (skip < size ? skip : 0);
        given_ = memory == nullptr || skip > size ? 0 : size - skip;
        size_ = given_ - given_ % kAlignment;
    }

    // Memory for `count` objects of T, not initialised; null where it no longer fits. Even then it is counted, so that
    // missing() can tell what the whole model would have needed.
    template <class T>
    T* allocate(size_t count = 1) {
        if (count > SIZE_MAX / 4 / sizeof(T)) count = SIZE_MAX / 4 / sizeof(T);
        return static_cast<T*>(allocate_bytes(count * sizeof(T), alignof(T)));
    }

    void set_head(size_t bytes) { head_ = bytes; }
    uint8_t* base() const { return base_; }
    size_t size() const { return size_; }
    size_t used() const { return head_ + (tail_ + kAlignment - 1) / kAlignment * kAlignment; }
    size_t missing() const { return used() > size_ ? used() - given_ : 0; }
    void reset() { head_ = tail_ = 0; }

private:
    void* allocate_bytes(size_t bytes, size_t alignment) {
        if (bytes > SIZE_MAX / 4 || tail_ > SIZE_MAX / 4) return nullptr;
        const uintptr_t end = reinterpret_cast<uintptr_t>(base_) + size_;
        const uintptr_t address = (end - tail_ - bytes) & ~(alignment - 1);
        tail_ = end - address;
        return used() <= size_ ? reinterpret_cast<void*>(address) : nullptr;
    }

    uint8_t* base_;
    size_t given_;  // from base_ on
    size_t size_;   // of it, whole alignment units
    size_t head_ = 0;
    size_t tail_ = 0;
};

}  // namespace cmsim
