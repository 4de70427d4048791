#include "kernels/reduce_common.h"

namespace cmsim {
namespace {

// One bit for each axis to reduce; false where one is out of range. Negative ones count from the end, any may repeat.
bool axes_mask(const int32_t* axes, uint32_t count, uint32_t rank, uint32_t* mask) {
    *mask = 0;
    for (uint32_t i = 0; rank > 0 && i < count; ++i) {  // of a scalar, TensorFlow Lite does not look at the axes
        unsigned axis;
        if (!resolve_axis(axes[i], rank, &axis)) return false;
        *mask |= 1u << axis;
    }
    return true;
}

bool has_reduced_shape(const Tensor& input, const Tensor& output, uint32_t mask, bool keep_dims) {
    unsigned out = 0;
    for (unsigned axis = 0; axis < input.rank(); ++axis) {
        const bool reduced = (mask >> axis & 1) != 0;
        if (reduced && !keep_dims) continue;
        if (out >= output.rank() || output.dim(out) != (reduced ? 1 : input.dim(axis))) return false;
        ++out;
    }
    return out == output.rank();
}

// The axes in or not in `mask`, merged. Returns how many.
uint32_t collect(const Tensor& input, uint32_t mask, bool in_mask, ReduceAxis* axes) {
    uint32_t count = 0;
    for (unsigned axis = 0; axis < input.rank(); ++axis) {
        if ((mask >> axis & 1) != (in_mask ? 1u : 0u) || input.dim(axis) == 1) continue;
        const ReduceAxis next = {input.dim(axis), stride_of(input, axis)};
        if (count > 0 && axes[count - 1].stride == next.count * next.stride) {
            axes[count - 1] = {axes[count - 1].count * next.count, next.stride};
        } else {
            axes[count++] = next;
        }
    }
    return count;
}

Status describe(Context& context, Node& node, Reduction* reduction) {
    if (!has_tensors(node, 2, 1)) return context.unsupported(kWrongCounts);
    const Tensor& input = *context.input(node, 0);
    const Tensor& axes = *context.input(node, 1);
    const Tensor& output = *context.output(node, 0);
    if (input.type != output.type) return context.unsupported("input and output differ in type");
    const uint32_t count = axes.element_count();
    const int32_t* list = constant_int32(&axes, count);
    if (list == nullptr && count > 0) return context.unsupported("axes must be constant int32");
    uint32_t mask;
    if (!axes_mask(list, count, input.rank(), &mask)) return context.unsupported("axis out of range");
    const bool keep_dims = context.options.scalar<uint8_t>(field::reducer::kKeepDims) != 0;
    if (!has_reduced_shape(input, output, mask, keep_dims)) return context.unsupported("output shape");

    ReduceAxis kept[kMaxRank], reduced[kMaxRank];
    const uint32_t kept_count = collect(input, mask, false, kept);
    uint32_t reduced_count = collect(input, mask, true, reduced);
    if (reduced_count == 0) reduced[reduced_count++] = {1, 0};
    auto* lasting = context.allocate<ReduceAxis>(kept_count + reduced_count);
    if (lasting == nullptr) return Status::kArenaTooSmall;
    *reduction = {lasting, lasting + kept_count, kept_count, reduced_count, 1};
    for (uint32_t i = 0; i < kept_count; ++i) *lasting++ = kept[i];
    for (uint32_t i = 0; i < reduced_count; ++i) {
        reduction->elements *= reduced[i].count;
        *lasting++ = reduced[i];
    }
    return Status::kOk;
}

}  // namespace

Status prepare_reduction(Context& context, Node& node) {
    auto* reduction = context.allocate<Reduction>();
    Reduction described;
    const Status status = describe(context, node, &described);
    if (status != Status::kOk) return status;
    if (reduction == nullptr) return Status::kArenaTooSmall;
    *reduction = described;
    node.data = reduction;
    return Status::kOk;
}

Status prepare_sum(Context& context, Node& node, bool mean) {
    auto* data = context.allocate<ReductionSum>();
    Reduction described;
    const Status status = describe(context, node, &described);
    if (status != Status::kOk) return status;
    if (data == nullptr) return Status::kArenaTooSmall;
    data->reduction = described;
    node.data = data;
    const Tensor& input = *context.input(node, 0);
    const Tensor& output = *context.output(node, 0);
    if (input.type == TensorType::kFloat32) return Status::kOk;
    if (input.type != TensorType::kInt8 && input.type != TensorType::kInt16) {
        return context.unsupported("input must be float32, int8 or int16");
    }
    if (input.scale_count() != 1 || output.scale_count() != 1) return context.unsupported("one scale is needed");
    Multiplier& multiplier = data->multiplier;
    if (!quantize_multiplier(static_cast<double>(input.scale()) / static_cast<double>(output.scale()), &multiplier)) {
        return context.unsupported("scales");
    }
    if (mean) {
        // Divided by the number of elements, with as many bits as a shift of at most 31 to the right leaves.
        int32_t shift = 31 - __builtin_clz(static_cast<uint32_t>(described.elements));
        if (shift > 31 + multiplier.shift) shift = 31 + multiplier.shift;
        multiplier.value = static_cast<int32_t>((static_cast<int64_t>(multiplier.value) << shift) / described.elements);
        multiplier.shift -= shift;
    }
    return Status::kOk;
}

void reduce_float_sum(const Reduction& reduction, const Tensor& input, const Tensor& output, float divisor) {
    reduce(
        reduction, input.as<const float>(), output.as<float>(), 0.0f,
        [](float sum, float element) { return sum + element; }, [=](float sum) { return sum / divisor; });
}

Status prepare_extreme(Context& context, Node& node) {
    const Status status = prepare_reduction(context, node);
    if (status != Status::kOk) return status;
    const Tensor& input = *context.input(node, 0);
    if (input.type == TensorType::kFloat32) return Status::kOk;
    if (input.type != TensorType::kInt8) return context.unsupported("input must be float32 or int8");
    if (!same_type_and_scale(input, *context.output(node, 0))) {
        return context.unsupported("input and output differ in quantisation");
    }
    return Status::kOk;
}

}  // namespace cmsim
