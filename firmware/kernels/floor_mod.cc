// FLOOR_MOD, the rest of a quotient rounded down, with the sign of the divisor: float32.
#include "kernels/elementwise.h"
#include "kernels/float_functions.h"

namespace cmsim {
namespace {

float floor_mod(float a, float b) {
    const float rest = float_fmod(a, b);
    return rest != 0 && (b < 0) != (rest < 0) ? rest + b : rest;
}

Status invoke(Context& context, Node& node) {
    const Binary tensors = binary(context, node);
    for_each_pair<float, float, float>(*tensors.a, *tensors.b, *tensors.output, floor_mod);
    return Status::kOk;
}

}  // namespace

const Registration op::FLOOR_MOD = {"FLOOR_MOD", builtin::kFloorMod, 2, prepare_float_pair, invoke};

}  // namespace cmsim
