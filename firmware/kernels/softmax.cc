// SOFTMAX along the last dimension: int8 (to int8 or int16), int16, float32.
#include "kernels/float_functions.h"
#include "kernels/softmax_common.h"
#include "kernels/softmax_int16.h"

namespace cmsim {
namespace {

bool near(float value, float wanted) {
    const float difference = value - wanted, tolerance = 0.001f * wanted;
    return difference <= tolerance && difference >= -tolerance;
}

Status prepare_int8(Context& context, Node& node, const Unary& tensors, float beta) {
    if (!is_int8(*tensors.input) || !is_quantized(*tensors.output)) {
        return context.unsupported("input and output must be quantised");
    }
    const float scale = tensors.output->scale();
    const int32_t zero_point = tensors.output->zero_point();
    if (tensors.output->type == TensorType::kInt8) {
        if (zero_point != -128 || scale != 1.0f / 256) {
            return context.unsupported("output must have scale 1/256 and zero point -128");
        }
    } else {
        if (tensors.output->type != TensorType::kInt16) return context.unsupported("output of int8 must be int8 or int16");
        if (zero_point != -32768 || !near(scale, 1.0f / 65536)) {
            return context.unsupported("output must have scale 1/65536 and zero point -32768");
        }
    }
    if (tensors.input->dim(tensors.input->rank() - 1) > kMaxDepth) return context.unsupported("more than 4095 classes");
    auto* data = context.allocate<DifferenceScale>();
    if (data == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    return difference_scale(beta, tensors.input->scale(), data) ? Status::kOk : context.unsupported("beta or scale");
}

Status prepare_int16(Context& context, Node& node, const Unary& tensors, float beta) {
    if (tensors.output->type != TensorType::kInt16) return context.unsupported("output of int16 must be int16");
    if (!is_symmetric(*tensors.input) || !is_symmetric(*tensors.output)) {
        return context.unsupported("int16 needs one scale and zero point 0");
    }
    if (!near(tensors.output->scale(), 1.0f / 32768)) return context.unsupported("output must have scale 1/32768");
    if (tensors.input->dim(tensors.input->rank() - 1) > kMaxDepthInt16) {
        return context.unsupported("more than 65535 classes");
    }
    auto* multiplier = context.allocate<Multiplier>();
    if (multiplier == nullptr) return Status::kArenaTooSmall;
    node.data = multiplier;
    const double factor = static_cast<double>(tensors.input->scale()) * static_cast<double>(beta) / (10.0 / 65535.0);
    return quantize_multiplier(factor, multiplier) ? Status::kOk : context.unsupported("beta or scale");
}

Status prepare(Context& context, Node& node) {
    Unary tensors;
    const Status status = prepare_unary(context, node, &tensors);
    if (status != Status::kOk) return status;
    if (tensors.input->rank() < 1 || !tensors.input->same_shape(*tensors.output)) return context.unsupported("shapes");
    const float beta = context.options.scalar<float>(field::softmax::kBeta);
    switch (tensors.input->type) {
        case TensorType::kFloat32: {
            if (tensors.output->type != TensorType::kFloat32) return context.unsupported("output of float32 must be float32");
            auto* data = context.allocate<float>();
            if (data == nullptr) return Status::kArenaTooSmall;
            node.data = data;
            *data = beta;
            return Status::kOk;
        }
        case TensorType::kInt8: return prepare_int8(context, node, tensors, beta);
        case TensorType::kInt16: return prepare_int16(context, node, tensors, beta);
        default: return context.unsupported("input must be float32, int8 or int16");
    }
}

template <class Out>
void softmax_row(const DifferenceScale& scale, const int8_t* values, Out* result, int32_t depth) {
    constexpr int kBits = 8 * sizeof(Out);
    constexpr int32_t kLowest = -(1 << (kBits - 1));
    const int32_t largest = largest_of(values, depth);
    const int32_t sum = sum_of_exponentials(scale, values, depth, largest);
    // 1 / sum as a Q0 number in (1/2, 1] and a power of two.
    const int headroom = __builtin_clz(static_cast<uint32_t>(sum));
    const auto fraction = static_cast<int32_t>((static_cast<uint32_t>(sum) << headroom) - 0x80000000u);
    const int32_t reciprocal = one_over_one_plus(fraction);
    const int shift = kSumIntegerBits - headroom + 31 - kBits;
    for (int32_t i = 0; i < depth; ++i) {
        const int32_t difference = values[i] - largest;
        int32_t probability = 0;
        if (difference >= scale.smallest_difference && shift <= 31) {
            const int32_t power = exp_on_negative(scaled_difference(scale, difference));
            probability = rounding_divide_by_pot(fixed_multiply(reciprocal, power), shift);
        }
        result[i] = static_cast<Out>(clamp(probability + kLowest, kLowest, -kLowest - 1));
    }
}

void softmax_row(float beta, const float* values, float* result, int32_t depth) {
    constexpr float kLowest = -3.40282347e38f;
    float largest = kLowest;
    for (int32_t i = 0; i < depth; ++i) {
        if (values[i] > largest) largest = values[i];
    }
    float sum = 0;
    for (int32_t i = 0; i < depth; ++i) {
        result[i] = float_exp((values[i] - largest) * beta);
        sum += result[i];
    }
    for (int32_t i = 0; i < depth; ++i) result[i] /= sum;
}

Status invoke(Context& context, Node& node) {
    const Unary tensors = unary(context, node);
    const Tensor& input = *tensors.input;
    const Tensor& output = *tensors.output;
    const int32_t depth = input.dim(input.rank() - 1);
    const uint32_t count = input.element_count();
    for (uint32_t i = 0; i < count; i += static_cast<uint32_t>(depth)) {
        if (input.type == TensorType::kFloat32) {
            const float beta = *static_cast<const float*>(node.data);
            softmax_row(beta, input.as<const float>() + i, output.as<float>() + i, depth);
        } else if (input.type == TensorType::kInt16) {
            const Multiplier multiplier = *static_cast<const Multiplier*>(node.data);
            softmax_int16(input.as<const int16_t>() + i, output.as<int16_t>() + i, depth, multiplier);
        } else {
            const auto& scale = *static_cast<const DifferenceScale*>(node.data);
            const int8_t* values = input.as<const int8_t>() + i;
            if (output.type == TensorType::kInt8) softmax_row(scale, values, output.as<int8_t>() + i, depth);
            if (output.type == TensorType::kInt16) softmax_row(scale, values, output.as<int16_t>() + i, depth);
        }
    }
    return Status::kOk;
}

}  // namespace

const Registration op::SOFTMAX = {"SOFTMAX", builtin::kSoftmax, 3, prepare, invoke};

}  // namespace cmsim
