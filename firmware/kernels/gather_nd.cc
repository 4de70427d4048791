// GATHER_ND: each row of input 1 (int32, constant or not) names the first indices of a slice of input 0; any type.
#include "kernels/operators.h"
#include "kernels/shapes.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    if (!has_tensors(node, 2, 1)) return context.unsupported(kWrongCounts);
    const Tensor& input = *context.input(node, 0);
    const Tensor& indices = *context.input(node, 1);
    const Tensor& output = *context.output(node, 0);
    if (input.type != output.type) return context.unsupported("input and output differ in type");
    if (indices.type != TensorType::kInt32 || indices.rank() < 1) {
        return context.unsupported("indices must be int32 rows");
    }
    const int32_t depth = indices.dim(indices.rank() - 1);
    if (static_cast<uint32_t>(depth) > input.rank()) {
        return context.unsupported("more indices in a row than dimensions");
    }
    const auto rows = static_cast<uint32_t>(count_between(indices, 0, indices.rank() - 1));
    const auto slice = static_cast<uint32_t>(count_between(input, static_cast<unsigned>(depth), input.rank()));
    if (static_cast<uint64_t>(rows) * slice != output.element_count()) return context.unsupported("output shape");
    return Status::kOk;
}

Status invoke(Context& context, Node& node) {
    const Tensor& input = *context.input(node, 0);
    const Tensor& indices = *context.input(node, 1);
    const Tensor& output = *context.output(node, 0);
    const auto depth = static_cast<unsigned>(indices.dim(indices.rank() - 1));
    const uint32_t slice = static_cast<uint32_t>(count_between(input, depth, input.rank())) * type_size(input.type);
    const auto* index = indices.as<const int32_t>();
    auto* to = output.as<uint8_t>();
    for (uint32_t done = 0; done < output.bytes(); done += slice) {
        uint32_t from = 0;
        for (unsigned axis = 0; axis < depth; ++axis, ++index) {
            const auto length = static_cast<uint32_t>(input.dim(axis));
            if (static_cast<uint32_t>(*index) >= length) return context.unsupported("index out of range");
            from = from * length + static_cast<uint32_t>(*index);
        }
        __builtin_memcpy(to + done, input.as<const uint8_t>() + from * slice, slice);
    }
    return Status::kOk;
}

}  // namespace

const Registration op::GATHER_ND = {"GATHER_ND", builtin::kGatherNd, 5, prepare, invoke};

}  // namespace cmsim
