// FLOOR_DIV, the quotient rounded down: float32. A divisor of zero ends the inference with an error.
#include "kernels/elementwise.h"
#include "kernels/float_functions.h"

namespace cmsim {
namespace {

// In double, as TensorFlow Lite has it: the float quotient may have been rounded up to an integer.
float floor_of_quotient(float a, float b) {
    const double quotient = static_cast<double>(a) / static_cast<double>(b);
    constexpr double kAllAreIntegers = 4503599627370496.0;  // 2^52
    if (!(quotient < kAllAreIntegers && quotient > -kAllAreIntegers) || quotient == 0) return static_cast<float>(quotient);
    const auto whole = static_cast<int64_t>(quotient);
    return static_cast<float>(static_cast<double>(whole) > quotient ? whole - 1 : whole);
}

Status invoke(Context& context, Node& node) {
    const Binary tensors = binary(context, node);
    const float* divisors = tensors.b->as<const float>();
    for (uint32_t i = 0; i < tensors.b->element_count(); ++i) {
        if (divisors[i] == 0) return context.unsupported("division by zero");
    }
    for_each_pair<float, float, float>(*tensors.a, *tensors.b, *tensors.output, floor_of_quotient);
    return Status::kOk;
}

}  // namespace

const Registration op::FLOOR_DIV = {"FLOOR_DIV", builtin::kFloorDiv, 3, prepare_float_pair, invoke};

}  // namespace cmsim
