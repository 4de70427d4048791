// ARG_MAX: the index of the largest element along an axis, the first one of several.
#include "kernels/arg_common.h"
#include "kernels/operators.h"

namespace cmsim {
namespace {

Status invoke(Context& context, Node& node) {
    return find(context, node, [](auto candidate, auto best) { return candidate > best; });
}

}  // namespace

const Registration op::ARG_MAX = {"ARG_MAX", builtin::kArgMax, 3, prepare_arg, invoke};

}  // namespace cmsim
