// CAST: from bool, int8, int16, int32, uint32 or float32 to int8, int16, int32, uint32 or float32, values unscaled.
// Integers that the type cannot hold lose their upper bits. float32 is cut to an integer; beyond int64 it saturates and NaN is
// zero, where TensorFlow Lite leaves it to the processor.
#include "kernels/elementwise.h"

namespace cmsim {
namespace {

bool is_number(TensorType type) {
    switch (type) {
        case TensorType::kInt8:
        case TensorType::kInt16:
        case TensorType::kInt32:
        case TensorType::kUint32:
        case TensorType::kFloat32: return true;
        default: return false;
    }
}

Status prepare(Context& context, Node& node) {
    Unary tensors;
    const Status status = prepare_unary(context, node, &tensors);
    if (status != Status::kOk) return status;
    if (!is_number(tensors.input->type) && tensors.input->type != TensorType::kBool) {
        return context.unsupported("input must be bool, int8, int16, int32, uint32 or float32");
    }
    if (!is_number(tensors.output->type)) return context.unsupported("output must be int8, int16, int32, uint32 or float32");
    return Status::kOk;
}

int64_t to_integer(int64_t value) { return value; }
int64_t to_integer(float value) {
    constexpr float kBeyond = 9223372036854775808.0f;
    constexpr int64_t kLargest = 0x7FFFFFFFFFFFFFFF;
    return value != value ? 0 : value >= kBeyond ? kLargest : value < -kBeyond ? -kLargest - 1 : static_cast<int64_t>(value);
}

template <class In, class Value>
void cast(const Unary& tensors) {  // Value: int64_t, which holds each of the integers, or float
    switch (tensors.output->type) {
        case TensorType::kInt8:
            for_each<In, int8_t>(tensors, [](In x) { return static_cast<int8_t>(to_integer(static_cast<Value>(x))); });
            break;
        case TensorType::kInt16:
            for_each<In, int16_t>(tensors, [](In x) { return static_cast<int16_t>(to_integer(static_cast<Value>(x))); });
            break;
        case TensorType::kInt32:
        case TensorType::kUint32:
            for_each<In, uint32_t>(tensors, [](In x) { return static_cast<uint32_t>(to_integer(static_cast<Value>(x))); });
            break;
        default: for_each<In, float>(tensors, [](In x) { return static_cast<float>(x); }); break;
    }
}

Status invoke(Context& context, Node& node) {
    const Unary tensors = unary(context, node);
    switch (tensors.input->type) {
        case TensorType::kBool: {
            struct Bool {
                uint8_t byte;
                explicit operator int64_t() const { return byte != 0; }
                explicit operator float() const { return byte != 0 ? 1.0f : 0.0f; }
            };
            cast<Bool, int64_t>(tensors);
            break;
        }
        case TensorType::kInt8: cast<int8_t, int64_t>(tensors); break;
        case TensorType::kInt16: cast<int16_t, int64_t>(tensors); break;
        case TensorType::kInt32: cast<int32_t, int64_t>(tensors); break;
        case TensorType::kUint32: cast<uint32_t, int64_t>(tensors); break;
        default: cast<float, float>(tensors); break;
    }
    return Status::kOk;
}

}  // namespace

const Registration op::CAST = {"CAST", builtin::kCast, 5, prepare, invoke};

}  // namespace cmsim
