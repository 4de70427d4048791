// What SOFTMAX and LOG_SOFTMAX share: exponentials of differences to the largest value of a row, int8.
#pragma once
#include "kernels/elementwise.h"
#include "kernels/exponential.h"

namespace cmsim {

constexpr int kDifferenceIntegerBits = 5;  // differences to the maximum, scaled, are Q5
constexpr int kSumIntegerBits = 12;        // sums of exponentials are Q12
constexpr int32_t kMaxDepth = (1 << kSumIntegerBits) - 1;  // more ones than this would overflow the sum

struct DifferenceScale {
    Multiplier multiplier;        // to Q5; the shift is 1 to 31
    int32_t smallest_difference;  // below it the exponential counts as 0
};

// False where beta * scale is too small or no number.
bool difference_scale(float beta, float scale, DifferenceScale* result);

// `difference` in Q5, not below the smallest one.
inline int32_t scaled_difference(const DifferenceScale& scale, int32_t difference) {
    const auto shifted = static_cast<int32_t>(static_cast<uint32_t>(difference) << scale.multiplier.shift);
    return saturating_rounding_doubling_high_mul(shifted, scale.multiplier.value);
}

// Sum of the exponentials of all differences of a row to `largest`, Q12.
int32_t sum_of_exponentials(const DifferenceScale& scale, const int8_t* values, int32_t depth, int32_t largest);

template <class T>
T largest_of(const T* values, int32_t depth) {
    T largest = values[0];
    for (int32_t i = 1; i < depth; ++i) {
        if (values[i] > largest) largest = values[i];
    }
    return largest;
}

}  // namespace cmsim
