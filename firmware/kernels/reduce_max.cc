// REDUCE_MAX over constant axes: float32, int8. Begins with the lowest finite value, as TensorFlow Lite does.
#include "kernels/operators.h"
#include "kernels/reduce_common.h"

namespace cmsim {
namespace {

template <class T>
void invoke_typed(Context& context, Node& node, T first) {
    reduce(
        *static_cast<const Reduction*>(node.data), context.input(node, 0)->as<const T>(),
        context.output(node, 0)->as<T>(), first, [](T best, T element) { return element > best ? element : best; },
        [](T best) { return best; });
}

Status invoke(Context& context, Node& node) {
    if (context.input(node, 0)->type == TensorType::kInt8) invoke_typed<int8_t>(context, node, -128);
    else invoke_typed<float>(context, node, -3.40282347e+38f);
    return Status::kOk;
}

}  // namespace

const Registration op::REDUCE_MAX = {"REDUCE_MAX", builtin::kReduceMax, 3, prepare_extreme, invoke};

}  // namespace cmsim
