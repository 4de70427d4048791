// GATHER: the slices along an axis that the indices of input 1 (int32, constant or not) name; any type. The dimensions
// before `batch_dims` are common to both inputs.
#include "kernels/operators.h"
#include "kernels/shapes.h"

namespace cmsim {
namespace {

struct Data {
    int32_t batches;
    int32_t outer;    // between the batch dimensions and the axis
    int32_t length;   // of the axis
    int32_t indices;  // in a batch
    uint32_t slice;   // bytes
};

Status prepare(Context& context, Node& node) {
    if (!has_tensors(node, 2, 1)) return context.unsupported(kWrongCounts);
    const Tensor& input = *context.input(node, 0);
    const Tensor& indices = *context.input(node, 1);
    const Tensor& output = *context.output(node, 0);
    if (input.type != output.type) return context.unsupported("input and output differ in type");
    if (indices.type != TensorType::kInt32) return context.unsupported("indices must be int32");
    unsigned axis, batch_dims;
    if (!resolve_axis(context.options.scalar<int32_t>(field::gather::kAxis), input.rank(), &axis)) {
        return context.unsupported("axis out of range");
    }
    const auto given = context.options.scalar<int32_t>(field::gather::kBatchDims);
    if (given == static_cast<int32_t>(indices.rank())) batch_dims = indices.rank();
    else if (!resolve_axis(given, indices.rank(), &batch_dims)) batch_dims = given == 0 ? 0 : kMaxRank;
    if (batch_dims > axis) return context.unsupported("batch dimensions");
    for (unsigned i = 0; i < batch_dims; ++i) {
        if (input.dim(i) != indices.dim(i)) return context.unsupported("batch dimensions");
    }

    auto* data = context.allocate<Data>();
    if (data == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    data->batches = count_between(input, 0, batch_dims);
    data->outer = count_between(input, batch_dims, axis);
    data->length = input.dim(axis);
    data->indices = count_between(indices, batch_dims, indices.rank());
    data->slice = static_cast<uint32_t>(stride_of(input, axis)) * type_size(input.type);
    const uint64_t bytes =
        static_cast<uint64_t>(data->batches * data->outer) * data->slice * static_cast<uint32_t>(data->indices);
    return bytes == output.bytes() ? Status::kOk : context.unsupported("output shape");
}

Status invoke(Context& context, Node& node) {
    const Data& data = *static_cast<const Data*>(node.data);
    const auto* from = context.input(node, 0)->as<const uint8_t>();
    const auto* indices = context.input(node, 1)->as<const int32_t>();
    auto* to = context.output(node, 0)->as<uint8_t>();
    for (int32_t batch = 0; batch < data.batches; ++batch, indices += data.indices) {
        for (int32_t outer = 0; outer < data.outer; ++outer, from += static_cast<uint32_t>(data.length) * data.slice) {
            for (int32_t i = 0; i < data.indices; ++i, to += data.slice) {
                const auto index = static_cast<uint32_t>(indices[i]);
                if (index >= static_cast<uint32_t>(data.length)) return context.unsupported("index out of range");
                __builtin_memcpy(to, from + index * data.slice, data.slice);
            }
        }
    }
    return Status::kOk;
}

}  // namespace

const Registration op::GATHER = {"GATHER", builtin::kGather, 7, prepare, invoke};

}  // namespace cmsim
