// TANH: int8 and int16 in fixed point, float32.
#include "kernels/exponential.h"
#include "kernels/float_functions.h"
#include "kernels/sigmoid_common.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) { return prepare_sigmoid(context, node, -7, 0, -11); }

Status invoke(Context& context, Node& node) {
    const Unary tensors = unary(context, node);
    switch (tensors.input->type) {
        case TensorType::kFloat32: return invoke_float<float_tanh>(context, node);
        case TensorType::kInt8:
            sigmoid_int8<tanh>(tensors, *static_cast<const SigmoidData*>(node.data), 7, 0);
            break;
        default: {
            const SigmoidInput input = *static_cast<const SigmoidInput*>(node.data);
            for_each<int16_t, int16_t>(tensors, [input](int16_t x) { return tanh_int16(x, input); });
            break;
        }
    }
    return Status::kOk;
}

}  // namespace

const Registration op::TANH = {"TANH", builtin::kTanh, 3, prepare, invoke};

}  // namespace cmsim
