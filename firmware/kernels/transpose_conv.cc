// TRANSPOSE_CONV: float32, int8 with int32 bias, and int16 with int8 weights and a bias of int64 or int16. Inputs:
// shape of the output, filter [output depth, height, width, input depth], input, bias if any.
//
// The input spreads over the output: input pixel i reaches output pixels i * stride - padding + k. Turned round, each
// output value is the sum over the input pixels that reach it; in the order of the input, so that float sums have the
// bits of TensorFlow Lite Micro's, which adds into the output instead. No scratch memory is needed this way.
#include "kernels/operators.h"
#include "kernels/quantization.h"
#include "kernels/shapes.h"

namespace cmsim {
namespace {

struct Axis {
    int32_t input;
    int32_t output;
    int32_t filter;
    int32_t stride;
    int32_t padding;

    // The input pixels [first, last) that reach an output pixel, and where in the filter.
    int32_t first(int32_t out) const {
        const int32_t from = out + padding - filter + 1;
        return from <= 0 ? 0 : (from + stride - 1) / stride;
    }
    int32_t last(int32_t out) const {
        const int32_t fit = (out + padding) / stride + 1;
        return fit < input ? fit : input;
    }
    int32_t tap(int32_t out, int32_t in) const { return out + padding - in * stride; }
};

struct Data {
    Axis y;
    Axis x;
    Range range;
    FloatRange float_range;
    const Multiplier* multipliers;  // [output depth]
};

// False where a size is out of range. `axis->padding` is what a convolution from the output to the input would have.
bool complete(Padding padding, Axis* axis) {
    constexpr int32_t kLimit = 1 << 15;  // so that no sum or product here exceeds 31 bits
    if (axis->filter > kLimit || axis->stride < 1 || axis->stride > kLimit || axis->output > kLimit ||
        axis->input > kLimit) {
        return false;
    }
    if (padding != Padding::kSame && padding != Padding::kValid) return false;
    const int32_t steps =
        padding == Padding::kSame ? axis->output + axis->stride - 1 : axis->output + axis->stride - axis->filter;
    const int32_t total = (steps / axis->stride - 1) * axis->stride + axis->filter - axis->output;
    axis->padding = total > 0 ? total / 2 : 0;
    return true;
}

Status set_multipliers(Context& context, const Tensor& input, const Tensor& filter, const Tensor& output, Data* data) {
    const auto depth = static_cast<uint32_t>(filter.dim(0));
    auto* multipliers = context.allocate<Multiplier>(depth);
    if (multipliers == nullptr) return Status::kArenaTooSmall;
    data->multipliers = multipliers;
    if (!is_quantized(input) || !is_quantized(output) || !filter.has_scale_for(0) || filter.zero_point() != 0) {
        return context.unsupported("quantisation of input, filter or output");
    }
    const bool wide = input.type == TensorType::kInt16;
    if (wide && (input.zero_point() != 0 || output.zero_point() != 0)) {
        return context.unsupported("int16 must have zero point 0");
    }
    const auto input_scale = static_cast<double>(input.scale()), output_scale = static_cast<double>(output.scale());
    const float* scales = filter.scales();
    const bool per_channel = filter.scale_count() > 1;
    for (uint32_t i = 0; i < depth; ++i) {
        const auto scale = static_cast<double>(scales[per_channel ? i : 0]);
        if (!quantize_multiplier(input_scale * scale / output_scale, &multipliers[i]) ||
            (wide && multipliers[i].shift > kMaxWideShift)) {
            return context.unsupported("scales");
        }
    }
    return Status::kOk;
}

bool bias_fits(const Tensor& bias, TensorType input) {
    switch (input) {
        case TensorType::kInt8: return bias.type == TensorType::kInt32;
        case TensorType::kInt16: return bias.type == TensorType::kInt64 || bias.type == TensorType::kInt16;
        default: return bias.type == input;
    }
}

Status prepare(Context& context, Node& node) {
    const Tensor* shape = context.input(node, 0);
    const Tensor* filter_or_null = context.input(node, 1);
    const Tensor* input_or_null = context.input(node, 2);
    const Tensor* bias = context.input(node, 3);
    if (shape == nullptr || filter_or_null == nullptr || input_or_null == nullptr || node.input_count() > 4 ||
        node.output_count() != 1) {
        return context.unsupported(kWrongCounts);
    }
    const Tensor& filter = *filter_or_null;
    const Tensor& input = *input_or_null;
    const Tensor& output = *context.output(node, 0);
    if (input.type != output.type) return context.unsupported("input and output differ in type");
    if (input.type != TensorType::kFloat32 && input.type != TensorType::kInt8 && input.type != TensorType::kInt16) {
        return context.unsupported("input must be float32, int8 or int16");
    }
    if (filter.type != (input.type == TensorType::kInt16 ? TensorType::kInt8 : input.type)) {
        return context.unsupported("type of the filter");
    }
    if (input.rank() != 4 || filter.rank() != 4 || output.rank() != 4) {
        return context.unsupported("shapes must have 4 dimensions");
    }
    if (output.dim(0) != input.dim(0) || filter.dim(3) != input.dim(3) || filter.dim(0) != output.dim(3)) {
        return context.unsupported("shapes");
    }
    if (shape->type != TensorType::kInt32 || shape->element_count() != 4) {
        return context.unsupported("shape must be 4 int32");
    }
    for (unsigned axis = 0; shape->constant() && axis < 4; ++axis) {
        if (shape->as<const int32_t>()[axis] != output.dim(axis)) return context.unsupported("output shape");
    }
    if (bias != nullptr &&
        (!bias_fits(*bias, input.type) || bias->element_count() != static_cast<uint32_t>(output.dim(3)))) {
        return context.unsupported("bias must have one value of the right type for each output channel");
    }

    auto* data = context.allocate<Data>();
    if (data == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    namespace f = field::transpose_conv;
    const Table& options = context.options;
    const auto padding = static_cast<Padding>(options.scalar<int8_t>(f::kPadding));
    data->y = {input.dim(1), output.dim(1), filter.dim(1), options.scalar<int32_t>(f::kStrideH), 0};
    data->x = {input.dim(2), output.dim(2), filter.dim(2), options.scalar<int32_t>(f::kStrideW), 0};
    if (!complete(padding, &data->y) || !complete(padding, &data->x)) {
        return context.unsupported("padding, filter or stride");
    }
    const auto activation = static_cast<Activation>(options.scalar<int8_t>(f::kActivation));
    if (input.type == TensorType::kFloat32) {
        if (!float_activation_range(activation, &data->float_range)) return context.unsupported("fused activation");
        return Status::kOk;
    }
    const Status status = set_multipliers(context, input, filter, output, data);
    if (status != Status::kOk) return status;
    return activation_range(activation, output, &data->range) ? Status::kOk : context.unsupported("fused activation");
}

// result = finish(sum, channel), where the sum begins with 0 and grows by add(sum, input value, weight).
template <class T, class Weight, class Sum, class Add, class Finish>
void spread(const Data& data, const Tensor& input, const Tensor& filter, const Tensor& output, Add add, Finish finish) {
    const Axis y = data.y, x = data.x;
    const int32_t depth = input.dim(3), channels = output.dim(3);
    const int32_t filter_size = y.filter * x.filter * depth;
    const T* image = input.as<const T>();
    T* result = output.as<T>();
    for (int32_t batch = 0; batch < output.dim(0); ++batch, image += y.input * x.input * depth) {
        for (int32_t out_y = 0; out_y < y.output; ++out_y) {
            for (int32_t out_x = 0; out_x < x.output; ++out_x) {
                const Weight* weights = filter.as<const Weight>();
                for (int32_t channel = 0; channel < channels; ++channel, weights += filter_size) {
                    Sum sum = 0;
                    for (int32_t in_y = y.first(out_y); in_y < y.last(out_y); ++in_y) {
                        const Weight* row = weights + y.tap(out_y, in_y) * x.filter * depth;
                        for (int32_t in_x = x.first(out_x); in_x < x.last(out_x); ++in_x) {
                            const T* value = image + (in_y * x.input + in_x) * depth;
                            const Weight* weight = row + x.tap(out_x, in_x) * depth;
                            for (int32_t i = 0; i < depth; ++i) sum = add(sum, value[i], weight[i]);
                        }
                    }
                    *result++ = finish(sum, channel);
                }
            }
        }
    }
}

Status invoke(Context& context, Node& node) {
    const Data& data = *static_cast<const Data*>(node.data);
    const Tensor& filter = *context.input(node, 1);
    const Tensor& input = *context.input(node, 2);
    const Tensor* bias = context.input(node, 3);
    const Tensor& output = *context.output(node, 0);
    if (input.type == TensorType::kFloat32) {
        spread<float, float, float>(
            data, input, filter, output, [](float sum, float value, float weight) { return sum + value * weight; },
            [=, &data](float sum, int32_t channel) {
                return clamp(bias != nullptr ? sum + bias->as<const float>()[channel] : sum, data.float_range);
            });
    } else if (input.type == TensorType::kInt8) {
        const int32_t input_zero = input.zero_point(), output_zero = output.zero_point();
        spread<int8_t, int8_t, uint32_t>(  // unsigned: it may wrap
            data, input, filter, output,
            [=](uint32_t sum, int8_t value, int8_t weight) {
                return sum + static_cast<uint32_t>((value - input_zero) * weight);
            },
            [=, &data](uint32_t sum, int32_t channel) {
                if (bias != nullptr) sum += static_cast<uint32_t>(bias->as<const int32_t>()[channel]);
                const int32_t scaled = multiply(static_cast<int32_t>(sum), data.multipliers[channel]);
                return static_cast<int8_t>(clamp(add_wrapping(scaled, output_zero), data.range.low, data.range.high));
            });
    } else {
        spread<int16_t, int8_t, uint64_t>(
            data, input, filter, output,
            [](uint64_t sum, int16_t value, int8_t weight) {
                return sum + static_cast<uint64_t>(int64_t{value} * weight);
            },
            [=, &data](uint64_t sum, int32_t channel) {
                if (bias != nullptr) {
                    sum += static_cast<uint64_t>(bias->type == TensorType::kInt64 ? bias->as<const int64_t>()[channel]
                                                                                  : bias->as<const int16_t>()[channel]);
                }
                const int32_t scaled = multiply_wide(static_cast<int64_t>(sum), data.multipliers[channel]);
                return static_cast<int16_t>(clamp(scaled, data.range.low, data.range.high));
            });
    }
    return Status::kOk;
}

}  // namespace

const Registration op::TRANSPOSE_CONV = {"TRANSPOSE_CONV", builtin::kTransposeConv, 5, prepare, invoke};

}  // namespace cmsim
