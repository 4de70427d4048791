// CONV_2D for Cortex-M4: int8 as a matrix product; float32 and int16 as in the portable set.
#include "kernels/conv_loops.h"
#include "kernels/dsp/conv_gemm.h"
#include "kernels/operators.h"

namespace cmsim {
namespace {

struct Data {
    ConvData conv;
    dsp::ProductPlan plan;
    bool windows;  // the values of an output pixel do not just lie together in the input
};

Status prepare(Context& context, Node& node) {
    auto* data = context.allocate<Data>();
    if (data == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    const Status status = prepare_conv_2d(context, node, &data->conv);
    if (status != Status::kOk || data->conv.arithmetic != Arithmetic::kInt8) return status;
    const Tensor& input = *context.input(node, 0);
    const Tensor& filter = *context.input(node, 1);
    const Tensor& output = *context.output(node, 0);
    const WindowAxis& y = data->conv.window.y;
    const WindowAxis& x = data->conv.window.x;
    const bool one_to_one = y.filter == 1 && x.filter == 1 && y.stride == 1 && x.stride == 1;
    const bool whole_rows = x.output == 1 && x.filter == x.input && x.dilation == 1 && y.dilation == 1 && y.padding == 0 &&
                            (y.output - 1) * y.stride + y.filter <= y.input && input.dim(0) == 1;
    data->windows = !(one_to_one || whole_rows) || input.dim(3) != filter.dim(3);
    const int32_t depth = y.filter * x.filter * filter.dim(3);
    const auto groups = static_cast<uint32_t>(input.dim(3) / filter.dim(3));
    const auto channels = static_cast<uint32_t>(output.dim(3)) / groups;
    data->plan.finish = dsp::finish_for(data->conv.multipliers, data->conv.activation.integer, output.zero_point(),
                                        context.input(node, 2), uint64_t{255 * 128} * static_cast<uint32_t>(depth));
    const uint32_t pixels = output.element_count() / static_cast<uint32_t>(output.dim(3));
    const bool enough = dsp::plan_product(context, pixels, depth, channels, data->windows, 0, input.bytes() + output.bytes(),
                                          &data->plan);
    return enough ? Status::kOk : Status::kArenaTooSmall;
}

Status invoke(Context& context, Node& node) {
    const auto& data = *static_cast<const Data*>(node.data);
    if (data.conv.arithmetic != Arithmetic::kInt8) {
        convolve<GroupWalk>(context, node, data.conv);
        return Status::kOk;
    }
    const Tensor& input = *context.input(node, 0);
    const Tensor& filter = *context.input(node, 1);
    const Tensor* bias = context.input(node, 2);
    const Tensor& output = *context.output(node, 0);
    const int32_t depth = input.dim(3);
    const int32_t filter_depth = filter.dim(3);
    const int32_t groups = depth / filter_depth;

    dsp::Product product = {};
    product.input = input.as<const int8_t>();
    product.depth = filter.dim(1) * filter.dim(2) * filter_depth;
    product.input_zero_point = input.zero_point();
    product.window = data.windows ? &data.conv.window : nullptr;
    const WindowAxis& x = data.conv.window.x;
    product.pixel_step = x.output == 1 ? data.conv.window.y.stride * x.input * depth : depth;
    product.image_depth = depth;
    product.tap_depth = filter_depth;
    product.weights = filter.as<const int8_t>();
    product.channels = static_cast<uint32_t>(output.dim(3) / groups);
    product.bias = bias != nullptr ? bias->as<const int32_t>() : nullptr;
    product.multipliers = data.conv.multipliers;
    product.output = output.as<int8_t>();
    product.output_stride = output.dim(3);
    product.output_zero_point = output.zero_point();
    product.range = data.conv.activation;
    product.pixels = output.element_count() / static_cast<uint32_t>(output.dim(3));
    for (int32_t group = 0; group < groups; ++group) {
        dsp::run_product(product, data.plan);
        product.input += filter_depth;
        product.weights += static_cast<int32_t>(product.channels) * product.depth;
        product.first_channel += product.channels;
        product.output += product.channels;
    }
    return Status::kOk;
}

}  // namespace

const Registration op::CONV_2D = {"CONV_2D", builtin::kConv2d, 8, prepare, invoke};

}  // namespace cmsim
