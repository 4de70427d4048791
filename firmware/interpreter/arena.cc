#include "interpreter/arena.h"

namespace cmsim {

void* Arena::allocate_bytes(size_t bytes, size_t alignment) {
    if (bytes > SIZE_MAX / 4 || tail_ > SIZE_MAX / 4) {
        peak_ = SIZE_MAX / 2;
        return nullptr;
    }
    const uintptr_t end = reinterpret_cast<uintptr_t>(base_) + size_;
    const uintptr_t address = (end - tail_ - bytes) & ~(alignment - 1);
    tail_ = end - address;
    if (!fits()) return nullptr;
    real_tail_ = tail_;
    return reinterpret_cast<void*>(address);
}

bool Arena::set_head(size_t bytes) {
    head_ = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    fits();
    return head_ <= size_ - real_tail_;
}

void Arena::rollback() {
    head_ = 0;
    tail_ = real_tail_ = committed_tail_;
    peak_ = committed_peak_;
}

void Arena::commit() {
    if (head_ > committed_head_) committed_head_ = head_;
    committed_tail_ = tail_;
    committed_peak_ = peak_;
}

bool Arena::fits() {
    if (allocated() > peak_) peak_ = allocated();
    return allocated() <= size_;
}

}  // namespace cmsim
