// SELECT_V2: x where the condition is true, y elsewhere; any type. The three inputs are broadcast as numpy does.
#include "kernels/operators.h"
#include "kernels/shapes.h"

namespace cmsim {
namespace {

constexpr unsigned kInputs = 3;  // condition, x, y

Status prepare(Context& context, Node& node) {
    if (!has_tensors(node, kInputs, 1)) return context.unsupported(kWrongCounts);
    const Tensor& output = *context.output(node, 0);
    if (context.input(node, 0)->type != TensorType::kBool) return context.unsupported("condition must be bool");
    if (type_size(output.type) == 0) return context.unsupported("type");
    uint32_t rank = 0;
    for (unsigned i = 0; i < kInputs; ++i) {
        const Tensor& input = *context.input(node, i);
        if (i > 0 && input.type != output.type) return context.unsupported("input and output differ in type");
        if (input.rank() > rank) rank = input.rank();
    }
    if (rank != output.rank()) return context.unsupported("output shape");
    for (unsigned axis = 0; axis < rank; ++axis) {
        int32_t longest = 1;
        for (unsigned i = 0; i < kInputs; ++i) {
            const Tensor& input = *context.input(node, i);
            const uint32_t added = rank - input.rank();
            const int32_t length = axis < added ? 1 : input.dim(axis - added);
            if (length != 1 && length != output.dim(axis)) {
                return context.unsupported("inputs cannot be broadcast to the output");
            }
            if (length > longest) longest = length;
        }
        if (longest != output.dim(axis)) return context.unsupported("output shape");
    }
    for (unsigned i = 1; i < kInputs; ++i) {
        if (context.input(node, i)->same_shape(output)) context.allow_in_place(node, i);
    }
    return Status::kOk;
}

// Elements from one index of the output's axis to the next, 0 where the input repeats.
int32_t step(const Tensor& input, const Tensor& output, unsigned axis) {
    const uint32_t added = output.rank() - input.rank();
    return axis < added || input.dim(axis - added) == 1 ? 0 : stride_of(input, axis - added);
}

Status invoke(Context& context, Node& node) {
    const Tensor& output = *context.output(node, 0);
    const uint32_t size = type_size(output.type), rank = output.rank();
    const uint8_t* begins[kInputs];
    int32_t at[kInputs] = {}, steps[kInputs][kMaxRank] = {};
    for (unsigned i = 0; i < kInputs; ++i) {
        begins[i] = context.input(node, i)->as<const uint8_t>();
        for (unsigned axis = 0; axis < rank; ++axis) steps[i][axis] = step(*context.input(node, i), output, axis);
    }
    int32_t index[kMaxRank] = {};
    auto* to = output.as<uint8_t>();
    for (;;) {
        const unsigned chosen = begins[0][at[0]] != 0 ? 1 : 2;
        __builtin_memmove(to, begins[chosen] + static_cast<uint32_t>(at[chosen]) * size, size);
        to += size;
        unsigned axis = rank;
        for (;;) {  // to the next index, as an odometer
            if (axis-- == 0) return Status::kOk;
            const bool carry = ++index[axis] == output.dim(axis);
            for (unsigned i = 0; i < kInputs; ++i) at[i] += steps[i][axis] * (carry ? 1 - index[axis] : 1);
            if (!carry) break;
            index[axis] = 0;
        }
    }
}

}  // namespace

const Registration op::SELECT_V2 = {"SELECT_V2", builtin::kSelectV2, 2, prepare, invoke};

}  // namespace cmsim
