#include "kernels/quantization.h"

namespace cmsim {

bool quantize_multiplier(double factor, Multiplier* multiplier) {
    // A double is mantissa * 2^(exponent - 1075); mantissa has 53 bits, of which 31 stay, rounded to nearest.
    uint64_t bits;
    static_assert(sizeof bits == sizeof factor, "IEEE double");
    __builtin_memcpy(&bits, &factor, sizeof bits);
    const auto biased = static_cast<int32_t>(bits >> 52);  // the sign bit would make it 2048 and more
    if (bits == 0 || biased >= 0x7FF) return false;
    const uint64_t mantissa = (bits & 0xFFFFFFFFFFFFF) | 0x10000000000000;
    uint64_t value = (mantissa + (1u << 21)) >> 22;
    int32_t shift = biased - 1022;
    if (value == 0x80000000) value >>= 1, ++shift;
    if (shift > 30) return false;
    if (shift < -31) value = 0, shift = 0;
    multiplier->value = static_cast<int32_t>(value);
    multiplier->shift = shift;
    return true;
}

float round_half_away(float value) {
    constexpr float kAllAreIntegers = 8388608.0f;  // 2^23
    if (!(value < kAllAreIntegers && value > -kAllAreIntegers)) return value;
    const auto whole = static_cast<float>(static_cast<int32_t>(value));
    const float rest = value - whole;  // exact
    return rest >= 0.5f ? whole + 1.0f : rest <= -0.5f ? whole - 1.0f : whole;
}

Range integer_range(TensorType type) {
    switch (type) {
        case TensorType::kInt8: return {-128, 127};
        case TensorType::kUint8: return {0, 255};
        case TensorType::kInt16: return {-32768, 32767};
        case TensorType::kInt32: return {kInt32Min, kInt32Max};
        default: return {0, -1};
    }
}

bool activation_range(Activation activation, const Tensor& output, Range* range) {
    // A bound `real` as a quantised value; beyond int32 there is no such value.
    const auto quantized = [&output](float real, int32_t* value) {
        const float steps = round_half_away(real / output.scale());
        if (!(steps > -2147483648.0f && steps < 2147483648.0f)) return false;
        *value = add_wrapping(output.zero_point(), static_cast<int32_t>(steps));
        return true;
    };
    *range = integer_range(output.type);
    int32_t low = range->low;
    int32_t high = range->high;
    switch (activation) {
        case Activation::kNone: break;
        case Activation::kRelu:
            if (!quantized(0.0f, &low)) return false;
            break;
        case Activation::kRelu6:
            if (!quantized(0.0f, &low) || !quantized(6.0f, &high)) return false;
            break;
        case Activation::kReluN1To1:
            if (!quantized(-1.0f, &low) || !quantized(1.0f, &high)) return false;
            break;
        default: return false;
    }
    if (low > range->low) range->low = low;
    if (high < range->high) range->high = high;
    return range->low <= range->high;
}

bool float_activation_range(Activation activation, FloatRange* range) {
    constexpr float kLargest = 3.40282347e38f;
    switch (activation) {
        case Activation::kNone: *range = {-kLargest, kLargest}; return true;
        case Activation::kRelu: *range = {0.0f, kLargest}; return true;
        case Activation::kRelu6: *range = {0.0f, 6.0f}; return true;
        case Activation::kReluN1To1: *range = {-1.0f, 1.0f}; return true;
        default: return false;
    }
}

bool is_quantized(const Tensor& tensor) {
    const Range range = integer_range(tensor.type);
    return tensor.scale_count() == 1 && tensor.zero_point() >= range.low && tensor.zero_point() <= range.high;
}

bool is_int8(const Tensor& tensor) {
    return tensor.type == TensorType::kInt8 && tensor.scale_count() == 1 && tensor.zero_point() >= -128 &&
           tensor.zero_point() <= 127;
}

}  // namespace cmsim
