// The application's one block of memory, used from both ends: what lives as long as the interpreter is allocated downwards
// from the end; activations, planned as a whole, lie at the beginning. Several models may share one Arena: each keeps its
// part of the end, and all use the beginning, one model at a time.
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
    void* allocate_bytes(size_t bytes, size_t alignment);

    // The head takes up `bytes` from now on; false where they are not there.
    bool set_head(size_t bytes);

    // Gives up what was allocated since the last commit().
    void rollback();
    // What is allocated now stays.
    void commit();

    size_t tail_bytes() const { return tail_; }
    size_t tail() const { return (tail_ + kAlignment - 1) / kAlignment * kAlignment; }
    // What is allocated now: the largest head of all models, and the tails of all.
    size_t allocated() const { return (head_ > committed_head_ ? head_ : committed_head_) + tail(); }
    uint8_t* base() const { return base_; }
    size_t size() const { return size_; }
    // The most that was ever allocated at one time: an arena of so many bytes, aligned to 16, suffices.
    size_t used() const { return peak_; }
    size_t missing() const { return peak_ > size_ ? peak_ - given_ : 0; }

private:
    bool fits();

    uint8_t* base_;
    size_t given_;  // from base_ on
    size_t size_;   // of it, whole alignment units
    size_t head_ = 0;
    size_t tail_ = 0;       // asked for
    size_t real_tail_ = 0;  // of it allocated: up to where the head may grow
    size_t peak_ = 0;       // of head and tail together
    size_t committed_head_ = 0;  // the largest of all models
    size_t committed_tail_ = 0;
    size_t committed_peak_ = 0;
};

}  // namespace cmsim
