// exp(-x), x >= 0, for tables that the compiler computes; never called on the target.
#pragma once

namespace cmsim {

constexpr double constant_exp_minus(double x) {
    double term = 1, sum = 1;
    const double step = x / 32;
    for (int i = 1; i < 14; ++i) term *= step / i, sum += term;
    for (int i = 0; i < 5; ++i) sum *= sum;
    return 1 / sum;
}

}  // namespace cmsim
