#include "kernels/conv_common.h"

namespace cmsim {

Status prepare_conv(Context& context, Node& node, const ConvFields& fields, unsigned channel_axis) {
    const Tensor* input = context.input(node, 0);
    const Tensor* filter = context.input(node, 1);
    const Tensor* bias = context.input(node, 2);
    const Tensor* output = context.output(node, 0);
    if (input == nullptr || filter == nullptr || output == nullptr || node.input_count > 3 || node.output_count != 1) {
        return context.unsupported("number of inputs or outputs");
    }
    if (!is_int8(*input) || !is_int8(*output)) return context.unsupported("input and output must be quantised int8");
    if (filter->type != TensorType::kInt8) return context.unsupported("filter must be int8");
    if (input->rank != 4 || filter->rank != 4 || output->rank != 4) return context.unsupported("shapes must have 4 dimensions");
    const int32_t channels = filter->dim(channel_axis);
    if (output->dim(3) != channels || output->dim(0) != input->dim(0)) return context.unsupported("output shape");
    if (bias != nullptr && (bias->type != TensorType::kInt32 || bias->element_count() != static_cast<uint32_t>(channels))) {
        return context.unsupported("bias must be int32, one for each output channel");
    }
    if (bias != nullptr && !bias->constant) return context.unsupported("bias must be constant");
    if (!filter->has_scale_for(channel_axis)) {
        return context.unsupported("filter needs one scale, or one for each output channel");
    }

    auto* data = context.allocate<ConvData>();
    auto* multipliers = context.allocate<int32_t>(static_cast<size_t>(channels));
    auto* shifts = context.allocate<int32_t>(static_cast<size_t>(channels));
    if (data == nullptr || multipliers == nullptr || shifts == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    data->multipliers = multipliers;
    data->shifts = shifts;
    data->bias = bias != nullptr ? bias->as<const int32_t>() : nullptr;

    const Table& options = context.options;
    const auto padding = static_cast<Padding>(options.scalar<int8_t>(fields.padding));
    data->window.y = {input->dim(1), output->dim(1), filter->dim(1), options.scalar<int32_t>(fields.stride_h),
                      options.scalar<int32_t>(fields.dilation_h, 1), 0};
    data->window.x = {input->dim(2), output->dim(2), filter->dim(2), options.scalar<int32_t>(fields.stride_w),
                      options.scalar<int32_t>(fields.dilation_w, 1), 0};
    if (!complete_axis(padding, &data->window.y) || !complete_axis(padding, &data->window.x)) {
        return context.unsupported("padding, stride or dilation do not give the output shape");
    }
    if (!activation_range(static_cast<Activation>(options.scalar<int8_t>(fields.activation)), *output, &data->activation)) {
        return context.unsupported("fused activation");
    }
    for (int32_t channel = 0; channel < channels; ++channel) {
        const float filter_scale = filter->scales[filter->scale_count > 1 ? channel : 0];
        const double factor = static_cast<double>(input->scale()) * static_cast<double>(filter_scale) /
                              static_cast<double>(output->scale());
        Multiplier multiplier;
        if (!quantize_multiplier(factor, &multiplier)) return context.unsupported("scales");
        multipliers[channel] = multiplier.value;
        shifts[channel] = multiplier.shift;
    }
    return Status::kOk;
}

}  // namespace cmsim
