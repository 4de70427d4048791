// CUMSUM: running sums along a constant axis, from either end, with or without the element itself; float32, int8.
#include "kernels/operators.h"
#include "kernels/scaled_sum.h"
#include "kernels/shapes.h"

namespace cmsim {
namespace {

struct Data {
    int32_t length;  // of the axis
    int32_t inner;   // elements from one index of it to the next
    bool exclusive;
    bool reverse;
    ScaledSum scaled;  // of int8
};

Status prepare(Context& context, Node& node) {
    if (!has_tensors(node, 2, 1)) return context.unsupported(kWrongCounts);
    const Tensor& input = *context.input(node, 0);
    const Tensor& output = *context.output(node, 0);
    if (input.type != output.type || !input.same_shape(output)) {
        return context.unsupported("input and output differ in type or shape");
    }
    const int32_t* given = constant_int32(context.input(node, 1), 1);
    if (given == nullptr) return context.unsupported("axis must be one constant int32");
    unsigned axis;
    if (!resolve_axis(*given, input.rank(), &axis)) return context.unsupported("axis out of range");
    auto* data = context.allocate<Data>();
    if (data == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    data->length = input.dim(axis);
    data->inner = stride_of(input, axis);
    data->exclusive = context.options.scalar<uint8_t>(field::cumsum::kExclusive) != 0;
    data->reverse = context.options.scalar<uint8_t>(field::cumsum::kReverse) != 0;
    context.allow_in_place(node, 0);
    if (input.type == TensorType::kFloat32) return Status::kOk;
    if (!set_scaled_sum(input, output, &data->scaled)) {
        return context.unsupported("input must be float32, or int8 with fitting scales");
    }
    return Status::kOk;
}

template <class T, class Sum, class Term, class Finish>
void accumulate(const Data& data, const Tensor& input, const Tensor& output, Sum first, Term term, Finish finish) {
    const auto count = static_cast<int32_t>(output.element_count());
    const int32_t step = data.reverse ? -data.inner : data.inner;
    const T* values = input.as<const T>();
    T* results = output.as<T>();
    for (int32_t row = 0; row < count; row += data.length * data.inner) {
        for (int32_t i = 0; i < data.inner; ++i) {
            int32_t at = row + i + (data.reverse ? (data.length - 1) * data.inner : 0);
            Sum sum = first;
            for (int32_t k = 0; k < data.length; ++k, at += step) {
                const Sum before = sum;
                sum += term(values[at]);
                results[at] = finish(data.exclusive ? before : sum);
            }
        }
    }
}

Status invoke(Context& context, Node& node) {
    const Data& data = *static_cast<const Data*>(node.data);
    const Tensor& input = *context.input(node, 0);
    const Tensor& output = *context.output(node, 0);
    if (input.type == TensorType::kFloat32) {
        const auto same = [](float value) { return value; };
        accumulate<float>(data, input, output, 0.0f, same, same);
    } else {
        const ScaledSum scaled = data.scaled;
        accumulate<int8_t>(
            data, input, output, scaled.begin(), [=](int8_t value) { return scaled.term(value); },
            [=](uint32_t sum) { return scaled.result(sum); });
    }
    return Status::kOk;
}

}  // namespace

const Registration op::CUMSUM = {"CUMSUM", builtin::kCumsum, 1, prepare, invoke};

}  // namespace cmsim
