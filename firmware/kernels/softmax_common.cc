#include "kernels/softmax_common.h"

namespace cmsim {

bool difference_scale(float beta, float scale, DifferenceScale* result) {
    constexpr double kLargest = 2147483647.0;
    double factor = static_cast<double>(beta) * static_cast<double>(scale) * (1 << (31 - kDifferenceIntegerBits));
    if (factor > kLargest) factor = kLargest;
    // Written so that NaN fails too. The limit makes the shift 31 at most, which quantize_multiplier() would not take.
    if (!(factor > 1.0) || !quantize_multiplier(factor / 2, &result->multiplier)) return false;
    ++result->multiplier.shift;
    const int64_t radius = static_cast<int64_t>((1 << kDifferenceIntegerBits) - 1) << (31 - kDifferenceIntegerBits);
    result->smallest_difference = -static_cast<int32_t>(radius >> result->multiplier.shift);
    return true;
}

int32_t sum_of_exponentials(const DifferenceScale& scale, const int8_t* values, int32_t depth, int32_t largest) {
    int32_t sum = 0;
    for (int32_t i = 0; i < depth; ++i) {
        const int32_t difference = values[i] - largest;
        if (difference < scale.smallest_difference) continue;
        sum += rounding_divide_by_pot(exp_on_negative(scaled_difference(scale, difference)), kSumIntegerBits);
    }
    return sum;
}

}  // namespace cmsim
