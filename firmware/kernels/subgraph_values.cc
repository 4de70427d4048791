#include "kernels/subgraph_values.h"

namespace cmsim {
namespace {

void copy(const Tensor& from, const Tensor& to) {
    if (to.data != from.data) __builtin_memcpy(to.data, from.data, to.bytes());
}

}  // namespace

bool same_values(const Context& context, const int32_t* indices, uint32_t count, const Subgraph& subgraph,
                 const int32_t* others) {
    if (count != static_cast<uint32_t>(others[-1])) return false;
    for (uint32_t i = 0; i < count; ++i) {
        if (indices[i] < 0) return false;
        const Tensor& a = context.tensors[indices[i]];
        const Tensor& b = subgraph.tensors[others[i]];
        if (a.type != b.type || a.bytes() != b.bytes() || a.bytes() == 0) return false;
    }
    return true;
}

void copy_to_inputs(const Context& context, const int32_t* indices, const Subgraph& subgraph) {
    for (uint32_t i = 0; i < subgraph.input_count(); ++i) copy(context.tensors[indices[i]], subgraph.input(i));
}

void copy_from_outputs(const Context& context, const int32_t* indices, const Subgraph& subgraph) {
    for (uint32_t i = 0; i < subgraph.output_count(); ++i) copy(subgraph.output(i), context.tensors[indices[i]]);
}

}  // namespace cmsim
