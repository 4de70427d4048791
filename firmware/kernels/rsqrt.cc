// RSQRT, 1 / sqrt(x): float32, int8. Values below zero end an int8 inference with an error; zero gives the largest value.
#include "kernels/elementwise.h"
#include "kernels/float_functions.h"
#include "kernels/inverse_root.h"

namespace cmsim {
namespace {

constexpr int32_t kExtraBits = 20;  // of the root of an integer, which is at most 1

// The square root in double, but for its last three bits: one step of Newton's from the float.
double root_of(float x) {
    const auto root = static_cast<double>(float_sqrt(x));
    return (root + static_cast<double>(x) / root) / 2;
}

Status prepare(Context& context, Node& node) {
    Unary tensors;
    const Status status = prepare_unary(context, node, &tensors);
    if (status != Status::kOk) return status;
    if (tensors.input->type != tensors.output->type) return context.unsupported("input and output differ in type");
    if (tensors.input->type == TensorType::kFloat32) return Status::kOk;
    if (!is_int8(*tensors.input) || !is_int8(*tensors.output)) {
        return context.unsupported("input and output must be float32 or quantised int8");
    }
    auto* multiplier = context.allocate<Multiplier>();
    if (multiplier == nullptr) return Status::kArenaTooSmall;
    node.data = multiplier;
    const double factor = 1 / (root_of(tensors.input->scale()) * static_cast<double>(tensors.output->scale()));
    if (!quantize_multiplier(factor, multiplier) || multiplier->shift - kExtraBits < -31) return context.unsupported("scales");
    multiplier->shift -= kExtraBits;
    return Status::kOk;
}

float reciprocal_root(float x) { return 1.0f / float_sqrt(x); }

Status invoke(Context& context, Node& node) {
    const Unary tensors = unary(context, node);
    if (tensors.input->type == TensorType::kFloat32) return invoke_float<reciprocal_root>(context, node);
    const int32_t zero_in = tensors.input->zero_point(), zero_out = tensors.output->zero_point();
    const Multiplier multiplier = *static_cast<const Multiplier*>(node.data);
    bool negative = false;
    for_each<int8_t, int8_t>(tensors, [=, &negative](int8_t quantized) {
        const int32_t value = quantized - zero_in;
        if (value < 0) negative = true;
        if (value <= 0) return static_cast<int8_t>(127);
        const Multiplier root = inverse_root(value);
        const int32_t scaled = multiply(multiply(1, root.value, root.shift + kExtraBits), multiplier);
        return static_cast<int8_t>(clamp(add_wrapping(scaled, zero_out), -128, 127));
    });
    return negative ? context.unsupported("a value is below zero") : Status::kOk;
}

}  // namespace

const Registration op::RSQRT = {"RSQRT", builtin::kRsqrt, 2, prepare, invoke};

}  // namespace cmsim
