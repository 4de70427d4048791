// ADD: int8, int16, float32, int32.
#include "kernels/add_sub.h"

namespace cmsim {
namespace {

Status invoke(Context& context, Node& node) {
    const Binary tensors = binary(context, node);
    switch (tensors.output->type) {
        case TensorType::kFloat32: {
            const FloatRange range = *static_cast<const FloatRange*>(node.data);
            for_each_pair<float, float, float>(*tensors.a, *tensors.b, *tensors.output,
                                               [range](float a, float b) { return clamp(a + b, range); });
            break;
        }
        case TensorType::kInt32:  // TensorFlow Lite Micro passes over the activation here
            for_each_pair<int32_t, int32_t, int32_t>(*tensors.a, *tensors.b, *tensors.output, add_wrapping);
            break;
        case TensorType::kInt8: quantized_sum<int8_t>(tensors, *static_cast<const SumData*>(node.data), 1); break;
        default: quantized_sum<int16_t>(tensors, *static_cast<const SumData*>(node.data), 1); break;
    }
    return Status::kOk;
}

}  // namespace

const Registration op::ADD = {"ADD", builtin::kAdd, 5, prepare_sum, invoke};

}  // namespace cmsim
