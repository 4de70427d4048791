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

constexpr int32_t kOneInQ2 = 1 << 29;

// 2 / (1 + x): x in Q0, the result in Q2.
int32_t two_over_one_plus(int32_t x) {
    // Newton's iteration for the reciprocal of half the denominator, h = (1 + x) / 2 in [1/2, 1).
    constexpr int32_t k48Over17 = 1515870810;        // Q2
    constexpr int32_t kMinus32Over17 = -1010580540;  // Q2
    const auto h = static_cast<int32_t>((static_cast<int64_t>(x) + kInt32Max + 1) / 2);
    int32_t y = k48Over17 + fixed_multiply(h, kMinus32Over17);
    for (int i = 0; i < 3; ++i) {
        const int32_t rest = kOneInQ2 - fixed_multiply(h, y);
        y += saturating_shift_left(fixed_multiply(y, rest), 2);
    }
    return y;
}

}  // namespace

int32_t exp_on_negative(int32_t x, int integer_bits) {
    const int quarter_bits = 31 - integer_bits - 2;
    const int32_t quarter = 1 << quarter_bits;
    if (x == 0) return kInt32Max;
    // x = r - n / 4 with r in [-1/4, 0): exp(r) by the polynomial, times exp(-2^k) for each bit of n.
    constexpr int32_t kExpMinusPowers[] = {
        1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242,  // exp of -1/4, -1/2, -1, -2, -4, -8, -16
    };
    const int32_t r = (x & (quarter - 1)) - quarter;
    const int32_t n = static_cast<int32_t>(static_cast<uint32_t>(r) - static_cast<uint32_t>(x)) >> quarter_bits;
    int32_t result = exp_between_minus_quarter_and_zero(saturating_shift_left(r, integer_bits));
    for (int bit = 0; bit < integer_bits + 2; ++bit) {
        if (n >> bit & 1) result = fixed_multiply(result, kExpMinusPowers[bit]);
    }
    return result;
}

int32_t one_over_one_plus(int32_t x) { return saturating_shift_left(two_over_one_plus(x), 1); }

int32_t one_minus_over_one_plus(int32_t x) { return saturating_shift_left(two_over_one_plus(x) - kOneInQ2, 2); }

int32_t logistic(int32_t x) {
    if (x == 0) return 1 << 30;
    const int32_t upper = one_over_one_plus(exp_on_negative(x > 0 ? -x : x, 4));
    return x > 0 ? upper : kInt32Max - upper;
}

int32_t tanh(int32_t x) {
    if (x == 0) return 0;
    const int32_t size = one_minus_over_one_plus(exp_on_negative(x > 0 ? -x : x, 5));  // of 2x: a Q4 number read as Q5
    return x > 0 ? size : -size;
}

int32_t log_above_one(int32_t x) {
    constexpr int kInputBits = 12, kSumBits = 6;  // the sum has one bit more than the result
    constexpr int32_t kLn2 = 1488522236, kRootOfHalf = 1518500250, kFourthRootOfHalf = 1805811301;  // Q0
    constexpr int32_t kQuarter = 1 << (31 - kSumBits - 2);
    // x = r * 2^power with r around the fourth root of 1/2. Of two ways to choose the power, a quarter more and a quarter
    // less than a whole number, the one that gives the smaller r.
    const int headroom = __builtin_clz(static_cast<uint32_t>(x));
    const int32_t r_a = saturating_shift_left(fixed_multiply(saturating_shift_left(x, headroom - 1), kRootOfHalf), 1);
    const int32_t power_a = (kInputBits - headroom) * (1 << (31 - kSumBits)) + kQuarter;
    const int headroom_b = __builtin_clz(static_cast<uint32_t>(fixed_multiply(x, kRootOfHalf))) - 1;
    const int32_t r_b = saturating_shift_left(x, headroom_b);
    const int32_t power_b = (kInputBits - headroom_b) * (1 << (31 - kSumBits)) - kQuarter;
    const int32_t r = r_a < r_b ? r_a : r_b;
    const int32_t power = power_a > power_b ? power_a : power_b;
    // ln(r) by a rational function of the distance to the fourth root. Coefficients in Q0, c = 2^(1/4):
    constexpr int32_t kN = 117049297;   // 11 / 240 c
    constexpr int32_t kD = 127690142;   // 1 / 20 c
    constexpr int32_t kI = 1057819769;  // 2 / c - c
    constexpr int32_t kF = 638450708;   // 1 / 4 c
    const auto p = static_cast<int32_t>((static_cast<int64_t>(r) + kFourthRootOfHalf + 1) / 2);
    const int32_t q = 2 * (r - kFourthRootOfHalf);
    const int32_t square = fixed_multiply(q, q);
    const int32_t numerator = fixed_multiply(q, r) + fixed_multiply(fixed_multiply(q, square), kN);
    const int32_t denominator_minus_one = fixed_multiply(p, kI + q + fixed_multiply(kD, square)) + fixed_multiply(kF, q);
    const int32_t reciprocal = one_over_one_plus(denominator_minus_one);
    const int32_t quotient = fixed_multiply(rounding_divide_by_pot(numerator, kSumBits), reciprocal);
    return saturating_shift_left(fixed_multiply(power, kLn2) + quotient, 1);
}

}  // namespace cmsim
