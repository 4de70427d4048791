// L2_NORMALIZATION along the last dimension: int8 (to scale 1/128), float32.
#include "kernels/elementwise.h"
#include "kernels/float_functions.h"
#include "kernels/inverse_root.h"

namespace cmsim {
namespace {

constexpr int32_t kOutputBits = 7;

Status prepare(Context& context, Node& node) {
    Unary tensors;
    const Status status = prepare_unary(context, node, &tensors);
    if (status != Status::kOk) return status;
    const Tensor& input = *tensors.input;
    const Tensor& output = *tensors.output;
    if (input.rank() < 1 || input.rank() > 4 || !input.same_shape(output)) return context.unsupported("shapes");
    if (context.options.scalar<int8_t>(field::mul::kActivation) != 0) return context.unsupported("fused activation");
    if (input.type != output.type) return context.unsupported("input and output differ in type");
    if (input.type == TensorType::kFloat32) return Status::kOk;
    if (!is_int8(input) || !is_int8(output)) return context.unsupported("input and output must be float32 or quantised int8");
    if (output.zero_point() != 0 || output.scale() != 1.0f / (1 << kOutputBits)) {
        return context.unsupported("output must have scale 1/128 and zero point 0");
    }
    return Status::kOk;
}

void normalize(const float* values, float* result, int32_t depth) {
    constexpr float kSmallest = 1e-6f;
    float squares = 0;
    for (int32_t i = 0; i < depth; ++i) squares += values[i] * values[i];
    const float norm = float_sqrt(squares);
    const float divisor = norm < kSmallest ? kSmallest : norm;
    for (int32_t i = 0; i < depth; ++i) result[i] = values[i] / divisor;
}

void normalize(const int8_t* values, int8_t* result, int32_t depth, int32_t zero_point) {
    uint32_t squares = 0;
    for (int32_t i = 0; i < depth; ++i) {
        const int32_t value = values[i] - zero_point;
        squares += static_cast<uint32_t>(value * value);
    }
    const Multiplier root = inverse_root(static_cast<int32_t>(squares));
    for (int32_t i = 0; i < depth; ++i) {
        const int32_t scaled = multiply(values[i] - zero_point, root.value, root.shift + kOutputBits);
        result[i] = static_cast<int8_t>(clamp(scaled, -128, 127));
    }
}

Status invoke(Context& context, Node& node) {
    const Unary tensors = unary(context, node);
    const Tensor& input = *tensors.input;
    const int32_t depth = input.dim(input.rank() - 1);
    const uint32_t count = input.element_count();
    const int32_t zero_point = input.zero_point();
    for (uint32_t start = 0; start < count; start += static_cast<uint32_t>(depth)) {
        if (input.type == TensorType::kFloat32) {
            normalize(input.as<const float>() + start, tensors.output->as<float>() + start, depth);
        } else {
            normalize(input.as<const int8_t>() + start, tensors.output->as<int8_t>() + start, depth, zero_point);
        }
    }
    return Status::kOk;
}

}  // namespace

const Registration op::L2_NORMALIZATION = {"L2_NORMALIZATION", builtin::kL2Normalization, 2, prepare, invoke};

}  // namespace cmsim
