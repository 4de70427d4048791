#include "kernels/svdf_common.h"

#include "kernels/float_functions.h"
#include "kernels/shapes.h"

namespace cmsim {
namespace {

const char* wrong_shape(const SvdfTensors& t, int32_t rank) {
    if (t.input->rank() != 2 || t.feature->rank() != 2 || t.time->rank() != 2 || t.state->rank() != 2 ||
        t.output->rank() != 2) {
        return "shapes must have 2 dimensions";
    }
    const int32_t batch = t.input->dim(0), filters = t.feature->dim(0), memory = t.time->dim(1);
    if (rank < 1 || filters % rank != 0) return "rank does not divide the number of filters";
    if (t.feature->dim(1) != t.input->dim(1) || t.time->dim(0) != filters) {
        return "weights do not fit the input or each other";
    }
    if (t.bias != nullptr && t.bias->element_count() != static_cast<uint32_t>(filters / rank)) {
        return "bias needs one value for each unit";
    }
    if (t.state->dim(0) != batch || t.state->dim(1) != static_cast<int64_t>(filters) * memory) {
        return "shape of the state";
    }
    if (t.output->dim(0) != batch || t.output->dim(1) != filters / rank) return "output shape";
    return nullptr;
}

const char* wrong_float(const SvdfTensors& t, Activation activation) {
    const Tensor* const all[] = {t.feature, t.time, t.bias, t.state, t.output};
    for (const Tensor* tensor : all) {
        if (tensor != nullptr && tensor->type != TensorType::kFloat32) return "all tensors must be float32";
    }
    return activation >= Activation::kNone && activation <= Activation::kSignBit ? nullptr : "fused activation";
}

const char* wrong_integer(const SvdfTensors& t, SvdfData* data) {
    if (t.input->type != TensorType::kInt8 || t.feature->type != TensorType::kInt8 ||
        t.output->type != TensorType::kInt8) {
        return "input must be float32 or int8, weights and output of its type";
    }
    if ((t.time->type != TensorType::kInt8 && t.time->type != TensorType::kInt16) || t.state->type != t.time->type) {
        return "state and weights over time must be int8, or both int16";
    }
    if (t.bias != nullptr && t.bias->type != TensorType::kInt32) return "bias must be int32";
    const Tensor* const all[] = {t.input, t.feature, t.time, t.state, t.output};
    for (const Tensor* tensor : all) {
        if (!is_quantized(*tensor)) return "one scale and a zero point that fits are needed";
    }
    const auto product = [](const Tensor& a, const Tensor& b) {
        return static_cast<double>(a.scale()) * static_cast<double>(b.scale());
    };
    const double feature = product(*t.input, *t.feature) / static_cast<double>(t.state->scale());
    const double time = product(*t.state, *t.time) / static_cast<double>(t.output->scale());
    const bool have_multipliers =
        quantize_multiplier(feature, &data->feature) && quantize_multiplier(time, &data->time);
    return have_multipliers ? nullptr : "scales";
}

// Computes a new product for each filter, then the units. remember(sum) is what the state keeps of a product with the
// input, finish(sum) the output for a sum over filters, which begins with the bias.
template <class T, class Memory, class Sum, class Bias, class FeatureProduct, class Remember, class TimeProduct,
          class Finish>
void filter_all(const SvdfTensors& t, int32_t rank, FeatureProduct feature_product, Remember remember,
                TimeProduct time_product, Finish finish) {
    const int32_t batches = t.input->dim(0), features = t.input->dim(1), filters = t.feature->dim(0),
                  memory = t.time->dim(1);
    auto* state = t.state->as<Memory>();
    // The last place of each filter, which gets its neighbour's first one, is written anew below.
    __builtin_memmove(state, state + 1, t.state->bytes() - sizeof *state);
    const auto* input = t.input->as<const T>();
    for (int32_t batch = 0; batch < batches; ++batch, input += features) {
        const auto* weight = t.feature->as<const T>();
        for (int32_t filter = 0; filter < filters; ++filter, weight += features) {
            Sum sum = 0;
            for (int32_t i = 0; i < features; ++i) sum += feature_product(weight[i], input[i]);
            state[(batch * filters + filter + 1) * memory - 1] = remember(sum);
        }
    }
    const Memory* past = state;
    auto* output = t.output->as<T>();
    for (int32_t batch = 0; batch < batches; ++batch) {
        const auto* weight = t.time->as<const Memory>();
        for (int32_t unit = 0; unit < filters / rank; ++unit) {
            Sum total = t.bias != nullptr ? static_cast<Sum>(t.bias->as<const Bias>()[unit]) : 0;
            for (int32_t filter = 0; filter < rank; ++filter, weight += memory, past += memory) {
                Sum sum = 0;
                for (int32_t i = 0; i < memory; ++i) sum += time_product(weight[i], past[i]);
                total += sum;
            }
            *output++ = finish(total);
        }
    }
}

template <class Memory>
void filter_integers(const SvdfTensors& t, const SvdfData& data) {
    const Multiplier feature = data.feature, time = data.time;
    const int32_t input_zero = t.input->zero_point(), state_zero = t.state->zero_point(),
                  output_zero = t.output->zero_point();
    filter_all<int8_t, Memory, uint32_t, int32_t>(  // unsigned: sums may wrap
        t, data.rank, [=](int8_t weight, int8_t value) { return static_cast<uint32_t>(weight * (value - input_zero)); },
        [=](uint32_t sum) { return remembered<Memory>(sum, feature, state_zero); },
        [=](Memory weight, Memory value) {
            return static_cast<uint32_t>(weight) * static_cast<uint32_t>(value - state_zero);
        },
        [=](uint32_t sum) { return svdf_result(sum, time, output_zero); });
}

float activate(Activation activation, float x) {
    switch (activation) {
        case Activation::kRelu: return x < 0.0f ? 0.0f : x;
        case Activation::kReluN1To1: return x < -1.0f ? -1.0f : x > 1.0f ? 1.0f : x;
        case Activation::kRelu6: return x < 0.0f ? 0.0f : x > 6.0f ? 6.0f : x;
        case Activation::kTanh: return float_tanh(x);
        case Activation::kSignBit: return static_cast<float>(bits_of(x) >> 31);
        default: return x;
    }
}

}  // namespace

Status prepare_svdf(Context& context, const Node& node, SvdfData* data) {
    const SvdfTensors t(context, node);
    if (node.input_count() != 5 || node.output_count() != 1 || t.input == nullptr || t.feature == nullptr ||
        t.time == nullptr || t.state == nullptr) {
        return context.unsupported(kWrongCounts);
    }
    if (!t.state->variable()) return context.unsupported("state must be a variable");
    data->rank = context.options.scalar<int32_t>(field::svdf::kRank);
    data->activation = static_cast<Activation>(context.options.scalar<int8_t>(field::svdf::kActivation));
    const char* wrong = wrong_shape(t, data->rank);
    if (wrong == nullptr) {
        wrong = t.input->type == TensorType::kFloat32 ? wrong_float(t, data->activation) : wrong_integer(t, data);
    }
    return wrong == nullptr ? Status::kOk : context.unsupported(wrong);
}

void svdf(const SvdfTensors& t, const SvdfData& data) {
    if (t.input->type == TensorType::kFloat32) {
        const auto product = [](float weight, float value) { return weight * value; };
        filter_all<float, float, float, float>(
            t, data.rank, product, [](float sum) { return sum; }, product,
            [&](float sum) { return activate(data.activation, sum); });
    } else if (t.state->type == TensorType::kInt16) {
        filter_integers<int16_t>(t, data);
    } else {
        filter_integers<int8_t>(t, data);
    }
}

}  // namespace cmsim
