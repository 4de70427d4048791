#include "kernels/exponential.h"

namespace cmsim {
namespace {

// exp(x) on [-1/4, 0), x and result in Q0: Taylor's series of fourth order around -1/8.
int32_t exp_between_minus_quarter_and_zero(int32_t x) {
    constexpr int32_t kExpMinusEighth = 1895147668;
    constexpr int32_t kOneThird = 715827883;
    const int32_t d = x + (1 << 28);  // x + 1/8
    const int32_t d2 = fixed_multiply(d, d);
    const int32_t d3 = fixed_multiply(d2, d);
    const int32_t d4 = fixed_multiply(d2, d2);
    const int32_t d4_over_4 = rounding_divide_by_pot(d4, 2);
    const int32_t upper = rounding_divide_by_pot(fixed_multiply(d4_over_4 + d3, kOneThird) + d2, 1);
    return kExpMinusEighth + fixed_multiply(kExpMinusEighth, d + upper);
}

}  // namespace

int32_t exp_on_negative(int32_t x) {
    constexpr int kFractionBits = 26;
    constexpr int32_t kQuarter = 1 << (kFractionBits - 2);
    if (x == 0) return kInt32Max;
    // x = r - n / 4 with r in [-1/4, 0): exp(r) by the polynomial, times exp(-2^k) for each bit of n.
    constexpr int32_t kExpMinusPowers[] = {
        1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242,  // exp of -1/4, -1/2, -1, -2, -4, -8, -16
    };
    const int32_t r = (x & (kQuarter - 1)) - kQuarter;
    const int32_t n = add_wrapping(r, -x) >> (kFractionBits - 2);
    int32_t result = exp_between_minus_quarter_and_zero(saturating_shift_left(r, 5));
    for (int bit = 0; bit < 7; ++bit) {
        if (n >> bit & 1) result = fixed_multiply(result, kExpMinusPowers[bit]);
    }
    return result;
}

int32_t one_over_one_plus(int32_t x) {
    // Newton's iteration for the reciprocal of half the denominator, h = (1 + x) / 2 in [1/2, 1).
    constexpr int32_t k48Over17 = 1515870810;        // Q2
    constexpr int32_t kMinus32Over17 = -1010580540;  // Q2
    constexpr int32_t kOneInQ2 = 1 << 29;
    const auto h = static_cast<int32_t>((static_cast<int64_t>(x) + kInt32Max + 1) / 2);
    int32_t y = k48Over17 + fixed_multiply(h, kMinus32Over17);
    for (int i = 0; i < 3; ++i) {
        const int32_t rest = kOneInQ2 - fixed_multiply(h, y);
        y += saturating_shift_left(fixed_multiply(y, rest), 2);
    }
    return saturating_shift_left(y, 1);
}

}  // namespace cmsim
