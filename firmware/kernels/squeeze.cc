// SQUEEZE, any type: the same values without dimensions of length 1: those that the options list, or all.
#include "kernels/operators.h"
#include "kernels/same_bytes.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    if (!has_tensors(node, 1, 1)) return context.unsupported(kWrongCounts);
    const Tensor& input = *context.input(node, 0);
    const Tensor& output = *context.output(node, 0);
    if (input.type != output.type) return context.unsupported("input and output differ in type");
    const auto listed = context.options.vector<int32_t>(field::squeeze::kDims);
    bool squeezed[kMaxRank] = {};
    for (uint32_t i = 0; i < listed.size(); ++i) {
        unsigned axis;
        if (!resolve_axis(listed[i], input.rank(), &axis)) return context.unsupported("axis out of range");
        if (input.dim(axis) != 1) return context.unsupported("dimension to squeeze is not 1");
        squeezed[axis] = true;
    }
    unsigned rank = 0;
    for (unsigned axis = 0; axis < input.rank(); ++axis) {
        if (listed.size() > 0 ? squeezed[axis] : input.dim(axis) == 1) continue;
        if (rank >= output.rank() || output.dim(rank) != input.dim(axis)) return context.unsupported("output shape");
        ++rank;
    }
    if (rank != output.rank()) return context.unsupported("output shape");
    context.allow_in_place(node, 0);
    return Status::kOk;
}

}  // namespace

const Registration op::SQUEEZE = {"SQUEEZE", builtin::kSqueeze, 2, prepare, invoke_same_bytes};

}  // namespace cmsim
