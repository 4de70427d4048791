// What the six comparisons share: inputs of one type, a bool as output.
#pragma once
#include "kernels/elementwise.h"

namespace cmsim {

// EQUAL and NOT_EQUAL also take bool.
Status prepare_comparison(Context& context, Node& node);
Status prepare_equality(Context& context, Node& node);

struct ComparisonData {  // of int8
    Multiplier a, b;
};

// int8 on a common scale: 1, with 8 more bits.
template <class Compare>
void compare_int8(const Binary& tensors, const ComparisonData& data, Compare compare) {
    constexpr int32_t kOne = 1 << 8;
    const int32_t zero_a = tensors.a->zero_point(), zero_b = tensors.b->zero_point();
    const ComparisonData d = data;
    for_each_pair<int8_t, int8_t, bool>(*tensors.a, *tensors.b, *tensors.output, [=](int8_t a, int8_t b) {
        return compare(multiply((a - zero_a) * kOne, d.a), multiply((b - zero_b) * kOne, d.b));
    });
}

template <class Compare>
Status invoke_comparison(Context& context, Node& node) {
    const Binary t = binary(context, node);
    const Compare compare;
    switch (t.a->type) {
        case TensorType::kFloat32: for_each_pair<float, float, bool>(*t.a, *t.b, *t.output, compare); break;
        case TensorType::kInt32: for_each_pair<int32_t, int32_t, bool>(*t.a, *t.b, *t.output, compare); break;
        case TensorType::kInt64: for_each_pair<int64_t, int64_t, bool>(*t.a, *t.b, *t.output, compare); break;
        case TensorType::kInt8: compare_int8(t, *static_cast<const ComparisonData*>(node.data), compare); break;
        default:  // bool; a byte that is neither 0 nor 1 counts as true
            for_each_pair<uint8_t, uint8_t, bool>(*t.a, *t.b, *t.output, [compare](uint8_t a, uint8_t b) {
                return compare(static_cast<int32_t>(a != 0), static_cast<int32_t>(b != 0));
            });
            break;
    }
    return Status::kOk;
}

}  // namespace cmsim
