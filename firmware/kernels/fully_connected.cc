// FULLY_CONNECTED, int8: input [..., depth] or anything that divides into rows of `depth`, weights [outputs, depth].
#include "kernels/operators.h"
#include "kernels/quantization.h"

namespace cmsim {
namespace {

struct Data {
    Range activation;
    int32_t depth;
    int32_t rows;
    bool per_channel;
    const Multiplier* multipliers;  // [outputs], or one
};

Status prepare(Context& context, Node& node) {
    const Tensor* input = context.input(node, 0);
    const Tensor* weights = context.input(node, 1);
    const Tensor* bias = context.input(node, 2);
    const Tensor* output = context.output(node, 0);
    if (input == nullptr || weights == nullptr || output == nullptr || node.input_count > 3 || node.output_count != 1) {
        return context.unsupported("number of inputs or outputs");
    }
    if (!is_int8(*input) || !is_int8(*output)) return context.unsupported("input and output must be quantised int8");
    if (weights->type != TensorType::kInt8 || weights->rank != 2 ||
        weights->zero_point < -128 || weights->zero_point > 127) {
        return context.unsupported("weights must be int8 of 2 dimensions");
    }
    const int32_t outputs = weights->dim(0);
    const int32_t depth = weights->dim(1);
    if (output->rank < 1 || output->dim(output->rank - 1u) != outputs) return context.unsupported("output shape");
    const uint32_t rows = output->element_count() / static_cast<uint32_t>(outputs);
    if (input->element_count() / static_cast<uint32_t>(depth) != rows || input->element_count() % static_cast<uint32_t>(depth)) {
        return context.unsupported("input shape");
    }
    if (bias != nullptr && (bias->type != TensorType::kInt32 || bias->element_count() != static_cast<uint32_t>(outputs))) {
        return context.unsupported("bias must be int32, one for each output");
    }
    if (context.options.scalar<int8_t>(field::fully_connected::kWeightsFormat) != 0) {
        return context.unsupported("shuffled weights");
    }
    const bool per_channel = weights->scale_count > 1;
    if (!weights->has_scale_for(0)) return context.unsupported("weights need one scale, or one for each output");

    auto* data = context.allocate<Data>();
    auto* multipliers = context.allocate<Multiplier>(weights->scale_count);
    if (data == nullptr || multipliers == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    data->depth = depth;
    data->rows = static_cast<int32_t>(rows);
    data->per_channel = per_channel;
    data->multipliers = multipliers;
    const auto activation = static_cast<Activation>(context.options.scalar<int8_t>(field::fully_connected::kActivation));
    if (!activation_range(activation, *output, &data->activation)) return context.unsupported("fused activation");

    const auto output_scale = static_cast<double>(output->scale());
    for (uint32_t i = 0; i < weights->scale_count; ++i) {
        // TensorFlow Lite Micro multiplies the two scales in float here where there is one for all, in double otherwise.
        const double product = per_channel
                                   ? static_cast<double>(input->scale()) * static_cast<double>(weights->scales[i])
                                   : static_cast<double>(input->scale() * weights->scales[i]);
        if (!quantize_multiplier(product / output_scale, &multipliers[i])) return context.unsupported("scales");
    }
    return Status::kOk;
}

Status invoke(Context& context, Node& node) {
    const Tensor& input = *context.input(node, 0);
    const Tensor& weights = *context.input(node, 1);
    const Tensor* bias = context.input(node, 2);
    const Tensor& output = *context.output(node, 0);
    const auto& data = *static_cast<const Data*>(node.data);
    const int32_t outputs = weights.dim(0);
    const int32_t depth = data.depth;
    const int32_t input_zero_point = input.zero_point;
    const int32_t weight_zero_point = data.per_channel ? 0 : weights.zero_point;
    const int32_t* biases = bias != nullptr ? bias->as<const int32_t>() : nullptr;

    const int8_t* values = input.as<const int8_t>();
    int8_t* result = output.as<int8_t>();
    for (int32_t row = 0; row < data.rows; ++row, values += depth) {
        const int8_t* weight = weights.as<const int8_t>();
        for (int32_t channel = 0; channel < outputs; ++channel, weight += depth) {
            uint32_t sum = 0;  // unsigned: it may wrap
            for (int32_t i = 0; i < depth; ++i) {
                sum += static_cast<uint32_t>((weight[i] - weight_zero_point) * (values[i] - input_zero_point));
            }
            auto accumulator = static_cast<int32_t>(sum);
            if (biases != nullptr) accumulator = add_wrapping(accumulator, biases[channel]);
            const int32_t scaled = multiply(accumulator, data.multipliers[data.per_channel ? channel : 0]);
            *result++ = static_cast<int8_t>(
                clamp(add_wrapping(scaled, output.zero_point), data.activation.low, data.activation.high));
        }
    }
    return Status::kOk;
}

}  // namespace

const Registration op::FULLY_CONNECTED = {"FULLY_CONNECTED", builtin::kFullyConnected, 13, prepare, invoke};

}  // namespace cmsim
