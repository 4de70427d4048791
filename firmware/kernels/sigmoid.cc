#include "kernels/sigmoid.h"

#include "kernels/constant_exp.h"

namespace cmsim {
namespace {

constexpr double logistic_of(int half_steps) { return 65536 / (1 + constant_exp_minus(half_steps / 48.0)); }

struct Table {
    uint16_t values[256];
};

// The logistic function at multiples of 1/24, times 65536. Each value is raised by half of what linear interpolation misses in
// the middle of the step behind it, which balances the error.
constexpr Table make_table() {
    Table table = {};
    for (int i = 0; i < 255; ++i) {
        const double here = logistic_of(2 * i);
        const double missing = logistic_of(2 * i + 1) - (here + logistic_of(2 * i + 2)) / 2;
        table.values[i] = static_cast<uint16_t>(here + missing / 2 + 0.5);
    }
    table.values[255] = 65535;
    return table;
}

constexpr Table kTable = make_table();

// x in units of 1 / 12288
int32_t rescale(int16_t x, SigmoidInput input) {
    const uint32_t half = input.shift > 0 ? 1u << (input.shift - 1) : 0;
    return static_cast<int32_t>(static_cast<uint32_t>(x * input.value) + half) >> input.shift;
}

}  // namespace

bool is_power_of_two(float scale, int exponent) {
    constexpr double kTolerance = 1.000693387;  // 2^0.001
    double power = 1;
    for (int i = exponent; i < 0; ++i) power /= 2;
    const double ratio = static_cast<double>(scale) / power;
    return ratio < kTolerance && ratio > 1 / kTolerance;
}

bool sigmoid_input(float scale, SigmoidInput* input) {
    double factor = static_cast<double>(scale) * 4096 * 3;
    if (!(factor < 32768)) return false;
    int32_t shift = 0;
    for (; factor <= 32767.0 / 2 && shift <= 30; factor *= 2) ++shift;
    *input = {static_cast<int32_t>(factor), shift};
    return true;
}

int16_t logistic_int16(int16_t x, SigmoidInput input) {
    const int32_t position = rescale(x, input);
    const auto size = static_cast<uint32_t>(position < 0 ? -position : position);
    constexpr int kStepBits = 9;
    const uint32_t index = size >> kStepBits;
    uint32_t value = 0x7FFF << 10;  // 25 fractional bits
    if (index < 255) {
        const uint32_t low = kTable.values[index];
        value = (low << kStepBits) + (size & ((1 << kStepBits) - 1)) * (kTable.values[index + 1] - low);
    }
    if (position < 0) value = (1 << 25) - value - 1;
    return static_cast<int16_t>((value + (1 << 9)) >> 10);
}

int16_t tanh_int16(int16_t x, SigmoidInput input) {
    // tanh(x) = 2 logistic(2x) - 1: half as many position bits to a step
    const int32_t position = rescale(x, input);
    const auto size = static_cast<uint32_t>(position < 0 ? -position : position);
    constexpr int kStepBits = 8;
    const uint32_t index = size >> kStepBits;
    int32_t value = 0xFFFF << kStepBits;  // of the logistic function, 24 fractional bits
    if (index < 255) {
        const int32_t low = kTable.values[index];
        value = (low << kStepBits) + static_cast<int32_t>(size & ((1 << kStepBits) - 1)) * (kTable.values[index + 1] - low);
    }
    value -= 1 << 23;
    if (position < 0) value = -value - 1;
    return static_cast<int16_t>((value + (1 << 7)) >> 8);
}

}  // namespace cmsim
