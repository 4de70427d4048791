#include "kernels/quantization.h"

namespace cmsim {

namespace {

constexpr float kLargestFloat = 3.40282347e38f;

// mantissa * 2^(shift - 54), of which 31 bits stay; mantissa in [2^53, 2^54). Rounded to nearest twice: first to the 53 bits of a
// double, by the 1. (Halves to even would give the same: here it matters only before a number of odd last bit.)
bool shorten(uint64_t mantissa, int32_t shift, Multiplier* multiplier) {
    auto value = static_cast<uint32_t>((mantissa + 1 + (1u << 22)) >> 23);
    if (value == 0x80000000) value >>= 1, ++shift;
    if (shift > 30) return false;
    if (shift < -31) value = 0, shift = 0;
    multiplier->value = static_cast<int32_t>(value);
    multiplier->shift = shift;
    return true;
}

// A positive finite float as mantissa * 2^(exponent - 150); mantissa in [2^23, 2^24).
struct Parts {
    uint32_t mantissa;
    int32_t exponent;
};

bool take_apart(float value, Parts* parts) {
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    if (bits == 0 || bits >= 0x7F800000) return false;  // the sign bit, too
    parts->exponent = static_cast<int32_t>(bits >> 23);
    parts->mantissa = bits & 0x7FFFFF;
    if (parts->exponent > 0) {
        parts->mantissa |= 0x800000;
    } else {
        const int up = __builtin_clz(parts->mantissa) - 8;
        parts->mantissa <<= up;
        parts->exponent = 1 - up;
    }
    return true;
}

}  // namespace

bool quantize_multiplier(double factor, Multiplier* multiplier) {
    // A double is mantissa * 2^(exponent - 1075); mantissa has 53 bits.
    uint64_t bits;
    static_assert(sizeof bits == sizeof factor, "IEEE double");
    __builtin_memcpy(&bits, &factor, sizeof bits);
    const auto biased = static_cast<int32_t>(bits >> 52);  // the sign bit would make it 2048 and more
    if (bits == 0 || biased >= 0x7FF) return false;
    return shorten((bits << 1 & 0x1FFFFFFFFFFFFF) | 0x20000000000000, biased - 1022, multiplier);
}

bool quantize_ratio(float a, float b, float divisor, Multiplier* multiplier) {
    Parts first, second, third;
    if (!take_apart(a, &first) || !take_apart(b, &second) || !take_apart(divisor, &third)) return false;
    // The product is exact. Long division gives 54 or 55 bits of the quotient.
    uint64_t product = static_cast<uint64_t>(first.mantissa) * second.mantissa << 16;
    int32_t shift = first.exponent + second.exponent - third.exponent - 126;
    if (product >> 63 == 0) product <<= 1, --shift;
    uint64_t quotient = 0;
    uint32_t rest = 0;
    for (int i = 0; i < 78; ++i, product <<= 1) {
        rest = rest << 1 | static_cast<uint32_t>(product >> 63);
        quotient <<= 1;
        if (rest >= third.mantissa) rest -= third.mantissa, quotient |= 1;
    }
    if (quotient >> 54 != 0) quotient >>= 1, ++shift;
    return shorten(quotient, shift, multiplier);
}

float round_half_away(float value) {
    constexpr float kAllAreIntegers = 8388608.0f;  // 2^23
    if (!(value < kAllAreIntegers && value > -kAllAreIntegers)) return value;
    const auto whole = static_cast<float>(static_cast<int32_t>(value));
    const float rest = value - whole;  // exact
    return rest >= 0.5f ? whole + 1.0f : rest <= -0.5f ? whole - 1.0f : whole;
}

Range integer_range(TensorType type) {
    if (type == TensorType::kUint8) return {0, 255};
    if (type != TensorType::kInt8 && type != TensorType::kInt16 && type != TensorType::kInt32) return {0, -1};
    const int32_t high = kInt32Max >> (32 - 8 * type_size(type));
    return {-high - 1, high};
}

bool activation_range(Activation activation, const Tensor& output, Range* range) {
    FloatRange real;
    if (!float_activation_range(activation, &real)) return false;
    *range = integer_range(output.type);
    const float bounds[] = {real.low, real.high};
    for (int i = 0; i < 2; ++i) {
        if (bounds[i] == kLargestFloat || bounds[i] == -kLargestFloat) continue;
        // The bound as a quantised value; beyond int32 there is no such value.
        const float steps = round_half_away(bounds[i] / output.scale());
        if (!(steps > -2147483648.0f && steps < 2147483648.0f)) return false;
        const int32_t bound = add_wrapping(output.zero_point(), static_cast<int32_t>(steps));
        if (i == 0 && bound > range->low) range->low = bound;
        if (i == 1 && bound < range->high) range->high = bound;
    }
    return range->low <= range->high;
}

bool float_activation_range(Activation activation, FloatRange* range) {
    switch (activation) {
        case Activation::kNone: *range = {-kLargestFloat, kLargestFloat}; return true;
        case Activation::kRelu: *range = {0.0f, kLargestFloat}; return true;
        case Activation::kRelu6: *range = {0.0f, 6.0f}; return true;
        case Activation::kReluN1To1: *range = {-1.0f, 1.0f}; return true;
        default: return false;
    }
}

bool is_quantized(const Tensor& tensor) {
    const Range range = integer_range(tensor.type);
    return tensor.scale_count() == 1 && tensor.zero_point() >= range.low && tensor.zero_point() <= range.high;
}

bool is_int8(const Tensor& tensor) { return tensor.type == TensorType::kInt8 && is_quantized(tensor); }

}  // namespace cmsim
