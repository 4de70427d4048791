// What both kernel sets share of SVDF: the checks, and the plain loops.
#pragma once
#include "kernels/quantization.h"

namespace cmsim {

struct SvdfData {
    int32_t rank;
    Activation activation;  // of float32
    Multiplier feature;     // from a product with the input to the state
    Multiplier time;        // from a product with the state to the output
};

struct SvdfTensors {
    SvdfTensors(const Context& context, const Node& node)
        : input(context.input(node, 0)), feature(context.input(node, 1)), time(context.input(node, 2)),
          bias(context.input(node, 3)), state(context.input(node, 4)), output(context.output(node, 0)) {}
    const Tensor* input;
    const Tensor* feature;
    const Tensor* time;
    const Tensor* bias;
    const Tensor* state;
    const Tensor* output;
};

// What an integer state keeps of a sum over features, and the output for a sum over filters, which begins with the bias.
template <class Memory>
Memory remembered(uint32_t sum, Multiplier multiplier, int32_t zero_point) {
    constexpr int32_t kHigh = (1 << (8 * sizeof(Memory) - 1)) - 1;
    const int32_t scaled = clamp(multiply(static_cast<int32_t>(sum), multiplier), -kHigh - 1, kHigh);
    return static_cast<Memory>(zero_point + scaled);  // not clamped again
}
inline int8_t svdf_result(uint32_t sum, Multiplier multiplier, int32_t zero_point) {
    const int32_t scaled = multiply(static_cast<int32_t>(sum), multiplier);
    return static_cast<int8_t>(clamp(add_wrapping(scaled, zero_point), -128, 127));
}

// Checks everything and fills `data`.
[[gnu::cold]] Status prepare_svdf(Context& context, const Node& node, SvdfData* data);

void svdf(const SvdfTensors& t, const SvdfData& data);

}  // namespace cmsim
