// What the operators that rearrange or reduce tensors ask about shapes.
#pragma once
#include "interpreter/operator.h"

namespace cmsim {

constexpr unsigned kMaxRank = 8;  // the interpreter reads no tensor with more dimensions

// Whether a node has exactly so many inputs and outputs, none of them left out.
inline bool has_tensors(const Node& node, unsigned inputs, unsigned outputs) {
    if (node.input_count() != inputs || node.output_count() != outputs) return false;
    for (unsigned i = 0; i < inputs; ++i) {
        if (node.inputs[i] < 0) return false;
    }
    return true;
}
constexpr const char* kWrongCounts = "number of inputs or outputs";

// The product of the dimensions [begin, end).
inline int32_t count_between(const Tensor& tensor, unsigned begin, unsigned end) {
    int32_t count = 1;
    for (unsigned axis = begin; axis < end; ++axis) count *= tensor.dim(axis);
    return count;
}

// Elements from one index of `axis` to the next.
inline int32_t stride_of(const Tensor& tensor, unsigned axis) { return count_between(tensor, axis + 1, tensor.rank()); }

// An axis as models give it, negative from the end. False where a tensor of `rank` dimensions has no such axis.
inline bool resolve_axis(int64_t given, unsigned rank, unsigned* axis) {
    const int64_t resolved = given < 0 ? given + rank : given;
    if (resolved < 0 || resolved >= static_cast<int64_t>(rank)) return false;
    *axis = static_cast<unsigned>(resolved);
    return true;
}

// The elements of a constant int32 tensor of `count` elements, null where it is anything else.
inline const int32_t* constant_int32(const Tensor* tensor, uint32_t count) {
    const bool fits = tensor != nullptr && tensor->constant() && tensor->type == TensorType::kInt32 &&
                      tensor->element_count() == count;
    return fits ? tensor->as<const int32_t>() : nullptr;
}

// Element `index` of an int32 or int64 tensor.
inline int64_t integer_at(const Tensor& tensor, uint32_t index) {
    return tensor.type == TensorType::kInt64 ? tensor.as<const int64_t>()[index] : tensor.as<const int32_t>()[index];
}

inline bool is_integer(const Tensor& tensor) {
    return tensor.type == TensorType::kInt32 || tensor.type == TensorType::kInt64;
}

// Whether both have the same type, and the same scale and zero point where they have any.
inline bool same_type_and_scale(const Tensor& a, const Tensor& b) {
    return a.type == b.type && a.scale() == b.scale() && a.zero_point() == b.zero_point();
}

}  // namespace cmsim
