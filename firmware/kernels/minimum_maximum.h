// What MAXIMUM and MINIMUM share. Quantised values are compared as they are: all scales are taken to be the same.
#pragma once
#include "kernels/elementwise.h"

namespace cmsim {

Status prepare_minimum_maximum(Context& context, Node& node);

struct Larger {
    template <class T>
    T operator()(T a, T b) const {
        return a > b ? a : b;
    }
};

struct Smaller {
    template <class T>
    T operator()(T a, T b) const {
        return a < b ? a : b;
    }
};

template <class Choice>
Status invoke_minimum_maximum(Context& context, Node& node) {
    const Binary t = binary(context, node);
    const Choice choice;
    switch (t.output->type) {
        case TensorType::kFloat32: for_each_pair<float, float, float>(*t.a, *t.b, *t.output, choice); break;
        case TensorType::kInt8: for_each_pair<int8_t, int8_t, int8_t>(*t.a, *t.b, *t.output, choice); break;
        case TensorType::kInt16: for_each_pair<int16_t, int16_t, int16_t>(*t.a, *t.b, *t.output, choice); break;
        case TensorType::kInt32: for_each_pair<int32_t, int32_t, int32_t>(*t.a, *t.b, *t.output, choice); break;
        default: for_each_pair<int64_t, int64_t, int64_t>(*t.a, *t.b, *t.output, choice); break;
    }
    return Status::kOk;
}

}  // namespace cmsim
