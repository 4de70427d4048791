#include "kernels/broadcast.h"

namespace cmsim {
namespace {

// Length of a dimension, counted from the last one; 1 where there is none.
uint32_t length(const Tensor& tensor, uint32_t from_end) {
    return from_end < tensor.rank() ? static_cast<uint32_t>(tensor.dims[tensor.rank() - 1 - from_end]) : 1;
}

}  // namespace

bool broadcasts_to(const Tensor& a, const Tensor& b, const Tensor& output) {
    if (output.rank() != (a.rank() > b.rank() ? a.rank() : b.rank())) return false;
    for (uint32_t i = 0; i < output.rank(); ++i) {
        const uint32_t in_a = length(a, i), in_b = length(b, i);
        if (in_a != in_b && in_a != 1 && in_b != 1) return false;
        if (length(output, i) != (in_a == 1 ? in_b : in_a)) return false;
    }
    return output.element_count() > 0;
}

BroadcastLoops::BroadcastLoops(const Tensor& a, const Tensor& b, const Tensor& output) {
    uint32_t size_a = 1, size_b = 1;  // elements in the dimensions so far
    for (uint32_t i = 0; i < output.rank(); ++i) {
        const uint32_t count = length(output, i);
        if (count == 1) continue;
        const uint32_t step_a = length(a, i) == 1 ? 0 : size_a;
        const uint32_t step_b = length(b, i) == 1 ? 0 : size_b;
        Loop* last = loop_count_ > 0 ? &loops_[loop_count_ - 1] : nullptr;
        if (last != nullptr && step_a == last->step_a * last->count && step_b == last->step_b * last->count) {
            last->count *= count;
        } else {
            loops_[loop_count_++] = {count, step_a, step_b, 0};
        }
        size_a *= length(a, i);
        size_b *= length(b, i);
    }
    if (loop_count_ == 0) loops_[loop_count_++] = {1, 0, 0, 0};
}

bool BroadcastLoops::next() {
    for (uint32_t i = 1; i < loop_count_; ++i) {
        Loop& loop = loops_[i];
        start_a_ += loop.step_a;
        start_b_ += loop.step_b;
        if (++loop.index < loop.count) return true;
        loop.index = 0;
        start_a_ -= loop.step_a * loop.count;
        start_b_ -= loop.step_b * loop.count;
    }
    return false;
}

}  // namespace cmsim
