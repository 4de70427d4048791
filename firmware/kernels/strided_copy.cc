#include "kernels/strided_copy.h"

namespace cmsim {
namespace {

template <int32_t run>
void copy_runs(uint8_t* to, const uint8_t* from, const CopyAxis& axis) {
    for (int32_t i = 0, t = 0, f = 0; i < axis.count; ++i, t += axis.to, f += axis.from) {
        __builtin_memcpy(to + t, from + f, run);
    }
}

// Along the innermost axis. Runs as short as an element are copied without a call.
void copy_axis(uint8_t* to, const uint8_t* from, const CopyAxis& axis, int32_t run) {
    switch (run) {
        case 1: return copy_runs<1>(to, from, axis);
        case 2: return copy_runs<2>(to, from, axis);
        case 4: return copy_runs<4>(to, from, axis);
        default: break;
    }
    for (int32_t i = 0, t = 0, f = 0; i < axis.count; ++i, t += axis.to, f += axis.from) {
        __builtin_memcpy(to + t, from + f, static_cast<size_t>(run));
    }
}

}  // namespace

void StridedCopyBuilder::add(int32_t count, int32_t to, int32_t from) {
    if (count == 1) return;
    const CopyAxis axis = {count, to * size_, from * size_};
    if (count_ > 0) {  // two axes that continue each other are one
        CopyAxis& outer = axes_[count_ - 1];
        if (outer.to == axis.count * axis.to && outer.from == axis.count * axis.from) {
            outer = {outer.count * axis.count, axis.to, axis.from};
            return;
        }
    }
    axes_[count_++] = axis;
}

StridedCopy StridedCopyBuilder::copy() const {
    StridedCopy copy = {size_, to_begin_, from_begin_, count_, axes_};
    if (count_ > 0) {
        const CopyAxis& inner = axes_[count_ - 1];
        if (inner.to == size_ && inner.from == size_) copy.run *= inner.count, --copy.axis_count;
    }
    return copy;
}

Status StridedCopyBuilder::keep(Context& context, Node& node) const {
    auto* kept = context.allocate<StridedCopy>();
    const StridedCopy described = copy();
    auto* axes = context.allocate<CopyAxis>(described.axis_count);
    if (kept == nullptr || axes == nullptr) return Status::kArenaTooSmall;
    *kept = described;
    kept->axes = axes;
    for (uint32_t i = 0; i < described.axis_count; ++i) axes[i] = described.axes[i];
    node.data = kept;
    return Status::kOk;
}

void StridedCopy::operator()(void* to, const void* from) const {
    auto* target = static_cast<uint8_t*>(to) + to_begin;
    const auto* source = static_cast<const uint8_t*>(from) + from_begin;
    if (axis_count == 0) {
        __builtin_memcpy(target, source, static_cast<size_t>(run));
        return;
    }
    const uint32_t inner = axis_count - 1;
    int32_t index[kMaxRank] = {};
    int32_t t = 0, f = 0;
    for (;;) {
        copy_axis(target + t, source + f, axes[inner], run);
        uint32_t axis = inner;
        for (;;) {  // to the next index, as an odometer
            if (axis == 0) return;
            const CopyAxis& outer = axes[--axis];
            t += outer.to, f += outer.from;
            if (++index[axis] < outer.count) break;
            t -= outer.count * outer.to, f -= outer.count * outer.from;
            index[axis] = 0;
        }
    }
}

Status invoke_strided_copy(Context& context, Node& node) {
    (*static_cast<const StridedCopy*>(node.data))(context.output(node, 0)->data, context.input(node, 0)->data);
    return Status::kOk;
}

}  // namespace cmsim
