// ARG_MIN: the index of the smallest element along an axis, the first one of several.
#include "kernels/arg_common.h"
#include "kernels/operators.h"

namespace cmsim {
namespace {

Status invoke(Context& context, Node& node) {
    return find(context, node, [](auto candidate, auto best) { return candidate < best; });
}

}  // namespace

const Registration op::ARG_MIN = {"ARG_MIN", builtin::kArgMin, 3, prepare_arg, invoke};

}  // namespace cmsim
