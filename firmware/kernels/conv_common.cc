#include "kernels/conv_common.h"

namespace cmsim {

bool find_arithmetic(const Tensor& input, const Tensor& filter, const Tensor* bias, const Tensor& output,
                     Arithmetic* arithmetic) {
    if (output.type != input.type) return false;
    const auto bias_is = [bias](TensorType type) { return bias == nullptr || bias->type == type; };
    switch (input.type) {
        case TensorType::kFloat32:
            *arithmetic = Arithmetic::kFloat;
            return filter.type == TensorType::kFloat32 && bias_is(TensorType::kFloat32);
        case TensorType::kInt8:
            *arithmetic = Arithmetic::kInt8;
            return filter.type == TensorType::kInt8 && bias_is(TensorType::kInt32) && is_int8(input) && is_int8(output);
        case TensorType::kInt16:
            *arithmetic = bias_is(TensorType::kInt64) ? Arithmetic::kInt16Wide : Arithmetic::kInt16;
            return filter.type == TensorType::kInt8 && (bias_is(TensorType::kInt32) || bias_is(TensorType::kInt64)) &&
                   is_quantized(input) && is_quantized(output) && input.zero_point() == 0 && output.zero_point() == 0;
        default: return false;
    }
}

Status set_multipliers(Context& context, const Tensor& input, const Tensor& filter, const Tensor& output,
                       Arithmetic arithmetic, ChannelMultipliers* multipliers) {
    const uint32_t count = filter.scale_count();
    auto* values = context.allocate<int32_t>(count);
    auto* shifts = context.allocate<int8_t>(count);
    if (values == nullptr || shifts == nullptr) return Status::kArenaTooSmall;
    const float* scales = filter.scales();
    for (uint32_t i = 0; i < count; ++i) {
        Multiplier multiplier;
        if (!quantize_ratio(input.scale(), scales[i], output.scale(), &multiplier) ||
            (arithmetic == Arithmetic::kInt16Wide && multiplier.shift > kMaxWideShift)) {
            return context.unsupported("scales");
        }
        values[i] = multiplier.value;
        shifts[i] = static_cast<int8_t>(multiplier.shift);
    }
    *multipliers = {values, shifts, count - 1};
    return Status::kOk;
}

bool set_activation(Activation activation, const Tensor& output, Arithmetic arithmetic, ActivationRange* range) {
    return arithmetic == Arithmetic::kFloat ? float_activation_range(activation, &range->real)
                                            : activation_range(activation, output, &range->integer);
}

namespace {

// Where the options stand in their table.
struct ConvFields {
    unsigned padding, stride_w, stride_h, activation, dilation_w, dilation_h;
};

// `channel_axis` is the filter's axis of output channels.
Status prepare_conv(Context& context, const Node& node, const ConvFields& fields, unsigned channel_axis, ConvData* data) {
    const Tensor* input = context.input(node, 0);
    const Tensor* filter = context.input(node, 1);
    const Tensor* bias = context.input(node, 2);
    const Tensor* output = context.output(node, 0);
    if (input == nullptr || filter == nullptr || output == nullptr || node.input_count() > 3 || node.output_count() != 1) {
        return context.unsupported("number of inputs or outputs");
    }
    if (!find_arithmetic(*input, *filter, bias, *output, &data->arithmetic)) {
        return context.unsupported("types: float32, int8, or int16 with an int8 filter, quantised as the format says");
    }
    if (input->rank() != 4 || filter->rank() != 4 || output->rank() != 4) {
        return context.unsupported("shapes must have 4 dimensions");
    }
    const int32_t channels = filter->dim(channel_axis);
    if (output->dim(3) != channels || output->dim(0) != input->dim(0)) return context.unsupported("output shape");
    if (bias != nullptr && bias->element_count() != static_cast<uint32_t>(channels)) {
        return context.unsupported("bias must have one element for each output channel");
    }

    const Table& options = context.options;
    const auto padding = static_cast<Padding>(options.scalar<int8_t>(fields.padding));
    data->window.y = {input->dim(1), output->dim(1), filter->dim(1), options.scalar<int32_t>(fields.stride_h),
                      options.scalar<int32_t>(fields.dilation_h, 1), 0};
    data->window.x = {input->dim(2), output->dim(2), filter->dim(2), options.scalar<int32_t>(fields.stride_w),
                      options.scalar<int32_t>(fields.dilation_w, 1), 0};
    if (!complete_axis(padding, &data->window.y) || !complete_axis(padding, &data->window.x)) {
        return context.unsupported("padding, stride or dilation do not give the output shape");
    }
    const auto activation = static_cast<Activation>(options.scalar<int8_t>(fields.activation));
    if (!set_activation(activation, *output, data->arithmetic, &data->activation)) {
        return context.unsupported("fused activation");
    }
    if (data->arithmetic == Arithmetic::kFloat) return Status::kOk;
    if (!filter->has_scale_for(channel_axis)) {
        return context.unsupported("filter needs one scale, or one for each output channel");
    }
    return set_multipliers(context, *input, *filter, *output, data->arithmetic, &data->multipliers);
}

}  // namespace

Status prepare_conv_2d(Context& context, const Node& node, ConvData* data) {
    namespace f = field::conv_2d;
    constexpr ConvFields kFields = {f::kPadding, f::kStrideW, f::kStrideH, f::kActivation, f::kDilationW, f::kDilationH};
    const Status status = prepare_conv(context, node, kFields, 0, data);
    if (status != Status::kOk) return status;
    const int32_t depth = context.input(node, 0)->dim(3);
    const int32_t filter_depth = context.input(node, 1)->dim(3);
    if (depth % filter_depth != 0 || context.output(node, 0)->dim(3) % (depth / filter_depth) != 0) {
        return context.unsupported("channels do not divide into groups");
    }
    return Status::kOk;
}

Status prepare_depthwise_conv_2d(Context& context, const Node& node, ConvData* data) {
    namespace f = field::depthwise_conv_2d;
    constexpr ConvFields kFields = {f::kPadding, f::kStrideW, f::kStrideH, f::kActivation, f::kDilationW, f::kDilationH};
    const Status status = prepare_conv(context, node, kFields, 3, data);
    if (status != Status::kOk) return status;
    if (data->arithmetic == Arithmetic::kInt16) {
        return context.unsupported("bias must be int64");  // TensorFlow Lite Micro reads any bias as such here
    }
    const Tensor& filter = *context.input(node, 1);
    const int32_t depth = context.input(node, 0)->dim(3);
    const auto multiplier = context.options.scalar<int32_t>(f::kDepthMultiplier);
    if (filter.dim(0) != 1 || filter.dim(3) % depth != 0 || filter.dim(3) / depth != multiplier) {
        return context.unsupported("filter shape or depth multiplier");
    }
    return Status::kOk;
}

}  // namespace cmsim
