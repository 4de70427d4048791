#include "kernels/softmax_int16.h"

#include "kernels/constant_exp.h"

namespace cmsim {
namespace {

// A function is known at 513 places along the 65536 values of int16. Each value is corrected by half of what linear
// interpolation misses in the middle of the step behind it. All in float, as TensorFlow Lite fills its tables.
constexpr int kSteps = 512;
constexpr int kStepBits = 7;
constexpr float kOutputUnit = 2.0f / 65535;  // results are in [-1, 1]
constexpr float kPerUnit = 65536.0f / (kOutputUnit * 32767 - kOutputUnit * -32768);

constexpr float rounded(float x) { return static_cast<float>(static_cast<int32_t>(x < 0 ? x - 0.5f : x + 0.5f)); }

constexpr int16_t saturated(float x) { return static_cast<int16_t>(x > 32767.0f ? 32767.0f : x < -32768.0f ? -32768.0f : x); }

constexpr int16_t entry(float here, float middle, float next) {
    const float value = rounded(here * kPerUnit);
    const float interpolated = rounded((next * kPerUnit + value) / 2);
    return saturated(value - rounded((interpolated - rounded(middle * kPerUnit)) / 2));
}

// exp(x) for x from -10 to 0
struct Table {
    int16_t values[kSteps + 1];
};

constexpr float exp_at(float x) { return static_cast<float>(constant_exp_minus(static_cast<double>(-x))); }

constexpr Table make_table() {
    Table table = {};
    constexpr float kLow = 10.0f / 65535 * -65535;
    constexpr float kStep = -kLow / kSteps;
    for (int i = 0; i < kSteps; ++i) {
        const float x = kLow + static_cast<float>(i) * kStep;
        const float next = kLow + static_cast<float>(i + 1) * kStep;
        table.values[i] = entry(exp_at(x), exp_at(x + kStep / 2), exp_at(next > 0 ? 0.0f : next));
    }
    table.values[kSteps] = saturated(rounded(kPerUnit));
    return table;
}

constexpr Table kExp = make_table();

int16_t interpolate(int32_t position, int16_t low, int16_t high) {
    const auto slope = static_cast<int16_t>(high - low);
    return static_cast<int16_t>(low + ((slope * (position & ((1 << kStepBits) - 1)) + (1 << (kStepBits - 1))) >> kStepBits));
}

int16_t exp_of(int32_t difference, Multiplier multiplier) {
    const int32_t position = clamp(add_wrapping(multiply(difference, multiplier), 32767), -32768, 32767);
    const int32_t index = kSteps / 2 + (position >> kStepBits);
    return interpolate(position, kExp.values[index], kExp.values[index + 1]);
}

// 1 / (1 + x): x in 0 to 1 as -32768 to 32767. Used once a row: the two table entries that it needs are computed.
int16_t reciprocal_entry(int32_t i) {
    constexpr float kHigh = 1.0f / 65535 * 65535;
    constexpr float kStep = kHigh / kSteps;
    if (i == kSteps) return saturated(rounded(1.0f / (1.0f + kHigh) * kPerUnit));
    const float x = static_cast<float>(i) * kStep;
    return entry(1.0f / (1.0f + x), 1.0f / (1.0f + (x + kStep / 2)), 1.0f / (1.0f + static_cast<float>(i + 1) * kStep));
}

int16_t reciprocal(int32_t position) {
    const int32_t index = kSteps / 2 + (position >> kStepBits);
    return interpolate(position, reciprocal_entry(index), reciprocal_entry(index + 1));
}

}  // namespace

void softmax_int16(const int16_t* values, int16_t* result, int32_t depth, Multiplier multiplier) {
    int32_t largest = values[0];
    for (int32_t i = 1; i < depth; ++i) {
        if (values[i] > largest) largest = values[i];
    }
    int32_t sum = 0;  // 15 fractional bits, at least almost 1
    for (int32_t i = 0; i < depth; ++i) {
        result[i] = exp_of(values[i] - largest, multiplier);
        sum += result[i];
    }
    // sum = (1 + x) * 2^power
    const int headroom = __builtin_clz(static_cast<uint32_t>(sum)) - 1;
    const auto shifted = static_cast<int32_t>(((static_cast<int64_t>(sum) << headroom) + (1 << 13)) >> 14);  // 1 + x, 16 bits
    const int32_t scale = reciprocal(clamp(shifted - (1 << 16) - (1 << 15), -32768, 32767));
    const int shift = 30 - headroom;
    for (int32_t i = 0; i < depth; ++i) {
        result[i] = static_cast<int16_t>(clamp((result[i] * scale + (1 << (shift - 1))) >> shift, 0, 32767));
    }
}

}  // namespace cmsim
