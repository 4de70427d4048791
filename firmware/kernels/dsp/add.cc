// ADD for Cortex-M4. int8: each input's 256 values are brought to the common scale once, in tables; the rest as in the portable
// set.
#include "kernels/add_sub.h"
#include "kernels/dsp/rescale.h"

namespace cmsim {
namespace {

constexpr uint32_t kWorthTables = 1024;  // elements

struct Data {  // of int8
    const SumData* common;
    int32_t* tables;  // [2][256], or null
};

Status prepare(Context& context, Node& node) {
    const Status status = prepare_sum(context, node);
    const Tensor* output = context.output(node, 0);
    if (status != Status::kOk || output->type != TensorType::kInt8) return status;
    const auto* common = static_cast<const SumData*>(node.data);
    auto* data = context.allocate<Data>();
    if (data == nullptr) return Status::kArenaTooSmall;
    *data = {common, nullptr};
    node.data = data;
    if (output->element_count() < kWorthTables || !dsp::has_rescale(common->output)) return Status::kOk;
    return context.request_scratch(&data->tables, 512) ? Status::kOk : Status::kArenaTooSmall;
}

void fill(int32_t* table, int32_t zero_point, Multiplier multiplier) {
    for (int32_t value = -128; value < 128; ++value) {
        table[value + 128] = multiply((value - zero_point) * (1 << sum_shift(TensorType::kInt8)), multiplier);
    }
}

Status invoke(Context& context, Node& node) {
    const Binary tensors = binary(context, node);
    if (tensors.output->type != TensorType::kInt8) return add_any(context, node);
    const auto& data = *static_cast<const Data*>(node.data);
    if (data.tables == nullptr) {
        quantized_sum<int8_t>(tensors, *data.common, 1);
        return Status::kOk;
    }
    fill(data.tables, tensors.a->zero_point(), data.common->a);
    fill(data.tables + 256, tensors.b->zero_point(), data.common->b);
    const int32_t* const table_a = data.tables + 128;
    const int32_t* const table_b = data.tables + 256 + 128;
    const dsp::Rescale rescale = dsp::rescale_of(data.common->output);
    const int32_t zero_point = tensors.output->zero_point();
    const Range range = data.common->range;
    for_each_pair<int8_t, int8_t, int8_t>(*tensors.a, *tensors.b, *tensors.output, [=](int32_t a, int32_t b) {
        return static_cast<int8_t>(clamp(dsp::rescaled(table_a[a] + table_b[b], rescale, zero_point), range.low, range.high));
    });
    return Status::kOk;
}

}  // namespace

const Registration op::ADD = {"ADD", builtin::kAdd, 5, prepare, invoke};

}  // namespace cmsim
