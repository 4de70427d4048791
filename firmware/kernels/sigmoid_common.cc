#include "kernels/sigmoid_common.h"

namespace cmsim {

int32_t input_radius(int integer_bits, int32_t shift) {
    const int64_t largest = static_cast<int64_t>((1 << integer_bits) - 1) << (31 - integer_bits);
    return shift > 31 ? 0 : static_cast<int32_t>(largest >> shift);
}

Status prepare_sigmoid(Context& context, Node& node, int output_exponent_int8, int32_t zero_point, int largest_exponent) {
    Unary tensors;
    const Status status = prepare_unary(context, node, &tensors);
    if (status != Status::kOk) return status;
    const Tensor& input = *tensors.input;
    const Tensor& output = *tensors.output;
    if (input.type != output.type) return context.unsupported("input and output differ in type");
    if (input.type == TensorType::kFloat32) return Status::kOk;
    if (input.type == TensorType::kInt16) {
        if (!is_symmetric(input) || !is_symmetric(output)) return context.unsupported("int16 needs one scale and zero point 0");
        if (!is_power_of_two(output.scale(), -15)) return context.unsupported("int16 output must have scale 1/32768");
        auto* data = context.allocate<SigmoidInput>();
        if (data == nullptr) return Status::kArenaTooSmall;
        node.data = data;
        for (int exponent = -12; exponent <= largest_exponent; ++exponent) {
            if (is_power_of_two(input.scale(), exponent)) {
                *data = {3 << (exponent + 12), 0};
                return Status::kOk;
            }
        }
        return sigmoid_input(input.scale(), data) ? Status::kOk : context.unsupported("scale");
    }
    if (!is_int8(input) || !is_int8(output)) {
        return context.unsupported("input and output must be float32, int16 or quantised int8");
    }
    if (!is_power_of_two(output.scale(), output_exponent_int8) || output.zero_point() != zero_point) {
        return context.unsupported("output scale and zero point are not those of the function's range");
    }
    auto* data = context.allocate<SigmoidData>();
    if (data == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    constexpr int kInputBits = 4;
    const double factor = static_cast<double>(input.scale()) * (1 << (31 - kInputBits));
    // From 2^30 on every value saturates, even 0; the factor is not used.
    constexpr double kLargest = 1 << 30;
    const bool large = factor >= kLargest;
    if (!quantize_multiplier(large ? kLargest / 2 : factor, &data->multiplier) || data->multiplier.shift < 0) {
        return context.unsupported("scale");
    }
    data->radius = large ? input_radius(kInputBits, 31) : input_radius(kInputBits, data->multiplier.shift);
    return Status::kOk;
}

}  // namespace cmsim
