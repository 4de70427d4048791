#include "kernels/elementwise.h"

namespace cmsim {
namespace {

// In order, an output element's bytes are written when the input element at that place has been read.
void allow_in_place(const Context& context, const Node& node, unsigned index) {
    const Tensor& input = *context.input(node, index);
    const Tensor& output = *context.output(node, 0);
    if (input.element_count() == output.element_count() && type_size(output.type) <= type_size(input.type)) {
        context.allow_in_place(node, index);
    }
}

}  // namespace

Status prepare_unary(Context& context, const Node& node, Unary* tensors) {
    *tensors = unary(context, node);
    if (node.input_count() != 1 || node.output_count() != 1 || tensors->input == nullptr) {
        return context.unsupported("number of inputs or outputs");
    }
    if (tensors->input->element_count() != tensors->output->element_count()) {
        return context.unsupported("input and output differ in size");
    }
    allow_in_place(context, node, 0);
    return Status::kOk;
}

Status prepare_binary(Context& context, const Node& node, Binary* tensors) {
    *tensors = binary(context, node);
    if (node.input_count() != 2 || node.output_count() != 1 || tensors->a == nullptr || tensors->b == nullptr) {
        return context.unsupported("number of inputs or outputs");
    }
    if (tensors->a->type != tensors->b->type) return context.unsupported("inputs differ in type");
    if (!broadcasts_to(*tensors->a, *tensors->b, *tensors->output)) {
        return context.unsupported("shapes do not broadcast to the output's");
    }
    allow_in_place(context, node, 0);
    allow_in_place(context, node, 1);
    return Status::kOk;
}

bool quantize_multiplier_below_one(double factor, Multiplier* multiplier) {
    return factor < 1 && quantize_multiplier(factor, multiplier) && multiplier->shift <= 0;
}

Status prepare_float_activation(Context& context, Node& node, Activation activation) {
    auto* range = context.allocate<FloatRange>();
    if (range == nullptr) return Status::kArenaTooSmall;
    node.data = range;
    return float_activation_range(activation, range) ? Status::kOk : context.unsupported("fused activation");
}

Status prepare_int32_activation(Context& context, Node& node, Activation activation) {
    auto* range = context.allocate<Range>();
    if (range == nullptr) return Status::kArenaTooSmall;
    node.data = range;
    switch (activation) {
        case Activation::kNone: *range = {kInt32Min, kInt32Max}; return Status::kOk;
        case Activation::kRelu: *range = {0, kInt32Max}; return Status::kOk;
        case Activation::kRelu6: *range = {0, 6}; return Status::kOk;
        case Activation::kReluN1To1: *range = {-1, 1}; return Status::kOk;
        default: return context.unsupported("fused activation");
    }
}

Status prepare_float(Context& context, Node& node) {
    Unary tensors;
    const Status status = prepare_unary(context, node, &tensors);
    if (status != Status::kOk) return status;
    if (tensors.input->type != TensorType::kFloat32 || tensors.output->type != TensorType::kFloat32) {
        return context.unsupported("input and output must be float32");
    }
    return Status::kOk;
}

Status prepare_float_pair(Context& context, Node& node) {
    Binary tensors;
    const Status status = prepare_binary(context, node, &tensors);
    if (status != Status::kOk) return status;
    if (tensors.a->type != TensorType::kFloat32 || tensors.output->type != TensorType::kFloat32) {
        return context.unsupported("inputs and output must be float32");
    }
    return Status::kOk;
}

}  // namespace cmsim
