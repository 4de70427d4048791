// What operators share that compute each element of the output from one element of one or two inputs.
#pragma once
#include "kernels/broadcast.h"
#include "kernels/operators.h"
#include "kernels/quantization.h"

namespace cmsim {

struct Unary {
    const Tensor* input;
    const Tensor* output;
};

struct Binary {
    const Tensor* a;
    const Tensor* b;
    const Tensor* output;
};

// Checks the number of tensors and that their shapes fit, and lets the output take an input's place; sets the pointers.
Status prepare_unary(Context& context, const Node& node, Unary* tensors);
// The same for two inputs of one type.
Status prepare_binary(Context& context, const Node& node, Binary* tensors);

inline Unary unary(const Context& context, const Node& node) { return {context.input(node, 0), context.output(node, 0)}; }
inline Binary binary(const Context& context, const Node& node) {
    return {context.input(node, 0), context.input(node, 1), context.output(node, 0)};
}

// Zero point 0, as int16 activations must have it for most operators.
inline bool is_symmetric(const Tensor& tensor) { return is_quantized(tensor) && tensor.zero_point() == 0; }

// For factors that the arithmetic needs below 1: false where it is not, or not above 0.
bool quantize_multiplier_below_one(double factor, Multiplier* multiplier);

// For a fused activation of float32 results node.data becomes a FloatRange, of unquantised int32 results a Range.
Status prepare_float_activation(Context& context, Node& node, Activation activation);
Status prepare_int32_activation(Context& context, Node& node, Activation activation);

// output[i] = function(input[i])
template <class In, class Out, class Function>
void for_each(const Unary& tensors, Function function) {
    const In* values = tensors.input->as<const In>();
    Out* result = tensors.output->as<Out>();
    for (uint32_t n = tensors.output->element_count(); n > 0; --n) *result++ = function(*values++);
}

// For operators on float32 only, with one input and with two.
Status prepare_float(Context& context, Node& node);
Status prepare_float_pair(Context& context, Node& node);

// An operator on float32 that is one function.
template <float (*function)(float)>
Status invoke_float(Context& context, Node& node) {
    for_each<float, float>(unary(context, node), function);
    return Status::kOk;
}

// A difference and a product that wrap.
inline int32_t subtract_wrapping(int32_t a, int32_t b) {
    return static_cast<int32_t>(static_cast<uint32_t>(a) - static_cast<uint32_t>(b));
}
inline int32_t multiply_wrapping(int32_t a, int32_t b) {
    return static_cast<int32_t>(static_cast<uint32_t>(a) * static_cast<uint32_t>(b));
}

}  // namespace cmsim
