// FULLY_CONNECTED for Cortex-M4: int8 as a matrix product; float32 and int16 as in the portable set.
#include "kernels/dsp/conv_gemm.h"
#include "kernels/fully_connected_common.h"
#include "kernels/operators.h"

namespace cmsim {
namespace {

struct Data {
    FullyConnectedData common;
    dsp::ProductPlan plan;
};

Status prepare(Context& context, Node& node) {
    auto* data = context.allocate<Data>();
    if (data == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    const FullyConnectedData& common = data->common;
    const Status status = prepare_fully_connected(context, node, &data->common);
    if (status != Status::kOk || common.arithmetic != Arithmetic::kInt8) return status;
    const Tensor& input = *context.input(node, 0);
    const Tensor& weights = *context.input(node, 1);
    const Tensor& output = *context.output(node, 0);
    const uint32_t largest = common.weight_zero_point == 0 ? 128 : 255;
    data->plan.finish = dsp::finish_for(common.multipliers, common.activation.integer, output.zero_point(),
                                        context.input(node, 2), uint64_t{255 * largest} * static_cast<uint32_t>(common.depth));
    const bool enough = dsp::plan_product(context, static_cast<uint32_t>(common.rows), common.depth,
                                          static_cast<uint32_t>(weights.dim(0)), false, common.weight_zero_point,
                                          input.bytes() + output.bytes(), &data->plan);
    return enough ? Status::kOk : Status::kArenaTooSmall;
}

Status invoke(Context& context, Node& node) {
    const auto& data = *static_cast<const Data*>(node.data);
    if (data.common.arithmetic != Arithmetic::kInt8) {
        fully_connected(context, node, data.common);
        return Status::kOk;
    }
    const Tensor& input = *context.input(node, 0);
    const Tensor& weights = *context.input(node, 1);
    const Tensor* bias = context.input(node, 2);
    const Tensor& output = *context.output(node, 0);
    dsp::Product product = {};
    product.input = input.as<const int8_t>();
    product.pixels = static_cast<uint32_t>(data.common.rows);
    product.depth = product.pixel_step = data.common.depth;
    product.input_zero_point = input.zero_point();
    product.weights = weights.as<const int8_t>();
    product.weight_zero_point = data.common.weight_zero_point;
    product.channels = static_cast<uint32_t>(weights.dim(0));
    product.bias = bias != nullptr ? bias->as<const int32_t>() : nullptr;
    product.multipliers = data.common.multipliers;
    product.output = output.as<int8_t>();
    product.output_stride = weights.dim(0);
    product.output_zero_point = output.zero_point();
    product.range = data.common.activation;
    dsp::run_product(product, data.plan);
    return Status::kOk;
}

}  // namespace

const Registration op::FULLY_CONNECTED = {"FULLY_CONNECTED", builtin::kFullyConnected, 13, prepare, invoke};

}  // namespace cmsim
