#include "kernels/fully_connected_common.h"

namespace cmsim {
namespace {

// The rows of `T` times the rows of weights: `product(value, weight)` summed up, then `finish(sum, channel)`.
template <class T, class Weight, class Sum, class Product, class Finish>
void multiply_rows(const Tensor& input, const Tensor& weights, const Tensor& output, const FullyConnectedData& data,
                   Product product, Finish finish) {
    const int32_t depth = data.depth;
    const auto outputs = static_cast<uint32_t>(weights.dim(0));
    const T* values = input.as<const T>();
    T* result = output.as<T>();
    for (int32_t row = 0; row < data.rows; ++row, values += depth) {
        const Weight* weight = weights.as<const Weight>();
        for (uint32_t channel = 0; channel < outputs; ++channel, weight += depth) {
            Sum sum = 0;
            for (int32_t i = 0; i < depth; ++i) sum += product(values[i], weight[i]);
            *result++ = finish(sum, channel);
        }
    }
}

// Once a result, and so worth a call: inlined it would be the larger part of fully_connected().
struct Finish {
    const FullyConnectedData& data;
    const int32_t* bias;
    int32_t zero_point;

    [[gnu::noinline]] int32_t operator()(uint32_t sum, uint32_t channel) const {
        return output_value(sum, bias, channel, data.multipliers[channel], zero_point, data.activation);
    }
};

}  // namespace

Status prepare_fully_connected(Context& context, const Node& node, FullyConnectedData* data) {
    namespace f = field::fully_connected;
    const Tensor* input = context.input(node, 0);
    const Tensor* weights = context.input(node, 1);
    const Tensor* bias = context.input(node, 2);
    const Tensor* output = context.output(node, 0);
    if (input == nullptr || weights == nullptr || output == nullptr || node.input_count() > 3 || node.output_count() != 1) {
        return context.unsupported("number of inputs or outputs");
    }
    if (!find_arithmetic(*input, *weights, bias, *output, &data->arithmetic)) {
        return context.unsupported("types or quantisation: float32, int8, or int16 and int8");
    }
    if (weights->rank() != 2) return context.unsupported("weights shape");
    const int32_t outputs = weights->dim(0);
    const int32_t depth = weights->dim(1);
    if (output->rank() < 1 || output->dim(output->rank() - 1u) != outputs) return context.unsupported("output shape");
    const uint32_t rows = output->element_count() / static_cast<uint32_t>(outputs);
    if (input->element_count() / static_cast<uint32_t>(depth) != rows || input->element_count() % static_cast<uint32_t>(depth)) {
        return context.unsupported("input shape");
    }
    if (bias != nullptr && bias->element_count() != static_cast<uint32_t>(outputs)) {
        return context.unsupported("bias shape");
    }
    if (context.options.scalar<int8_t>(f::kWeightsFormat) != 0) return context.unsupported("shuffled weights");
    data->depth = depth;
    data->rows = static_cast<int32_t>(rows);
    data->weight_zero_point = 0;
    const auto activation = static_cast<Activation>(context.options.scalar<int8_t>(f::kActivation));
    if (!set_activation(activation, *output, data->arithmetic, &data->activation)) {
        return context.unsupported("fused activation");
    }
    if (data->arithmetic == Arithmetic::kFloat) return Status::kOk;

    if (!weights->has_scale_for(0)) return context.unsupported("weights need one scale, or one for each output");
    if (weights->scale_count() == 1) {
        data->weight_zero_point = weights->zero_point();
        if (data->weight_zero_point < -128 || data->weight_zero_point > 127) {
            return context.unsupported("the weights' zero point");
        }
    }
    return set_multipliers(context, *input, *weights, *output, data->arithmetic, &data->multipliers);
}

void fully_connected(const Context& context, const Node& node, const FullyConnectedData& data) {
    const Tensor& input = *context.input(node, 0);
    const Tensor& weights = *context.input(node, 1);
    const Tensor& output = *context.output(node, 0);
    const Tensor* bias_tensor = context.input(node, 2);
    const void* const bias = bias_tensor != nullptr ? bias_tensor->data : nullptr;
    const ActivationRange range = data.activation;
    const ChannelMultipliers multipliers = data.multipliers;
    const Finish finish = {data, static_cast<const int32_t*>(bias), output.zero_point()};
    const int32_t value_offset = input.zero_point();
    const int32_t weight_offset = data.weight_zero_point;
    switch (data.arithmetic) {
        case Arithmetic::kFloat:
            multiply_rows<float, float, float>(
                input, weights, output, data, [](float value, float weight) { return value * weight; },
                [=](float sum, uint32_t channel) {
                    return output_value(sum, static_cast<const float*>(bias), channel, range);
                });
            break;
        case Arithmetic::kInt8:
            multiply_rows<int8_t, int8_t, uint32_t>(
                input, weights, output, data,
                [=](int32_t value, int32_t weight) {
                    return static_cast<uint32_t>((value - value_offset) * (weight - weight_offset));
                },
                [=](uint32_t sum, uint32_t channel) { return static_cast<int8_t>(finish(sum, channel)); });
            break;
        case Arithmetic::kInt16:
            multiply_rows<int16_t, int8_t, uint32_t>(
                input, weights, output, data,
                [=](int32_t value, int32_t weight) { return static_cast<uint32_t>(value * (weight - weight_offset)); },
                [=](uint32_t sum, uint32_t channel) { return static_cast<int16_t>(finish(sum, channel)); });
            break;
        case Arithmetic::kInt16Wide:
            multiply_rows<int16_t, int8_t, int64_t>(
                input, weights, output, data,
                [=](int32_t value, int32_t weight) { return value * (weight - weight_offset); },
                [=](int64_t sum, uint32_t channel) {
                    return static_cast<int16_t>(
                        output_value(sum, static_cast<const int64_t*>(bias), channel, multipliers[channel], range));
                });
            break;
    }
}

}  // namespace cmsim
