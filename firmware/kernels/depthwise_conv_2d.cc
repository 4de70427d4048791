// DEPTHWISE_CONV_2D, int8: input [batch, height, width, channels], filter [1, height, width, channels * depth multiplier].
#include "kernels/conv_common.h"
#include "kernels/operators.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    namespace f = field::depthwise_conv_2d;
    const Status status = prepare_conv(context, node, {f::kPadding, f::kStrideW, f::kStrideH, f::kActivation, f::kDilationW,
                                                       f::kDilationH}, 3);
    if (status != Status::kOk) return status;
    const Tensor& filter = *context.input(node, 1);
    const int32_t depth = context.input(node, 0)->dim(3);
    const auto multiplier = context.options.scalar<int32_t>(f::kDepthMultiplier);
    if (filter.dim(0) != 1 || filter.dim(3) % depth != 0 || filter.dim(3) / depth != multiplier) {
        return context.unsupported("filter shape or depth multiplier");
    }
    return Status::kOk;
}

Status invoke(Context& context, Node& node) {
    const Tensor& input = *context.input(node, 0);
    const Tensor& filter = *context.input(node, 1);
    const Tensor& output = *context.output(node, 0);
    const auto& data = *static_cast<const ConvData*>(node.data);
    const WindowAxis y = data.window.y;
    const WindowAxis x = data.window.x;
    const int32_t depth = input.dim(3);
    const int32_t outputs = output.dim(3);
    const int32_t depth_multiplier = outputs / depth;
    const int32_t input_zero_point = input.zero_point;

    const int8_t* image = input.as<const int8_t>();
    int8_t* result = output.as<int8_t>();
    for (int32_t batch = 0; batch < input.dim(0); ++batch, image += y.input * x.input * depth) {
        for (int32_t out_y = 0; out_y < y.output; ++out_y) {
            const int32_t y_begin = y.begin(out_y), y_end = y.end(out_y);
            for (int32_t out_x = 0; out_x < x.output; ++out_x) {
                const int32_t x_begin = x.begin(out_x), x_end = x.end(out_x);
                for (int32_t channel = 0; channel < outputs; ++channel) {
                    const int8_t* plane = image + channel / depth_multiplier;
                    const int8_t* weights = filter.as<const int8_t>() + channel;
                    uint32_t sum = 0;  // unsigned: it may wrap
                    for (int32_t k_y = y_begin; k_y < y_end; ++k_y) {
                        const int32_t in_y = y.origin(out_y) + k_y * y.dilation;
                        for (int32_t k_x = x_begin; k_x < x_end; ++k_x) {
                            const int32_t in_x = x.origin(out_x) + k_x * x.dilation;
                            const int32_t value = plane[(in_y * x.input + in_x) * depth] - input_zero_point;
                            sum += static_cast<uint32_t>(weights[(k_y * x.filter + k_x) * outputs] * value);
                        }
                    }
                    *result++ = conv_result(data, static_cast<int32_t>(sum), channel, output.zero_point);
                }
            }
        }
    }
    return Status::kOk;
}

}  // namespace

const Registration op::DEPTHWISE_CONV_2D = {"DEPTHWISE_CONV_2D", builtin::kDepthwiseConv2d, 7, prepare, invoke};

}  // namespace cmsim
