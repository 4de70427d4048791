// A custom operator for the tests: "Scale" multiplies int8 values by the one byte of its options, through a scratch buffer, and
// gives their sum as second output where there is one (int32).
#pragma once
#include "interpreter/operator.h"

namespace cmsim {
namespace scale {

struct Data {
    int32_t* products;
    int32_t factor;
};

inline Status prepare(Context& context, Node& node) {
    const Tensor* input = context.input(node, 0);
    const Tensor* output = context.output(node, 0);
    const Tensor* sum = context.output(node, 1);
    if (input == nullptr || output == nullptr || node.input_count() != 1 || node.output_count() > 2) {
        return context.unsupported("number of inputs or outputs");
    }
    if (input->type != TensorType::kInt8 || output->type != TensorType::kInt8 || !input->same_shape(*output)) {
        return context.unsupported("input and output must be int8 of the same shape");
    }
    if (sum != nullptr && (sum->type != TensorType::kInt32 || sum->element_count() != 1)) return context.unsupported("sum");
    if (context.custom_options.size() != 1) return context.unsupported("options must be one byte");
    auto* data = context.allocate<Data>();
    if (data == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    data->factor = context.custom_options[0];
    if (!context.request_scratch(&data->products, input->element_count())) return Status::kArenaTooSmall;
    context.allow_in_place(node, 0);
    return Status::kOk;
}

inline Status invoke(Context& context, Node& node) {
    const auto& data = *static_cast<const Data*>(node.data);
    const Tensor& input = *context.input(node, 0);
    const uint32_t count = input.element_count();
    int32_t sum = 0;
    for (uint32_t i = 0; i < count; ++i) data.products[i] = input.as<const int8_t>()[i] * data.factor;
    for (uint32_t i = 0; i < count; ++i) {
        sum += data.products[i];
        context.output(node, 0)->as<int8_t>()[i] = static_cast<int8_t>(data.products[i]);
    }
    if (node.output_count() > 1) *context.output(node, 1)->as<int32_t>() = sum;
    return Status::kOk;
}

}  // namespace scale

constexpr Registration kScale = {"Scale", builtin::kCustom, 1, scale::prepare, scale::invoke};

}  // namespace cmsim
