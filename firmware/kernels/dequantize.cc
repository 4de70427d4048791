// DEQUANTIZE: int8, uint8 or int16 to float32.
#include "kernels/elementwise.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    Unary tensors;
    const Status status = prepare_unary(context, node, &tensors);
    if (status != Status::kOk) return status;
    const TensorType type = tensors.input->type;
    if (type != TensorType::kInt8 && type != TensorType::kUint8 && type != TensorType::kInt16) {
        return context.unsupported("input must be int8, uint8 or int16");
    }
    if (!is_quantized(*tensors.input)) return context.unsupported("input needs one scale and a zero point within its type");
    if (tensors.output->type != TensorType::kFloat32) return context.unsupported("output must be float32");
    return Status::kOk;
}

template <class T>
void to_float(const Unary& tensors) {
    // TensorFlow Lite multiplies in double and rounds to float: the same, as 24 by 17 bits are exact in double.
    const float scale = tensors.input->scale();
    const int32_t zero_point = tensors.input->zero_point();
    for_each<T, float>(tensors, [=](T value) { return scale * static_cast<float>(value - zero_point); });
}

Status invoke(Context& context, Node& node) {
    const Unary tensors = unary(context, node);
    switch (tensors.input->type) {
        case TensorType::kInt8: to_float<int8_t>(tensors); break;
        case TensorType::kUint8: to_float<uint8_t>(tensors); break;
        default: to_float<int16_t>(tensors); break;
    }
    return Status::kOk;
}

}  // namespace

const Registration op::DEQUANTIZE = {"DEQUANTIZE", builtin::kDequantize, 6, prepare, invoke};

}  // namespace cmsim
