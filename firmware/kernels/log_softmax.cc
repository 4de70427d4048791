// LOG_SOFTMAX along the last dimension: int8 (to scale 1/16, zero point 127), float32.
#include "kernels/float_functions.h"
#include "kernels/softmax_common.h"

namespace cmsim {
namespace {

constexpr int kOutputIntegerBits = 4;

struct Data {  // of int8
    DifferenceScale scale;
    Multiplier back;  // from Q5 to input steps
};

Status prepare(Context& context, Node& node) {
    Unary tensors;
    const Status status = prepare_unary(context, node, &tensors);
    if (status != Status::kOk) return status;
    const Tensor& input = *tensors.input;
    const Tensor& output = *tensors.output;
    if (input.rank() < 1 || !input.same_shape(output)) return context.unsupported("shapes");
    if (input.type != output.type) return context.unsupported("input and output differ in type");
    if (input.type == TensorType::kFloat32) return Status::kOk;
    if (!is_int8(input) || !is_int8(output)) return context.unsupported("input and output must be float32 or quantised int8");
    if (output.zero_point() != 127 || output.scale() != 1.0f / 16) {
        return context.unsupported("output must have scale 1/16 and zero point 127");
    }
    if (input.dim(input.rank() - 1) > kMaxDepth) return context.unsupported("more than 4095 classes");
    auto* data = context.allocate<Data>();
    if (data == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    if (!difference_scale(1.0f, input.scale(), &data->scale)) return context.unsupported("scale");
    const Multiplier& there = data->scale.multiplier;
    const double back = static_cast<double>(1u << (31 - there.shift)) / static_cast<double>(there.value);
    return quantize_multiplier_below_one(back, &data->back) ? Status::kOk : context.unsupported("scale");
}

void log_softmax_row(const Data& data, const int8_t* values, int8_t* result, int32_t depth) {
    const int32_t largest = largest_of(values, depth);
    const int32_t log_sum = log_above_one(sum_of_exponentials(data.scale, values, depth, largest));
    // Differences whose logarithm, less log_sum, Q5 could not hold give the smallest value.
    int32_t smallest = data.scale.smallest_difference - 1;
    const int32_t limit = multiply(add_wrapping(log_sum, kInt32Min), data.back);
    if (limit > smallest) smallest = limit;
    for (int32_t i = 0; i < depth; ++i) {
        const int32_t difference = values[i] - largest;
        int32_t value = -128;
        if (difference > smallest) {
            const int32_t log = subtract_wrapping(scaled_difference(data.scale, difference), log_sum);
            value = rounding_divide_by_pot(log, 31 - kDifferenceIntegerBits - kOutputIntegerBits) + 127;
        }
        result[i] = static_cast<int8_t>(clamp(value, -128, 127));
    }
}

void log_softmax_row(const float* values, float* result, int32_t depth) {
    float largest = -3.40282347e38f;
    for (int32_t i = 0; i < depth; ++i) {
        if (values[i] > largest) largest = values[i];
    }
    float sum = 0;
    for (int32_t i = 0; i < depth; ++i) sum += float_exp(values[i] - largest);
    const float log_sum = float_log(sum);
    for (int32_t i = 0; i < depth; ++i) result[i] = values[i] - largest - log_sum;
}

Status invoke(Context& context, Node& node) {
    const Unary tensors = unary(context, node);
    const Tensor& input = *tensors.input;
    const int32_t depth = input.dim(input.rank() - 1);
    const uint32_t count = input.element_count();
    for (uint32_t i = 0; i < count; i += static_cast<uint32_t>(depth)) {
        if (input.type == TensorType::kFloat32) {
            log_softmax_row(input.as<const float>() + i, tensors.output->as<float>() + i, depth);
        } else {
            const auto& data = *static_cast<const Data*>(node.data);
            log_softmax_row(data, input.as<const int8_t>() + i, tensors.output->as<int8_t>() + i, depth);
        }
    }
    return Status::kOk;
}

}  // namespace

const Registration op::LOG_SOFTMAX = {"LOG_SOFTMAX", builtin::kLogSoftmax, 2, prepare, invoke};

}  // namespace cmsim
