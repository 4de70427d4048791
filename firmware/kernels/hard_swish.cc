// HARD_SWISH, x * relu6(x + 3) / 6: float32; int8 in 16-bit fixed point, step by step as TensorFlow Lite's reference has it.
#include "kernels/elementwise.h"

namespace cmsim {
namespace {

constexpr int kExtraBits = 7;  // an int8 difference has 9 bits of 16

struct Data {  // of int8
    int32_t output_shift, reluish_shift;
    int16_t output_multiplier, reluish_multiplier;
};

int16_t upper_half(int32_t multiplier) {
    return multiplier >= kInt32Max - (1 << 15) ? int16_t{32767} : static_cast<int16_t>((multiplier + (1 << 15)) >> 16);
}

Status prepare(Context& context, Node& node) {
    Unary tensors;
    const Status status = prepare_unary(context, node, &tensors);
    if (status != Status::kOk) return status;
    if (tensors.input->type != tensors.output->type) return context.unsupported("input and output differ in type");
    if (tensors.input->type == TensorType::kFloat32) return Status::kOk;
    if (!is_int8(*tensors.input) || !is_int8(*tensors.output)) {
        return context.unsupported("input and output must be float32 or quantised int8");
    }
    auto* data = context.allocate<Data>();
    if (data == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    const double fine_scale = static_cast<double>(tensors.input->scale()) / (1 << kExtraBits);
    constexpr double kReluishScale = 3.0 / 32768.0;
    Multiplier output, reluish;
    if (!quantize_multiplier(fine_scale / static_cast<double>(tensors.output->scale()), &output) || output.shift > 0 ||
        !quantize_multiplier(fine_scale / kReluishScale, &reluish)) {
        return context.unsupported("scales");
    }
    *data = {output.shift, reluish.shift, upper_half(output.value), upper_half(reluish.value)};
    return Status::kOk;
}

int16_t saturate(int32_t value) { return static_cast<int16_t>(clamp(value, -32768, 32767)); }

// a * b * 2, the upper 16 bits: rounded to nearest, and rounded to zero.
int16_t rounding_high_mul(int16_t a, int16_t b) { return saturate((a * b + (1 << 14)) >> 15); }
int16_t truncating_high_mul(int16_t a, int16_t b) { return saturate(a * b / (1 << 15)); }

int16_t shift_left(int16_t value, int shift) { return saturate(saturating_shift_left(value, shift)); }

// rounding_divide_by_pot() with a mask of 16 bits, which for exponents above 15 makes it 1 of all that is not negative.
int16_t shift_right(int16_t x, int exponent) {
    const auto mask = static_cast<int16_t>((static_cast<uint32_t>(1) << exponent) - 1);
    const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
    return static_cast<int16_t>((x >> exponent) + ((x & mask) > threshold ? 1 : 0));
}

int8_t hard_swish(const Data& data, int32_t difference, int32_t zero_out) {
    const auto fine = static_cast<int16_t>(difference * (1 << kExtraBits));
    const int16_t scaled = rounding_high_mul(fine, data.output_multiplier);  // output scale, but for its shift
    // x / 3 in [-1, 1), 15 fractional bits, saturated; shifted left in two steps, as only the last one may saturate.
    int16_t reluish = fine;
    if (data.reluish_shift > 0) reluish = shift_left(reluish, data.reluish_shift - 1);
    reluish = rounding_high_mul(reluish, data.reluish_multiplier);
    if (data.reluish_shift > 0) reluish = shift_left(reluish, 1);
    if (data.reluish_shift < 0) reluish = shift_right(reluish, -data.reluish_shift);
    reluish = static_cast<int16_t>((reluish + (1 << 15)) >> 1);  // relu6(x + 3) / 6
    const int16_t product = truncating_high_mul(reluish, scaled);
    return static_cast<int8_t>(clamp(shift_right(product, -data.output_shift) + zero_out, -128, 127));
}

float float_hard_swish(float x) {
    const float raised = x + 3;
    const float low = 0 < raised ? raised : 0.0f;
    return x * (low < 6 ? low : 6.0f) / 6;
}

Status invoke(Context& context, Node& node) {
    const Unary tensors = unary(context, node);
    if (tensors.input->type == TensorType::kFloat32) return invoke_float<float_hard_swish>(context, node);
    const int32_t zero_in = tensors.input->zero_point(), zero_out = tensors.output->zero_point();
    const Data data = *static_cast<const Data*>(node.data);
    for_each<int8_t, int8_t>(tensors, [&](int8_t value) { return hard_swish(data, value - zero_in, zero_out); });
    return Status::kOk;
}

}  // namespace

const Registration op::HARD_SWISH = {"HARD_SWISH", builtin::kHardSwish, 1, prepare, invoke};

}  // namespace cmsim
