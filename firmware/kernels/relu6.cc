// RELU6: int8, int16, float32. TensorFlow Lite Micro clamps quantised values as they are: input and output have one scale.
#include "kernels/elementwise.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    Unary tensors;
    const Status status = prepare_unary(context, node, &tensors);
    if (status != Status::kOk) return status;
    const Tensor& input = *tensors.input;
    if (input.type != tensors.output->type) return context.unsupported("input and output differ in type");
    if (input.type == TensorType::kFloat32) return Status::kOk;
    if (input.type != TensorType::kInt8 && input.type != TensorType::kInt16) {
        return context.unsupported("type must be float32, int8 or int16");
    }
    if (!is_quantized(input)) return context.unsupported("input needs one scale and a zero point within its type");
    auto* range = context.allocate<Range>();
    if (range == nullptr) return Status::kArenaTooSmall;
    node.data = range;
    return activation_range(Activation::kRelu6, input, range) ? Status::kOk : context.unsupported("scale");
}

Status invoke(Context& context, Node& node) {
    const Unary tensors = unary(context, node);
    if (tensors.input->type == TensorType::kFloat32) {
        for_each<float, float>(tensors, [](float x) { return x > 6 ? 6.0f : x < 0 ? 0.0f : x; });
        return Status::kOk;
    }
    const Range range = *static_cast<const Range*>(node.data);
    const auto clamped = [range](auto x) { return static_cast<decltype(x)>(clamp(x, range.low, range.high)); };
    if (tensors.input->type == TensorType::kInt8) for_each<int8_t, int8_t>(tensors, clamped);
    if (tensors.input->type == TensorType::kInt16) for_each<int16_t, int16_t>(tensors, clamped);
    return Status::kOk;
}

}  // namespace

const Registration op::RELU6 = {"RELU6", builtin::kRelu6, 3, prepare, invoke};

}  // namespace cmsim
