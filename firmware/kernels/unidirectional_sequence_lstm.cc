// UNIDIRECTIONAL_SEQUENCE_LSTM without peepholes, projection and normalisation: float32; int8 with int8 weights and
// int32 biases; int16 with int8 weights and int64 biases. In both integer forms cell state and gates are int16.
//
// For each step: gate = function(input * weights + bias + hidden * recurrent weights);
// cell = forget * cell + input * candidate; hidden = output * tanh(cell). A unit needs the hidden state of all units
// from the step before, but only its own cell: hence units are computed one by one, new hidden values go to the output,
// and no scratch memory is needed.
#include "kernels/float_functions.h"
#include "kernels/operators.h"
#include "kernels/quantization.h"
#include "kernels/shapes.h"
#include "kernels/sigmoid.h"

namespace cmsim {
namespace {

// Positions among the 24 inputs. Four gates each: input, forget, cell (the candidate), output.
constexpr unsigned kInputs = 24, kInput = 0, kWeights = 1, kRecurrent = 5, kBias = 12, kHidden = 18, kCell = 19;
constexpr unsigned kGates = 4, kInputGate = 0, kForgetGate = 1, kCandidate = 2, kOutputGate = 3;

struct Data {
    bool time_major;
    float float_clip;  // of the cell state; none: 0
    int16_t clip;
    SigmoidInput cell;  // from the cell state to the argument of tanh
    Multiplier weights[kGates];
    Multiplier recurrent[kGates];
    Multiplier forget;  // forget gate * cell
    Multiplier update;  // input gate * candidate
    Multiplier hidden;  // tanh * output gate
};

struct Sizes {
    int32_t batches, steps, features, units;
};

Sizes sizes_of(const Tensor& input, const Tensor& output, bool time_major) {
    return {input.dim(time_major ? 1 : 0), input.dim(time_major ? 0 : 1), input.dim(2), output.dim(2)};
}

// The tensors of one kind, one for each gate.
struct GateTensors {
    const Tensor* of[kGates];
    GateTensors(const Context& context, const Node& node, unsigned first) {
        for (unsigned gate = 0; gate < kGates; ++gate) of[gate] = context.input(node, first + gate);
    }
    bool all(TensorType type, int32_t rows, int32_t columns) const {  // columns 0: vectors
        for (const Tensor* tensor : of) {
            if (tensor->type != type || tensor->rank() != (columns > 0 ? 2u : 1u) || tensor->dim(0) != rows) {
                return false;
            }
            if (columns > 0 && tensor->dim(1) != columns) return false;
        }
        return true;
    }
};

bool has_plain_lstm_tensors(const Node& node) {
    if (node.input_count() != kInputs || node.output_count() != 1) return false;
    for (unsigned i = 0; i < kInputs; ++i) {
        const bool needed = i < kRecurrent + kGates || (i >= kBias && i < kBias + kGates) || i == kHidden || i == kCell;
        if (needed != (node.inputs[i] >= 0)) return false;
    }
    return true;
}

const char* wrong_tensors(const Context& context, const Node& node, bool time_major) {
    const Tensor& input = *context.input(node, kInput);
    const Tensor& hidden = *context.input(node, kHidden);
    const Tensor& cell = *context.input(node, kCell);
    const Tensor& output = *context.output(node, 0);
    if (input.type != output.type || input.type != hidden.type) return "input, hidden state and output differ in type";
    if (input.rank() != 3 || output.rank() != 3 || input.dim(0) != output.dim(0) || input.dim(1) != output.dim(1)) {
        return "shapes";
    }
    if (!hidden.variable() || !cell.variable()) return "hidden and cell state must be variables";
    if (node.inputs[kHidden] == node.inputs[kCell]) return "hidden and cell state are one";
    const Sizes sizes = sizes_of(input, output, time_major);
    const uint32_t state = static_cast<uint32_t>(sizes.batches) * static_cast<uint32_t>(sizes.units);
    if (hidden.element_count() != state || cell.element_count() != state) return "shape of hidden or cell state";
    const bool is_float = input.type == TensorType::kFloat32;
    if (!is_float && input.type != TensorType::kInt8 && input.type != TensorType::kInt16) {
        return "input must be float32, int8 or int16";
    }
    if (cell.type != (is_float ? TensorType::kFloat32 : TensorType::kInt16)) return "type of the cell state";
    const TensorType weights = is_float ? TensorType::kFloat32 : TensorType::kInt8;
    const TensorType bias = is_float                          ? TensorType::kFloat32
                            : input.type == TensorType::kInt8 ? TensorType::kInt32
                                                              : TensorType::kInt64;
    if (!GateTensors(context, node, kWeights).all(weights, sizes.units, sizes.features) ||
        !GateTensors(context, node, kRecurrent).all(weights, sizes.units, sizes.units)) {
        return "type or shape of the weights";
    }
    return GateTensors(context, node, kBias).all(bias, sizes.units, 0) ? nullptr : "type or shape of the biases";
}

// The cell state's scale must be a power of two: 2^-27 to 1.
bool cell_input(float scale, SigmoidInput* input) {
    const uint32_t bits = bits_of(scale);
    const auto exponent = static_cast<int32_t>(bits >> 23) - 127;
    if ((bits & 0x7FFFFF) != 0 || exponent < -27 || exponent > 0) return false;
    const int32_t shift = exponent + 12;  // to 1 / 4096
    *input = shift >= 0 ? SigmoidInput{3 << shift, 0} : SigmoidInput{3, -shift};
    return true;
}

const char* set_integers(const Context& context, const Node& node, Data* data) {
    const Tensor& input = *context.input(node, kInput);
    const Tensor& hidden = *context.input(node, kHidden);
    const Tensor& cell = *context.input(node, kCell);
    if (!is_quantized(input) || !is_quantized(hidden) || !is_quantized(cell)) {
        return "one scale and a zero point that fits are needed";
    }
    if (!cell_input(cell.scale(), &data->cell)) return "scale of the cell state must be a power of two, at most 1";
    constexpr double kGateSum = 1.0 / 4096, kGate = 1.0 / 32768;  // scales before and after a gate's function
    const bool wide = input.type == TensorType::kInt16;
    const auto set = [wide](double factor, Multiplier* multiplier) {
        return quantize_multiplier(factor, multiplier) && (!wide || multiplier->shift <= kMaxWideShift);
    };
    for (unsigned gate = 0; gate < kGates; ++gate) {
        const Tensor& weights = *context.input(node, kWeights + gate);
        const Tensor& recurrent = *context.input(node, kRecurrent + gate);
        if (weights.scale_count() != 1 || recurrent.scale_count() != 1 || weights.zero_point() != 0 ||
            recurrent.zero_point() != 0) {
            return "weights must have one scale and zero point 0";
        }
        const auto product = [](const Tensor& a, const Tensor& b) {
            return static_cast<double>(a.scale()) * static_cast<double>(b.scale());
        };
        if (!set(product(input, weights) / kGateSum, &data->weights[gate]) ||
            !set(product(hidden, recurrent) / kGateSum, &data->recurrent[gate])) {
            return "scales";
        }
    }
    const auto cell_scale = static_cast<double>(cell.scale());
    if (!quantize_multiplier(kGate, &data->forget) || !quantize_multiplier(kGate * kGate / cell_scale, &data->update) ||
        !quantize_multiplier(kGate * kGate / static_cast<double>(hidden.scale()), &data->hidden)) {
        return "scales";
    }
    if (data->float_clip > 0) {
        const double clip = static_cast<double>(data->float_clip) / cell_scale;
        data->clip = static_cast<int16_t>(clip < 32767.0 ? clip : 32767.0);
    }
    return nullptr;
}

Status prepare(Context& context, Node& node) {
    if (!has_plain_lstm_tensors(node)) return context.unsupported("inputs other than those of a plain LSTM");
    auto* data = context.allocate<Data>();
    if (data == nullptr) return Status::kArenaTooSmall;
    node.data = data;
    namespace f = field::unidirectional_sequence_lstm;
    data->time_major = context.options.scalar<uint8_t>(f::kTimeMajor) != 0;
    const auto clip = context.options.scalar<float>(f::kCellClip);
    data->float_clip = clip > 0 ? clip : 0;  // NaN, too: none
    if (static_cast<Activation>(context.options.scalar<int8_t>(f::kActivation)) != Activation::kTanh) {
        return context.unsupported("activation must be TANH");
    }
    const char* wrong = wrong_tensors(context, node, data->time_major);
    if (wrong == nullptr && context.input(node, kInput)->type != TensorType::kFloat32) {
        wrong = set_integers(context, node, data);
    }
    return wrong == nullptr ? Status::kOk : context.unsupported(wrong);
}

constexpr SigmoidInput kGateInput = {3, 0};  // sums of a gate are in 1 / 4096

int16_t to_int16(int32_t value) { return static_cast<int16_t>(clamp(value, -32768, 32767)); }

// The arithmetic of the types: sums of a gate, functions, and how states follow from gates.

class FloatMath {
public:
    using Value = float;
    using Weight = float;
    using Bias = float;
    using Cell = float;

    explicit FloatMath(float clip) : clip_(clip) {}

    float weighted(unsigned, const float* values, const float* weights, int32_t count, float bias) const {
        return sum(values, weights, count) + bias;
    }
    float recurrent(unsigned, const float* values, const float* weights, int32_t count) const {
        return sum(values, weights, count);
    }
    float add(float a, float b) const { return finite(a) + finite(b); }
    float logistic(float x) const { return float_logistic(x); }
    float tanh(float x) const { return float_tanh(x); }
    float next_cell(float cell, float forget, float input, float candidate) const {
        const float next = forget * cell + input * candidate;
        return clip_ > 0 ? clamp(next, {-clip_, clip_}) : next;
    }
    float next_hidden(float cell, float output) const { return float_tanh(cell) * output; }

private:
    static float sum(const float* values, const float* weights, int32_t count) {
        float total = 0;
        for (int32_t i = 0; i < count; ++i) total += values[i] * weights[i];
        return total;
    }
    static float finite(float x) { return clamp(x, {-3.40282347e+38f, 3.40282347e+38f}); }
    float clip_;
};

// Sums are uint32_t or uint64_t, which may wrap.
template <class T, class BiasType, class Sum>
class IntegerMath {
public:
    using Value = T;
    using Weight = int8_t;
    using Bias = BiasType;
    using Cell = int16_t;

    IntegerMath(const Data& data, int32_t input_zero, int32_t hidden_zero)
        : data_(data), input_zero_(input_zero), hidden_zero_(hidden_zero) {}

    int16_t weighted(unsigned gate, const T* values, const int8_t* weights, int32_t count, Bias bias) const {
        return scaled(sum(values, weights, count, input_zero_) + static_cast<Sum>(bias), data_.weights[gate]);
    }
    int16_t recurrent(unsigned gate, const T* values, const int8_t* weights, int32_t count) const {
        return scaled(sum(values, weights, count, hidden_zero_), data_.recurrent[gate]);
    }
    int16_t add(int16_t a, int16_t b) const { return to_int16(a + b); }
    int16_t logistic(int16_t x) const { return logistic_int16(x, kGateInput); }
    int16_t tanh(int16_t x) const { return tanh_int16(x, kGateInput); }
    int16_t next_cell(int16_t cell, int16_t forget, int16_t input, int16_t candidate) const {
        const int16_t kept = to_int16(multiply(forget * cell, data_.forget));
        const int16_t next = add(kept, to_int16(multiply(input * candidate, data_.update)));
        return data_.float_clip > 0 ? static_cast<int16_t>(clamp(next, -data_.clip, data_.clip)) : next;
    }
    T next_hidden(int16_t cell, int16_t output) const {
        const int32_t product = tanh_int16(cell, data_.cell) * output;
        const int32_t value = add_wrapping(multiply(product, data_.hidden), hidden_zero_);
        constexpr int32_t kHigh = (1 << (8 * sizeof(T) - 1)) - 1;
        return static_cast<T>(clamp(value, -kHigh - 1, kHigh));
    }

private:
    static Sum sum(const T* values, const int8_t* weights, int32_t count, int32_t zero) {
        Sum total = 0;
        for (int32_t i = 0; i < count; ++i) total += static_cast<Sum>((values[i] - zero) * weights[i]);
        return total;
    }
    static int16_t scaled(uint32_t sum, Multiplier multiplier) {
        return to_int16(multiply(static_cast<int32_t>(sum), multiplier));
    }
    static int16_t scaled(uint64_t sum, Multiplier multiplier) {
        return to_int16(multiply_wide(static_cast<int64_t>(sum), multiplier));
    }
    const Data& data_;
    int32_t input_zero_;
    int32_t hidden_zero_;
};

template <class Math>
void run(const Context& context, const Node& node, const Data& data, const Math& math) {
    using Value = typename Math::Value;
    using Weight = typename Math::Weight;
    const Tensor& input = *context.input(node, kInput);
    const Tensor& output = *context.output(node, 0);
    const Sizes sizes = sizes_of(input, output, data.time_major);
    const int32_t units = sizes.units, features = sizes.features;
    const GateTensors weights(context, node, kWeights), recurrent(context, node, kRecurrent),
        biases(context, node, kBias);
    for (int32_t batch = 0; batch < sizes.batches; ++batch) {
        auto* hidden = context.input(node, kHidden)->as<Value>() + batch * units;
        auto* cell = context.input(node, kCell)->as<typename Math::Cell>() + batch * units;
        for (int32_t step = 0; step < sizes.steps; ++step) {
            const int32_t row = data.time_major ? step * sizes.batches + batch : batch * sizes.steps + step;
            const auto* values = input.as<const Value>() + row * features;
            auto* result = output.as<Value>() + row * units;
            for (int32_t unit = 0; unit < units; ++unit) {
                const auto gate = [&](unsigned kind) {
                    return math.add(
                        math.weighted(kind, values, weights.of[kind]->as<const Weight>() + unit * features, features,
                                      biases.of[kind]->as<const typename Math::Bias>()[unit]),
                        math.recurrent(kind, hidden, recurrent.of[kind]->as<const Weight>() + unit * units, units));
                };
                cell[unit] = math.next_cell(cell[unit], math.logistic(gate(kForgetGate)),
                                            math.logistic(gate(kInputGate)), math.tanh(gate(kCandidate)));
                result[unit] = math.next_hidden(cell[unit], math.logistic(gate(kOutputGate)));
            }
            __builtin_memcpy(hidden, result, static_cast<size_t>(units) * sizeof(Value));
        }
    }
}

Status invoke(Context& context, Node& node) {
    const Data& data = *static_cast<const Data*>(node.data);
    const Tensor& input = *context.input(node, kInput);
    const int32_t input_zero = input.zero_point(), hidden_zero = context.input(node, kHidden)->zero_point();
    switch (input.type) {
        case TensorType::kInt8:
            run(context, node, data, IntegerMath<int8_t, int32_t, uint32_t>(data, input_zero, hidden_zero));
            break;
        case TensorType::kInt16:
            run(context, node, data, IntegerMath<int16_t, int64_t, uint64_t>(data, input_zero, hidden_zero));
            break;
        default: run(context, node, data, FloatMath(data.float_clip)); break;
    }
    return Status::kOk;
}

}  // namespace

const Registration op::UNIDIRECTIONAL_SEQUENCE_LSTM = {"UNIDIRECTIONAL_SEQUENCE_LSTM",
                                                       builtin::kUnidirectionalSequenceLstm, 4, prepare, invoke};

}  // namespace cmsim
