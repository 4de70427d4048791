// PADV2: PAD with the value of input 2, which in int8 must be quantised as the output is.
#include "kernels/operators.h"
#include "kernels/pad_common.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    if (!has_tensors(node, 3, 1)) return context.unsupported(kWrongCounts);
    const Tensor& value = *context.input(node, 2);
    const Tensor& output = *context.output(node, 0);
    if (value.element_count() != 1 || value.type != output.type) {
        return context.unsupported("value must be one element of the output's type");
    }
    if (value.type == TensorType::kInt8 && !same_type_and_scale(value, output)) {
        return context.unsupported("value and output differ in quantisation");
    }
    return prepare_padding(context, node);
}

Status invoke(Context& context, Node& node) { return invoke_padding(context, node, context.input(node, 2)->data); }

}  // namespace

const Registration op::PADV2 = {"PADV2", builtin::kPadv2, 4, prepare, invoke};

}  // namespace cmsim
