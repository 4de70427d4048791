// What ARG_MAX and ARG_MIN share: int32 index of the first extreme along a constant axis, of float32 or int8.
#pragma once
#include "kernels/shapes.h"

namespace cmsim {

struct ArgData {
    int32_t length;  // of the axis
    int32_t inner;   // elements from one index of it to the next
};

// Sets node.data to an ArgData.
inline Status prepare_arg(Context& context, Node& node) {
    if (!has_tensors(node, 2, 1)) return context.unsupported(kWrongCounts);
    const Tensor& input = *context.input(node, 0);
    const Tensor& output = *context.output(node, 0);
    if (input.type != TensorType::kFloat32 && input.type != TensorType::kInt8) {
        return context.unsupported("input must be float32 or int8");
    }
    if (output.type != TensorType::kInt32) return context.unsupported("output must be int32");
    const int32_t* given = constant_int32(context.input(node, 1), 1);
    if (given == nullptr) return context.unsupported("axis must be one constant int32");
    unsigned axis;
    if (!resolve_axis(*given, input.rank(), &axis)) return context.unsupported("axis out of range");
    if (output.rank() + 1 != input.rank()) return context.unsupported("output shape");
    for (unsigned i = 0; i < output.rank(); ++i) {
        if (output.dim(i) != input.dim(i < axis ? i : i + 1)) return context.unsupported("output shape");
    }
    auto* data = context.allocate<ArgData>();
    if (data == nullptr) return Status::kArenaTooSmall;
    *data = {input.dim(axis), stride_of(input, axis)};
    node.data = data;
    return Status::kOk;
}

// better(candidate, best): whether the candidate replaces the best so far.
template <class T, class Better>
void find_typed(const ArgData& data, const T* values, int32_t* result, uint32_t count, Better better) {
    const int32_t length = data.length, inner = data.inner;
    for (uint32_t done = 0; done < count; values += length * inner) {
        for (int32_t i = 0; i < inner; ++i, ++done) {
            T best = values[i];
            int32_t index = 0;
            for (int32_t k = 1; k < length; ++k) {
                const T candidate = values[k * inner + i];
                if (better(candidate, best)) best = candidate, index = k;
            }
            *result++ = index;
        }
    }
}

template <class Better>
Status find(Context& context, Node& node, Better better) {
    const ArgData& data = *static_cast<const ArgData*>(node.data);
    const Tensor& input = *context.input(node, 0);
    const Tensor& output = *context.output(node, 0);
    auto* result = output.as<int32_t>();
    const uint32_t count = output.element_count();
    if (input.type == TensorType::kInt8) find_typed(data, input.as<const int8_t>(), result, count, better);
    else find_typed(data, input.as<const float>(), result, count, better);
    return Status::kOk;
}

}  // namespace cmsim
