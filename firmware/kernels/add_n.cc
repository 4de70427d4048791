// ADD_N: the sum of two or more tensors of one shape; float32, or int8 all quantised alike.
#include "kernels/operators.h"
#include "kernels/scaled_sum.h"
#include "kernels/shapes.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    const uint32_t count = node.input_count();
    if (count < 2 || !has_tensors(node, count, 1)) return context.unsupported(kWrongCounts);
    const Tensor& first = *context.input(node, 0);
    const Tensor& output = *context.output(node, 0);
    for (uint32_t i = 0; i < count; ++i) {
        const Tensor& input = *context.input(node, i);
        if (input.type != output.type || !input.same_shape(output)) {
            return context.unsupported("inputs and output differ in type or shape");
        }
        if (input.type == TensorType::kInt8 && !same_type_and_scale(input, first)) {
            return context.unsupported("inputs differ in quantisation");
        }
        context.allow_in_place(node, i);
    }
    if (output.type == TensorType::kFloat32) return Status::kOk;
    auto* sum = context.allocate<ScaledSum>();
    if (sum == nullptr) return Status::kArenaTooSmall;
    node.data = sum;
    return set_scaled_sum(first, output, sum)
               ? Status::kOk
               : context.unsupported("inputs must be float32, or int8 with fitting scales");
}

Status invoke(Context& context, Node& node) {
    const Tensor& output = *context.output(node, 0);
    const uint32_t inputs = node.input_count(), count = output.element_count();
    if (output.type == TensorType::kFloat32) {
        for (uint32_t i = 0; i < count; ++i) {
            float sum = 0.0f;
            for (uint32_t k = 0; k < inputs; ++k) sum += context.input(node, k)->as<const float>()[i];
            output.as<float>()[i] = sum;
        }
        return Status::kOk;
    }
    const ScaledSum scaled = *static_cast<const ScaledSum*>(node.data);
    for (uint32_t i = 0; i < count; ++i) {
        uint32_t sum = scaled.begin();
        for (uint32_t k = 0; k < inputs; ++k) sum += scaled.term(context.input(node, k)->as<const int8_t>()[i]);
        output.as<int8_t>()[i] = scaled.result(sum);
    }
    return Status::kOk;
}

}  // namespace

const Registration op::ADD_N = {"ADD_N", builtin::kAddN, 1, prepare, invoke};

}  // namespace cmsim
