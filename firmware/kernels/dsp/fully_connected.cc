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
        return Status::kOk;
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

// Adds the products of a row of the input with 4 rows of weights. The input is widened anew for each 4: that costs hardly more than
// loading it in 16 bits, and needs no memory. `base` and `weight_base`: the negative zero points in both lanes.
template <bool symmetric>
void add_four_dots(const int8_t* row, const int8_t* weights, int32_t depth, uint32_t base, uint32_t weight_base,
                   int32_t (&sums)[4]) {
    int32_t sum0 = sums[0], sum1 = sums[1], sum2 = sums[2], sum3 = sums[3];
    const int8_t* others = weights + 2 * depth;
    const auto even_weights = [=](uint32_t word) { return symmetric ? dsp::even_bytes(word) : dsp::even_bytes(word, weight_base); };
    const auto odd_weights = [=](uint32_t word) { return symmetric ? dsp::odd_bytes(word) : dsp::odd_bytes(word, weight_base); };
    for (const int8_t* const end = row + (depth & ~3); row != end; row += 4, weights += 4, others += 4) {
        uint32_t odd = dsp::load_word(row);
        const uint32_t even = dsp::even_bytes(odd, base);
        odd = dsp::odd_bytes(odd, base);
        uint32_t word = dsp::load_word(weights);
        sum0 = dsp::add_products(sum0, even_weights(word), even);
        sum0 = dsp::add_products(sum0, odd_weights(word), odd);
        word = dsp::load_word(weights + depth);
        sum1 = dsp::add_products(sum1, even_weights(word), even);
        sum1 = dsp::add_products(sum1, odd_weights(word), odd);
        word = dsp::load_word(others);
        sum2 = dsp::add_products(sum2, even_weights(word), even);
        sum2 = dsp::add_products(sum2, odd_weights(word), odd);
        word = dsp::load_word(others + depth);
        sum3 = dsp::add_products(sum3, even_weights(word), even);
        sum3 = dsp::add_products(sum3, odd_weights(word), odd);
    }
    const int32_t offset = static_cast<int16_t>(base), weight_offset = static_cast<int16_t>(weight_base);
    const auto product = [=](const int8_t* weight, int32_t k, int32_t sum) {
        return dsp::add_low_product(sum, static_cast<uint32_t>(row[k] + offset), static_cast<uint32_t>(weight[k] + weight_offset));
    };
    for (int32_t k = 0; k < (depth & 3); ++k) {
        sum0 = product(weights, k, sum0), sum1 = product(weights + depth, k, sum1);
        sum2 = product(others, k, sum2), sum3 = product(others + depth, k, sum3);
    }
    sums[0] = sum0, sums[1] = sum1, sums[2] = sum2, sums[3] = sum3;
}

// The products with one row of weights.
int32_t dot(const int8_t* row, const int8_t* weights, int32_t depth, uint32_t base, uint32_t weight_base) {
    int32_t sum = 0;
    for (const int8_t* const end = row + (depth & ~3); row != end; row += 4, weights += 4) {
        const uint32_t values = dsp::load_word(row), word = dsp::load_word(weights);
        sum = dsp::add_products(sum, dsp::even_bytes(word, weight_base), dsp::even_bytes(values, base));
        sum = dsp::add_products(sum, dsp::odd_bytes(word, weight_base), dsp::odd_bytes(values, base));
    }
    for (int32_t k = 0; k < (depth & 3); ++k) {
        sum = dsp::add_low_product(sum, static_cast<uint32_t>(row[k]) + base, static_cast<uint32_t>(weights[k]) + weight_base);
    }
    return sum;
}

void run_dots(const Context& context, const Node& node, const Data& data) {
    const Tensor& input = *context.input(node, 0);
    const Tensor& weights = *context.input(node, 1);
    const Tensor* bias_tensor = context.input(node, 2);
    const Tensor& output = *context.output(node, 0);
    const FullyConnectedData common = data.common;
    const int32_t outputs = weights.dim(0), output_zero_point = output.zero_point();
    const uint32_t base = dsp::both_lanes(-input.zero_point()), weight_base = dsp::both_lanes(-common.weight_zero_point);
    const int32_t* bias = bias_tensor != nullptr ? bias_tensor->as<const int32_t>() : nullptr;
    const int8_t* values = input.as<const int8_t>();
    int8_t* result = output.as<int8_t>();
    for (int32_t row = 0; row < common.rows; ++row, values += common.depth) {
        const int8_t* weight = weights.as<const int8_t>();
        for (int32_t channel = 0, count; channel < outputs; channel += count, weight += count * common.depth) {
            int32_t sums[4] = {};
            count = outputs - channel >= 4 ? 4 : 1;
            if (count == 1) {
                sums[0] = dot(values, weight, common.depth, base, weight_base);
            } else if (weight_base == 0) {
                add_four_dots<true>(values, weight, common.depth, base, weight_base, sums);
            } else {
                add_four_dots<false>(values, weight, common.depth, base, weight_base, sums);
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
