// FULLY_CONNECTED for Cortex-M4. int8: few rows 4 outputs at a time, straight from the model's weights; many rows as a matrix
// product; float32 and int16 as in the portable set.
#include "kernels/dsp/conv_gemm.h"
#include "kernels/fully_connected_common.h"
#include "kernels/operators.h"

namespace cmsim {
namespace {

enum class Way : uint8_t { kPortable, kDots, kProduct };

struct Data {
    FullyConnectedData common;
    Way way;
    uint32_t* row;          // kDots: a row of the input as 16-bit lanes
    dsp::ProductPlan plan;  // kProduct
};

Status prepare(Context& context, Node& node) {
    auto* data = context.allocate<Data>();
    if (data == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    const FullyConnectedData& common = data->common;
    const Status status = prepare_fully_connected(context, node, &data->common);
    if (status != Status::kOk) return status;
    data->way = Way::kPortable;
    if (common.arithmetic != Arithmetic::kInt8) return Status::kOk;

    constexpr int32_t kManyRows = 3;
    if (common.rows < kManyRows || common.weight_zero_point != 0) {
        data->way = Way::kDots;
        return context.request_scratch(&data->row, 2 * dsp::quads(common.depth)) ? Status::kOk : Status::kArenaTooSmall;
    }
    data->way = Way::kProduct;
    const Tensor& input = *context.input(node, 0);
    const Tensor& weights = *context.input(node, 1);
    const Tensor& output = *context.output(node, 0);
    data->plan.finish = dsp::finish_for(common.multipliers, common.activation.integer, output.zero_point(),
                                        context.input(node, 2), uint64_t{255 * 128} * static_cast<uint32_t>(common.depth));
    const bool enough = dsp::plan_product(context, static_cast<uint32_t>(common.rows), common.depth,
                                          static_cast<uint32_t>(weights.dim(0)), false, input.bytes() + output.bytes(),
                                          &data->plan);
    return enough ? Status::kOk : Status::kArenaTooSmall;
}

// The values less their zero point as even and odd lanes of each 4; zeros where a last quad is not full.
void spread(const int8_t* values, int32_t depth, int32_t zero_point, uint32_t* row) {
    const uint32_t base = dsp::both_lanes(-zero_point);
    for (; depth >= 4; depth -= 4, values += 4, row += 2) {
        const uint32_t word = dsp::load_word(values);
        row[0] = dsp::even_bytes(word, base);
        row[1] = dsp::odd_bytes(word, base);
    }
    if (depth == 0) return;
    row[0] = static_cast<uint32_t>(values[0] - zero_point) & 0xFFFF;
    row[1] = depth > 1 ? static_cast<uint32_t>(values[1] - zero_point) & 0xFFFF : 0;
    if (depth > 2) row[0] |= static_cast<uint32_t>(values[2] - zero_point) << 16;
}

// The products of a row with `count` rows of weights, 1 or 4.
template <int32_t count>
void add_dots(const uint32_t* row, const int8_t* weights, int32_t depth, uint32_t base, int32_t (&sums)[4]) {
    const int8_t* from[count];
    int32_t sum[count];
    for (int32_t i = 0; i < count; ++i) from[i] = weights + i * depth, sum[i] = sums[i];
    int32_t left = depth;
    for (; left >= 4; left -= 4, row += 2) {
        const uint32_t even = row[0], odd = row[1];
        uint32_t words[count];
        for (int32_t i = 0; i < count; ++i) words[i] = dsp::load_word(from[i]), from[i] += 4;
        for (int32_t i = 0; i < count; ++i) sum[i] = dsp::add_products(sum[i], dsp::even_bytes(words[i], base), even);
        for (int32_t i = 0; i < count; ++i) sum[i] = dsp::add_products(sum[i], dsp::odd_bytes(words[i], base), odd);
    }
    for (int32_t i = 0; i < count; ++i) {
        if (left > 0) {
            const uint32_t word = dsp::load_bytes(from[i], left);
            sum[i] = dsp::add_products(sum[i], dsp::even_bytes(word, base), row[0]);
            sum[i] = dsp::add_products(sum[i], dsp::odd_bytes(word, base), row[1]);
        }
        sums[i] = sum[i];
    }
}

void run_dots(const Context& context, const Node& node, const Data& data) {
    const Tensor& input = *context.input(node, 0);
    const Tensor& weights = *context.input(node, 1);
    const Tensor* bias_tensor = context.input(node, 2);
    const Tensor& output = *context.output(node, 0);
    const FullyConnectedData common = data.common;
    const int32_t outputs = weights.dim(0), zero_point = input.zero_point(), output_zero_point = output.zero_point();
    const uint32_t base = dsp::both_lanes(-common.weight_zero_point);
    const int32_t* bias = bias_tensor != nullptr ? bias_tensor->as<const int32_t>() : nullptr;
    const int8_t* values = input.as<const int8_t>();
    int8_t* result = output.as<int8_t>();
    for (int32_t row = 0; row < common.rows; ++row, values += common.depth) {
        spread(values, common.depth, zero_point, data.row);
        const int8_t* weight = weights.as<const int8_t>();
        for (int32_t channel = 0, count; channel < outputs; channel += count, weight += count * common.depth) {
            int32_t sums[4] = {};
            count = outputs - channel >= 4 ? 4 : 1;
            if (count == 4) {
                add_dots<4>(data.row, weight, common.depth, base, sums);
            } else {
                add_dots<1>(data.row, weight, common.depth, base, sums);
            }
            for (int32_t i = 0; i < count; ++i) {
                const auto index = static_cast<uint32_t>(channel + i);
                const auto sum = static_cast<uint32_t>(sums[i]);
                *result++ = static_cast<int8_t>(output_value(sum, bias, index, common.multipliers[index], output_zero_point,
                                                             common.activation));
            }
        }
    }
}

void run_product(const Context& context, const Node& node, const Data& data) {
    const Tensor& input = *context.input(node, 0);
    const Tensor& weights = *context.input(node, 1);
    const Tensor* bias = context.input(node, 2);
    const Tensor& output = *context.output(node, 0);
    dsp::Product product = {};
    product.input = input.as<const int8_t>();
    product.pixels = static_cast<uint32_t>(data.common.rows);
    product.depth = data.common.depth;
    product.input_zero_point = input.zero_point();
    product.weights = weights.as<const int8_t>();
    product.channel_step = data.common.depth;
    product.weight_step = 1;
    product.channels = static_cast<uint32_t>(weights.dim(0));
    product.bias = bias != nullptr ? bias->as<const int32_t>() : nullptr;
    product.multipliers = data.common.multipliers;
    product.output = output.as<int8_t>();
    product.output_stride = weights.dim(0);
    product.output_zero_point = output.zero_point();
    product.range = data.common.activation;
    dsp::run_product(product, data.plan);
}

Status invoke(Context& context, Node& node) {
    const auto& data = *static_cast<const Data*>(node.data);
    switch (data.way) {
        case Way::kPortable: fully_connected(context, node, data.common); break;
        case Way::kDots: run_dots(context, node, data); break;
        case Way::kProduct: run_product(context, node, data); break;
    }
    return Status::kOk;
}

}  // namespace

const Registration op::FULLY_CONNECTED = {"FULLY_CONNECTED", builtin::kFullyConnected, 13, prepare, invoke};

}  // namespace cmsim
