// PAD with zeros, any type: in int8 the output's zero point, in all others zero bits.
#include "kernels/operators.h"
#include "kernels/pad_common.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    if (!has_tensors(node, 2, 1)) return context.unsupported(kWrongCounts);
    const Tensor& output = *context.output(node, 0);
    if (output.type == TensorType::kInt8 && (output.zero_point() < -128 || output.zero_point() > 127)) {
        return context.unsupported("zero point of the output");
    }
    return prepare_padding(context, node);
}

Status invoke(Context& context, Node& node) {
    const Tensor& output = *context.output(node, 0);
    const int64_t value = output.type == TensorType::kInt8 ? output.zero_point() : 0;  // little-endian
    return invoke_padding(context, node, &value);
}

}  // namespace

const Registration op::PAD = {"PAD", builtin::kPad, 4, prepare, invoke};

}  // namespace cmsim
