// SVDF for Cortex-M4: int8, 4 filters at a time over the features (dots.h); the state moves on while it is multiplied. float32 as in
// the portable set.
#include "kernels/dsp/dots.h"
#include "kernels/operators.h"
#include "kernels/svdf_common.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    auto* data = context.allocate<SvdfData>();
    if (data == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    return prepare_svdf(context, node, data);
}

// Forgets the oldest value, appends `newest`, and multiplies all with weights.
template <class Memory>
uint32_t remember(Memory* past, Memory newest, const Memory* weights, int32_t memory, int32_t zero_point) {
    const auto product = [=](Memory weight, Memory value) { return static_cast<uint32_t>(weight) * static_cast<uint32_t>(value - zero_point); };
    uint32_t sum = 0;
    for (const Memory* const last = past + memory - 1; past != last; ++past) {
        const Memory value = past[1];
        *past = value;
        sum += product(*weights++, value);
    }
    *past = newest;
    return sum + product(*weights, newest);
}

template <class Memory>
void filter(const SvdfTensors& t, const SvdfData& data) {
    const int32_t batches = t.input->dim(0), features = t.input->dim(1), filters = t.feature->dim(0), memory = t.time->dim(1);
    const int32_t value_offset = -t.input->zero_point(), state_zero = t.state->zero_point(), output_zero = t.output->zero_point();
    const int32_t rank = data.rank;
    const auto* input = t.input->as<const int8_t>();
    auto* past = t.state->as<Memory>();
    auto* output = t.output->as<int8_t>();
    for (int32_t batch = 0; batch < batches; ++batch, input += features) {
        const auto* bias = t.bias != nullptr ? t.bias->as<const uint32_t>() : nullptr;
        const auto* feature = t.feature->as<const int8_t>();
        const auto* time = t.time->as<const Memory>();
        int32_t left_of_unit = rank;
        uint32_t total = bias != nullptr ? *bias++ : 0;
        for (int32_t done = 0, count; done < filters; done += count, feature += count * features) {
            int32_t sums[4];
            count = filters - done >= 4 ? 4 : 1;
            dsp::dots(input, feature, features, value_offset, count, sums);
            for (int32_t i = 0; i < count; ++i, past += memory, time += memory) {
                const auto newest = remembered<Memory>(static_cast<uint32_t>(sums[i]), data.feature, state_zero);
                total += remember(past, newest, time, memory, state_zero);
                if (--left_of_unit > 0) continue;
                *output++ = svdf_result(total, data.time, output_zero);
                left_of_unit = rank;
                const bool more = done + i + 1 < filters;
                total = bias != nullptr && more ? *bias++ : 0;
            }
        }
    }
}

Status invoke(Context& context, Node& node) {
    const SvdfTensors t(context, node);
    const auto& data = *static_cast<const SvdfData*>(node.data);
    if (t.input->type == TensorType::kFloat32) {
        svdf(t, data);
    } else if (t.state->type == TensorType::kInt16) {
        filter<int16_t>(t, data);
    } else {
        filter<int8_t>(t, data);
    }
    return Status::kOk;
}

}  // namespace

const Registration op::SVDF = {"SVDF", builtin::kSvdf, 4, prepare, invoke};

}  // namespace cmsim
