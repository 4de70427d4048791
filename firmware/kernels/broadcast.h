// Two inputs stretched to the shape of the output, as numpy does: shapes are aligned at their ends, and along a dimension of
// length 1, or a missing one, an input has the same value everywhere.
#pragma once
#include "interpreter/operator.h"

namespace cmsim {

// Whether `a` and `b` broadcast to just the shape that `output` has.
bool broadcasts_to(const Tensor& a, const Tensor& b, const Tensor& output);

// Walks over the output in order. Dimensions that both inputs step through alike are one loop: equal shapes are a single one.
class BroadcastLoops {
public:
    BroadcastLoops(const Tensor& a, const Tensor& b, const Tensor& output);

    // The innermost loop: `count` elements, which begin at these places and are so far apart (0 or 1).
    uint32_t count() const { return loops_[0].count; }
    uint32_t step_a() const { return loops_[0].step_a; }
    uint32_t step_b() const { return loops_[0].step_b; }
    uint32_t start_a() const { return start_a_; }
    uint32_t start_b() const { return start_b_; }

    // To the next innermost loop; false after the last.
    bool next();

private:
    static constexpr uint32_t kMaxRank = 8;
    struct Loop {
        uint32_t count, step_a, step_b, index;
    };
    Loop loops_[kMaxRank];  // the innermost first
    uint32_t loop_count_ = 0;
    uint32_t start_a_ = 0;
    uint32_t start_b_ = 0;
};

// output[...] = function(a[...], b[...])
template <class A, class B, class Result, class Function>
void for_each_pair(const Tensor& a, const Tensor& b, const Tensor& output, Function function) {
    BroadcastLoops loops(a, b, output);
    Result* result = output.as<Result>();
    const uint32_t step_a = loops.step_a(), step_b = loops.step_b();
    do {
        const A* value_a = a.as<const A>() + loops.start_a();
        const B* value_b = b.as<const B>() + loops.start_b();
        for (uint32_t n = loops.count(); n > 0; --n, value_a += step_a, value_b += step_b) {
            *result++ = function(*value_a, *value_b);
        }
    } while (loops.next());
}

}  // namespace cmsim
