#include "kernels/pool_common.h"

namespace cmsim {

Status prepare_pool(Context& context, Node& node) {
    const Tensor* input = context.input(node, 0);
    const Tensor* output = context.output(node, 0);
    if (node.input_count() != 1 || node.output_count() != 1 || input == nullptr) {
        return context.unsupported("number of inputs or outputs");
    }
    const bool real = input->type == TensorType::kFloat32;
    const bool integer = (input->type == TensorType::kInt8 || input->type == TensorType::kInt16) && is_quantized(*input) &&
                         is_quantized(*output);
    if (output->type != input->type || !(real || integer)) {
        return context.unsupported("types: float32, or quantised int8 or int16");
    }
    if (input->rank() != 4 || output->rank() != 4) return context.unsupported("shapes must have 4 dimensions");
    if (output->dim(0) != input->dim(0) || output->dim(3) != input->dim(3)) return context.unsupported("output shape");
    const float difference = input->scale() - output->scale();
    if (integer && (difference > 1e-6f || difference < -1e-6f || input->zero_point() != output->zero_point())) {
        return context.unsupported("input and output differ in quantisation");
    }
    auto* data = context.allocate<PoolData>();
    if (data == nullptr) return Status::kArenaTooSmall;
    node.data = data;

    namespace f = field::pool_2d;
    const Table& options = context.options;
    const auto padding = static_cast<Padding>(options.scalar<int8_t>(f::kPadding));
    data->window.y = {input->dim(1), output->dim(1), options.scalar<int32_t>(f::kFilterH),
                      options.scalar<int32_t>(f::kStrideH), 1, 0};
    data->window.x = {input->dim(2), output->dim(2), options.scalar<int32_t>(f::kFilterW),
                      options.scalar<int32_t>(f::kStrideW), 1, 0};
    if (!complete_axis(padding, &data->window.y) || !complete_axis(padding, &data->window.x)) {
        return context.unsupported("padding, filter or stride do not give the output shape");
    }
    const auto activation = static_cast<Activation>(options.scalar<int8_t>(f::kActivation));
    if (!set_activation(activation, *output, real ? Arithmetic::kFloat : Arithmetic::kInt8, &data->activation)) {
        return context.unsupported("fused activation");
    }
    return Status::kOk;
}

}  // namespace cmsim
