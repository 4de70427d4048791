// MUL for Cortex-M4: int8 with a shorter way to the output's scale; the rest as in the portable set.
#include "kernels/dsp/rescale.h"
#include "kernels/mul_common.h"

namespace cmsim {
namespace {

Status invoke(Context& context, Node& node) {
    const Binary tensors = binary(context, node);
    if (tensors.output->type != TensorType::kInt8) return multiply_any(context, node);
    const auto& data = *static_cast<const MulData*>(node.data);
    if (!dsp::has_rescale(data.multiplier)) return multiply_any(context, node);
    const dsp::Rescale rescale = dsp::rescale_of(data.multiplier);
    const int32_t zero_a = tensors.a->zero_point(), zero_b = tensors.b->zero_point(), zero = tensors.output->zero_point();
    const Range range = data.range;
    for_each_pair<int8_t, int8_t, int8_t>(*tensors.a, *tensors.b, *tensors.output, [=](int32_t a, int32_t b) {
        const int32_t product = (a - zero_a) * (b - zero_b);
        return static_cast<int8_t>(clamp(dsp::rescaled(product, rescale, zero), range.low, range.high));
    });
    return Status::kOk;
}

}  // namespace

const Registration op::MUL = {"MUL", builtin::kMul, 7, prepare_mul, invoke};

}  // namespace cmsim
