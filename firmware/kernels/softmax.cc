// SOFTMAX, int8, along the last dimension.
#include "kernels/exponential.h"
#include "kernels/operators.h"
#include "kernels/quantization.h"

namespace cmsim {
namespace {

constexpr int kDifferenceIntegerBits = 5;    // differences to the maximum, scaled, are Q5
constexpr int kSumIntegerBits = 12;          // sums of exponentials are Q12
constexpr int32_t kMaxDepth = (1 << kSumIntegerBits) - 1;  // more ones than this would overflow the sum

struct Data {
    Multiplier input;
    int32_t smallest_difference;  // below it the exponential counts as 0
};

Status prepare(Context& context, Node& node) {
    const Tensor* input = context.input(node, 0);
    const Tensor* output = context.output(node, 0);
    if (node.input_count != 1 || node.output_count != 1 || input == nullptr) {
        return context.unsupported("number of inputs or outputs");
    }
    if (!is_int8(*input) || !is_int8(*output)) return context.unsupported("input and output must be quantised int8");
    if (output->zero_point != -128 || output->scale() != 1.0f / 256.0f) {
        return context.unsupported("output must have scale 1/256 and zero point -128");
    }
    if (input->rank < 1 || input->rank != output->rank) return context.unsupported("shapes");
    for (unsigned axis = 0; axis < input->rank; ++axis) {
        if (input->dim(axis) != output->dim(axis)) return context.unsupported("shapes");
    }
    if (input->dim(input->rank - 1u) > kMaxDepth) return context.unsupported("more than 4095 classes");

    auto* data = context.allocate<Data>();
    if (data == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    const auto beta = static_cast<double>(context.options.scalar<float>(field::softmax::kBeta));
    constexpr double kLargest = 2147483647.0;
    double factor = beta * static_cast<double>(input->scale()) * (1 << (31 - kDifferenceIntegerBits));
    if (factor > kLargest) factor = kLargest;
    // Written so that NaN fails too. The limit makes the shift 31 at most, which quantize_multiplier() would not take.
    if (!(factor > 1.0)) return context.unsupported("beta or scale");
    if (!quantize_multiplier(factor / 2, &data->input)) return context.unsupported("beta or scale");
    ++data->input.shift;
    const int64_t radius = static_cast<int64_t>((1 << kDifferenceIntegerBits) - 1) << (31 - kDifferenceIntegerBits);
    data->smallest_difference = -static_cast<int32_t>(radius >> data->input.shift);
    return Status::kOk;
}

// exp(difference * beta * scale) in Q0.
int32_t exponential(const Data& data, int32_t difference) {
    const auto shifted = static_cast<int32_t>(static_cast<uint32_t>(difference) << data.input.shift);
    return exp_on_negative(saturating_rounding_doubling_high_mul(shifted, data.input.value));
}

void softmax_row(const Data& data, const int8_t* values, int8_t* result, int32_t depth) {
    int32_t largest = -128;
    for (int32_t i = 0; i < depth; ++i) {
        if (values[i] > largest) largest = values[i];
    }
    int32_t sum = 0;
    for (int32_t i = 0; i < depth; ++i) {
        const int32_t difference = values[i] - largest;
        if (difference < data.smallest_difference) continue;
        sum += rounding_divide_by_pot(exponential(data, difference), kSumIntegerBits);
    }
    // 1 / sum as a Q0 number in (1/2, 1] and a power of two.
    const int headroom = __builtin_clz(static_cast<uint32_t>(sum));
    const auto fraction = static_cast<int32_t>((static_cast<uint32_t>(sum) << headroom) - 0x80000000u);
    const int32_t scale = one_over_one_plus(fraction);
    const int shift = kSumIntegerBits - headroom + 31 - 8;
    for (int32_t i = 0; i < depth; ++i) {
        const int32_t difference = values[i] - largest;
        int32_t probability = 0;  // in 1/256
        if (difference >= data.smallest_difference && shift <= 31) {
            probability = rounding_divide_by_pot(fixed_multiply(scale, exponential(data, difference)), shift);
        }
        result[i] = static_cast<int8_t>(clamp(probability - 128, -128, 127));
    }
}

Status invoke(Context& context, Node& node) {
    const Tensor& input = *context.input(node, 0);
    const Tensor& output = *context.output(node, 0);
    const int32_t depth = input.dim(input.rank - 1u);
    const uint32_t count = input.element_count();
    for (uint32_t start = 0; start < count; start += static_cast<uint32_t>(depth)) {
        softmax_row(*static_cast<const Data*>(node.data), input.as<const int8_t>() + start, output.as<int8_t>() + start, depth);
    }
    return Status::kOk;
}

}  // namespace

const Registration op::SOFTMAX = {"SOFTMAX", builtin::kSoftmax, 3, prepare, invoke};

}  // namespace cmsim
