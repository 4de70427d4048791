// DIV: int8, float32, int32 (towards zero). A divisor of zero ends an integer inference with an error.
#include "kernels/elementwise.h"
#include "kernels/exponential.h"

namespace cmsim {
namespace {

struct Data {  // of int8
    Multiplier multiplier;
    Range range;
};

Status prepare(Context& context, Node& node) {
    Binary tensors;
    const Status status = prepare_binary(context, node, &tensors);
    if (status != Status::kOk) return status;
    const TensorType type = tensors.output->type;
    if (tensors.a->type != type) return context.unsupported("inputs and output differ in type");
    const auto activation = static_cast<Activation>(context.options.scalar<int8_t>(field::mul::kActivation));
    switch (type) {
        case TensorType::kFloat32: return prepare_float_activation(context, node, activation);
        case TensorType::kInt32:
            if (tensors.a->scale_count() > 0 || tensors.b->scale_count() > 0) {
                return context.unsupported("int32 must not be quantised");
            }
            return prepare_int32_activation(context, node, activation);
        case TensorType::kInt8: {
            if (!is_int8(*tensors.a) || !is_int8(*tensors.b) || !is_int8(*tensors.output)) {
                return context.unsupported("inputs and output need one scale and a zero point within their type");
            }
            auto* data = context.allocate<Data>();
            if (data == nullptr) return Status::kArenaTooSmall;
            node.data = data;
            const double factor = static_cast<double>(tensors.a->scale()) /
                                  (static_cast<double>(tensors.b->scale()) * static_cast<double>(tensors.output->scale()));
            // The quotient has at least 22 bits more than its whole part, which must not be shifted left.
            if (!quantize_multiplier(factor, &data->multiplier) || data->multiplier.shift > 22) {
                return context.unsupported("scales");
            }
            const bool known = activation_range(activation, *tensors.output, &data->range);
            return known ? Status::kOk : context.unsupported("fused activation");
        }
        default: return context.unsupported("type must be float32, int8 or int32");
    }
}

// a / b * multiplier of differences to the zero points, b not 0. Where the result is below 2^-31 of the intermediate one,
// it is 0; TensorFlow Lite shifts by more than 31 bits there, with whatever result the processor has.
int32_t quotient(int32_t a, int32_t b, Multiplier multiplier) {
    if (b < 0) a = -a, b = -b;
    if (a == 0) return 0;
    const int zeros = __builtin_clz(static_cast<uint32_t>(b));
    const int32_t reciprocal = one_over_one_plus(static_cast<int32_t>((static_cast<uint32_t>(b) << zeros) - 0x80000000u));
    const int headroom = __builtin_clrsb(a);
    const int32_t unscaled = fixed_multiply(static_cast<int32_t>(static_cast<uint32_t>(a) << headroom), reciprocal);
    const int right = 31 - zeros + headroom - multiplier.shift;
    return right > 31 ? 0 : rounding_divide_by_pot(fixed_multiply(unscaled, multiplier.value), right);
}

Status invoke(Context& context, Node& node) {
    const Binary tensors = binary(context, node);
    bool by_zero = false;
    switch (tensors.output->type) {
        case TensorType::kFloat32: {
            const FloatRange range = *static_cast<const FloatRange*>(node.data);
            for_each_pair<float, float, float>(*tensors.a, *tensors.b, *tensors.output,
                                               [range](float a, float b) { return clamp(a / b, range); });
            break;
        }
        case TensorType::kInt32: {
            const Range range = *static_cast<const Range*>(node.data);
            for_each_pair<int32_t, int32_t, int32_t>(*tensors.a, *tensors.b, *tensors.output, [&](int32_t a, int32_t b) {
                if (b == 0) by_zero = true;
                const int32_t value = b == 0 ? 0 : b == -1 ? subtract_wrapping(0, a) : a / b;
                return clamp(value, range.low, range.high);
            });
            break;
        }
        default: {
            const Data data = *static_cast<const Data*>(node.data);
            const int32_t zero_a = tensors.a->zero_point(), zero_b = tensors.b->zero_point();
            const int32_t zero = tensors.output->zero_point();
            for_each_pair<int8_t, int8_t, int8_t>(*tensors.a, *tensors.b, *tensors.output, [&](int8_t a, int8_t b) {
                const int32_t divisor = b - zero_b;
                if (divisor == 0) by_zero = true;
                const int32_t value = divisor == 0 ? 0 : quotient(a - zero_a, divisor, data.multiplier);
                return static_cast<int8_t>(clamp(value + zero, data.range.low, data.range.high));
            });
            break;
        }
    }
    return by_zero ? context.unsupported("division by zero") : Status::kOk;
}

}  // namespace

const Registration op::DIV = {"DIV", builtin::kDiv, 2, prepare, invoke};

}  // namespace cmsim
