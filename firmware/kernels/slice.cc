// SLICE: the block that begins at `begin` and has the shape of the output; any type. `begin` need not be constant.
#include "kernels/operators.h"
#include "kernels/strided_copy.h"

namespace cmsim {
namespace {

// Null, or what is wrong with `begin`.
const char* describe(const Tensor& input, const Tensor& begin, const Tensor& output, StridedCopyBuilder* block) {
    int32_t first = 0;
    for (unsigned axis = 0; axis < input.rank(); ++axis) {
        const int64_t at = integer_at(begin, axis);
        if (at < 0 || at > input.dim(axis) - output.dim(axis)) return "slice is not within the input";
        first += static_cast<int32_t>(at) * stride_of(input, axis);
        block->add(output.dim(axis), stride_of(output, axis), stride_of(input, axis));
    }
    block->begin(0, first);
    return nullptr;
}

Status prepare(Context& context, Node& node) {
    if (!has_tensors(node, 3, 1)) return context.unsupported(kWrongCounts);
    const Tensor& input = *context.input(node, 0);
    const Tensor& begin = *context.input(node, 1);
    const Tensor& size = *context.input(node, 2);
    const Tensor& output = *context.output(node, 0);
    if (input.type != output.type) return context.unsupported("input and output differ in type");
    if (!is_integer(begin) || begin.type != size.type || begin.element_count() != input.rank() ||
        size.element_count() != input.rank()) {
        return context.unsupported("begin and size must be int32 or int64, one for each dimension");
    }
    if (output.rank() != input.rank()) return context.unsupported("output shape");
    for (unsigned axis = 0; axis < input.rank(); ++axis) {
        if (output.dim(axis) > input.dim(axis)) return context.unsupported("output shape");
        if (!size.constant()) continue;
        const int64_t given = integer_at(size, axis);
        const bool to_the_end =
            given == -1 && (!begin.constant() || integer_at(begin, axis) == input.dim(axis) - output.dim(axis));
        if (given != output.dim(axis) && !to_the_end) return context.unsupported("output is not of the size given");
    }
    if (!begin.constant()) return Status::kOk;
    StridedCopyBuilder block(input);
    const char* wrong = describe(input, begin, output, &block);
    return wrong != nullptr ? context.unsupported(wrong) : block.keep(context, node);
}

Status invoke(Context& context, Node& node) {
    if (node.data != nullptr) return invoke_strided_copy(context, node);
    const Tensor& input = *context.input(node, 0);
    const Tensor& output = *context.output(node, 0);
    StridedCopyBuilder block(input);
    const char* wrong = describe(input, *context.input(node, 1), output, &block);
    if (wrong != nullptr) return context.unsupported(wrong);
    block.copy()(output.data, input.data);
    return Status::kOk;
}

}  // namespace

const Registration op::SLICE = {"SLICE", builtin::kSlice, 5, prepare, invoke};

}  // namespace cmsim
