// What MEAN, SUM, REDUCE_MAX and REDUCE_MIN share: each result comes from the input elements that differ only along the
// reduced axes. Results are computed one after the other, in registers, from their elements in the order of the input:
// so float sums have the bits of TensorFlow Lite Micro's, and no scratch memory is needed.
#pragma once
#include "kernels/fixed_point.h"
#include "kernels/quantization.h"
#include "kernels/shapes.h"

namespace cmsim {

struct ReduceAxis {
    int32_t count;
    int32_t stride;  // elements
};

// Goes through all indices of some axes, the last one fastest.
class Odometer {
public:
    Odometer(const ReduceAxis* axes, uint32_t count) : axes_(axes), count_(count) {}

    int32_t offset() const { return offset_; }
    // False after the last index.
    bool next() {
        for (uint32_t axis = count_; axis-- > 0;) {
            offset_ += axes_[axis].stride;
            if (++index_[axis] < axes_[axis].count) return true;
            offset_ -= axes_[axis].stride * axes_[axis].count;
            index_[axis] = 0;
        }
        return false;
    }

private:
    const ReduceAxis* axes_;
    uint32_t count_;
    int32_t offset_ = 0;
    int32_t index_[kMaxRank] = {};
};

// Neighbouring axes of one kind that continue each other are one here.
struct Reduction {
    const ReduceAxis* kept;
    const ReduceAxis* reduced;  // at least one; the last has the shortest stride
    uint32_t kept_count;
    uint32_t reduced_count;
    int32_t elements;  // that give one result
};

// Checks input 0, the constant axes in input 1 and the output against each other; sets node.data to a Reduction.
Status prepare_reduction(Context& context, Node& node);

// result = finish(step(... step(step(first, element), element) ...)) for each result.
template <class T, class Value, class Step, class Finish>
void reduce(const Reduction& reduction, const T* input, T* output, Value first, Step step, Finish finish) {
    const ReduceAxis inner = reduction.reduced[reduction.reduced_count - 1];
    Odometer kept(reduction.kept, reduction.kept_count);
    do {
        Value value = first;
        Odometer outer(reduction.reduced, reduction.reduced_count - 1);
        do {
            const T* element = input + kept.offset() + outer.offset();
            for (int32_t i = 0; i < inner.count; ++i, element += inner.stride) value = step(value, *element);
        } while (outer.next());
        *output++ = finish(value);
    } while (kept.next());
}

// The integer kernels of MEAN and SUM: sums of quantised values, less the zero points, rescaled.
struct ReductionSum {
    Reduction reduction;
    Multiplier multiplier;
};

// Both types: float32, int8 or int16. Sets node.data to a ReductionSum.
Status prepare_sum(Context& context, Node& node, bool mean);

template <class T>
void reduce_quantized(const ReductionSum& data, const Tensor& input, const Tensor& output) {
    constexpr int32_t kLow = -(1 << (8 * sizeof(T) - 1)), kHigh = -kLow - 1;
    const int32_t output_zero_point = output.zero_point();
    const Multiplier multiplier = data.multiplier;
    // Modulo 2^32, as the sum itself.
    const uint32_t zeros = static_cast<uint32_t>(input.zero_point()) * static_cast<uint32_t>(data.reduction.elements);
    reduce(
        data.reduction, input.as<const T>(), output.as<T>(), 0u - zeros,
        [](uint32_t sum, T element) { return sum + static_cast<uint32_t>(element); },
        [=](uint32_t sum) {
            const int32_t scaled = multiply(static_cast<int32_t>(sum), multiplier);
            return static_cast<T>(clamp(add_wrapping(scaled, output_zero_point), kLow, kHigh));
        });
}

// The float sum of the elements, divided by `divisor`.
void reduce_float_sum(const Reduction& reduction, const Tensor& input, const Tensor& output, float divisor);

// REDUCE_MAX and REDUCE_MIN: float32, or int8 quantised alike; node.data becomes a Reduction.
Status prepare_extreme(Context& context, Node& node);

}  // namespace cmsim
