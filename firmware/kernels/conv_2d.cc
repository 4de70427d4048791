// CONV_2D, int8: input [batch, height, width, channels], filter [outputs, height, width, channels / groups].
#include "kernels/conv_common.h"
#include "kernels/operators.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    namespace f = field::conv_2d;
    const Status status = prepare_conv(context, node, {f::kPadding, f::kStrideW, f::kStrideH, f::kActivation, f::kDilationW,
                                                       f::kDilationH}, 0);
    if (status != Status::kOk) return status;
    const int32_t depth = context.input(node, 0)->dim(3);
    const int32_t filter_depth = context.input(node, 1)->dim(3);
    if (depth % filter_depth != 0 || context.output(node, 0)->dim(3) % (depth / filter_depth) != 0) {
        return context.unsupported("channels do not divide into groups");
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
    const int32_t filter_depth = filter.dim(3);  // of one group
    const int32_t outputs = output.dim(3);
    const int32_t outputs_per_group = outputs / (depth / filter_depth);
    const int32_t input_zero_point = input.zero_point;

    const int8_t* image = input.as<const int8_t>();
    int8_t* result = output.as<int8_t>();
    for (int32_t batch = 0; batch < input.dim(0); ++batch, image += y.input * x.input * depth) {
        for (int32_t out_y = 0; out_y < y.output; ++out_y) {
            const int32_t y_begin = y.begin(out_y), y_end = y.end(out_y);
            for (int32_t out_x = 0; out_x < x.output; ++out_x) {
                const int32_t x_begin = x.begin(out_x), x_end = x.end(out_x);
                const int8_t* filter_of_output = filter.as<const int8_t>();
                for (int32_t channel = 0; channel < outputs; ++channel) {
                    const int32_t group = channel / outputs_per_group;
                    uint32_t sum = 0;  // unsigned: it may wrap
                    for (int32_t k_y = y_begin; k_y < y_end; ++k_y) {
                        const int32_t in_y = y.origin(out_y) + k_y * y.dilation;
                        for (int32_t k_x = x_begin; k_x < x_end; ++k_x) {
                            const int32_t in_x = x.origin(out_x) + k_x * x.dilation;
                            const int8_t* values = image + (in_y * x.input + in_x) * depth + group * filter_depth;
                            const int8_t* weights = filter_of_output + (k_y * x.filter + k_x) * filter_depth;
                            for (int32_t i = 0; i < filter_depth; ++i) {
                                sum += static_cast<uint32_t>(weights[i] * (values[i] - input_zero_point));
                            }
                        }
                    }
                    *result++ = conv_result(data, static_cast<int32_t>(sum), channel, output.zero_point);
                    filter_of_output += y.filter * x.filter * filter_depth;
                }
            }
        }
    }
    return Status::kOk;
}

}  // namespace

const Registration op::CONV_2D = {"CONV_2D", builtin::kConv2d, 8, prepare, invoke};

}  // namespace cmsim
