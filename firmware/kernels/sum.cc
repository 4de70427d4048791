// SUM over constant axes: float32, int8, int16.
#include "kernels/operators.h"
#include "kernels/reduce_common.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) { return prepare_sum(context, node, false); }

Status invoke(Context& context, Node& node) {
    const ReductionSum& data = *static_cast<const ReductionSum*>(node.data);
    const Tensor& input = *context.input(node, 0);
    const Tensor& output = *context.output(node, 0);
    switch (input.type) {
        case TensorType::kInt8: reduce_quantized<int8_t>(data, input, output); break;
        case TensorType::kInt16: reduce_quantized<int16_t>(data, input, output); break;
        default: reduce_float_sum(data.reduction, input, output, 1.0f); break;
    }
    return Status::kOk;
}

}  // namespace

const Registration op::SUM = {"SUM", builtin::kSum, 3, prepare, invoke};

}  // namespace cmsim
