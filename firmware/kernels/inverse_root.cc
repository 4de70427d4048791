#include "kernels/inverse_root.h"

#include "kernels/exponential.h"

namespace cmsim {

Multiplier inverse_root(int32_t x) {
    if (x <= 1) return {kInt32Max, 0};
    // x = y * 4^n with y in [2^27, 2^29); 1 / sqrt(y) by Newton's iteration, numbers in Q3.
    int32_t right = 11;
    for (; x >= 1 << 29; x /= 4) ++right;
    const int pairs = (__builtin_clz(static_cast<uint32_t>(x)) - 1) / 2 - 1;
    right -= pairs;
    x <<= 2 * pairs;
    constexpr int32_t kOne = 1 << 28;
    constexpr int32_t kThreeHalves = kOne + kOne / 2;
    constexpr int32_t kHalfOfRoot2 = 1518500250;  // Q0
    const int32_t half = rounding_divide_by_pot(x >> 1, 1);
    int32_t root = kOne;
    for (int i = 0; i < 5; ++i) {
        const int32_t cube = saturating_shift_left(fixed_multiply(fixed_multiply(root, root), root), 6);
        root = saturating_shift_left(fixed_multiply(kThreeHalves, root) - fixed_multiply(half, cube), 3);
    }
    root = fixed_multiply(root, kHalfOfRoot2);
    if (right < 0) return {static_cast<int32_t>(static_cast<uint32_t>(root) << -right), 0};
    return {root, -right};
}

}  // namespace cmsim
