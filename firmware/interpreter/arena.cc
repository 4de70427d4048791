#include "interpreter/arena.h"

#include "interpreter/guard.h"

namespace cmsim {

void* Arena::allocate_bytes(size_t bytes, size_t alignment) {
    if (bytes > SIZE_MAX / 4 || tail_ > SIZE_MAX / 4) {
        peak_ = SIZE_MAX / 2;
        return nullptr;
    }
    const uintptr_t end = reinterpret_cast<uintptr_t>(base_) + size_;
    const uintptr_t address = (end - tail_ - bytes - guard::kGap) & ~(alignment - 1);
    tail_ = end - address;
    if (!fits()) return nullptr;
    real_tail_ = tail_;
    guard::allow(reinterpret_cast<void*>(address), bytes);
    return reinterpret_cast<void*>(address);
}

bool Arena::set_head(size_t bytes) {
    head_ = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    fits();
    if (head_ > size_ - real_tail_) return false;
    guard::allow(base_, head_);
    return true;
}

void Arena::rollback() {
    head_ = 0;
    tail_ = real_tail_ = committed_tail_;
    peak_ = committed_peak_;
    guard::forbid(base_, size_ - real_tail_);
    guard::allow(base_, committed_head_);
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
