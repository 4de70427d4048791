// MIRROR_PAD: the border mirrors the input, without its outermost element (REFLECT) or with it (SYMMETRIC); any type.
#include "kernels/operators.h"
#include "kernels/pad_common.h"

namespace cmsim {
namespace {

struct Data {
    int32_t skipped;  // 1: the outermost element is not repeated
    const int32_t* paddings;
};

Status prepare(Context& context, Node& node) {
    if (!has_tensors(node, 2, 1)) return context.unsupported(kWrongCounts);
    const Tensor& input = *context.input(node, 0);
    const Tensor& output = *context.output(node, 0);
    if (input.type != output.type) return context.unsupported("input and output differ in type");
    const int32_t* paddings = constant_int32(context.input(node, 1), 2u * input.rank());
    if (paddings == nullptr) return context.unsupported("paddings must be constant int32, two for each dimension");
    const auto mode = context.options.scalar<int8_t>(field::mirror_pad::kMode);
    if (mode != 0 && mode != 1) return context.unsupported("mode");
    if (output.rank() != input.rank()) return context.unsupported("output shape");
    const int32_t skipped = mode == 0 ? 1 : 0;
    for (unsigned axis = 0; axis < input.rank(); ++axis) {
        const int32_t* pair = paddings + 2 * axis;
        if (padded(input.dim(axis), pair) != output.dim(axis)) {
            return context.unsupported("paddings do not give the output shape");
        }
        if (pair[0] > input.dim(axis) - skipped || pair[1] > input.dim(axis) - skipped) {
            return context.unsupported("padding is larger than what it mirrors");
        }
    }
    auto* data = context.allocate<Data>();
    if (data == nullptr) return Status::kArenaTooSmall;
    *data = {skipped, paddings};
    node.data = data;
    return Status::kOk;
}

// Where the output's index lies in the input.
int32_t mirrored(int32_t index, int32_t before, int32_t length, int32_t skipped) {
    if (index < before) return before - 1 - index + skipped;
    index -= before;
    return index < length ? index : 2 * length - 1 - index - skipped;
}

Status invoke(Context& context, Node& node) {
    const Data& data = *static_cast<const Data*>(node.data);
    const Tensor& input = *context.input(node, 0);
    const Tensor& output = *context.output(node, 0);
    const uint32_t size = type_size(input.type);
    auto* to = output.as<uint8_t>();
    int32_t index[kMaxRank] = {};  // of the output
    for (;;) {
        uint32_t from = 0;
        for (unsigned axis = 0; axis < input.rank(); ++axis) {
            const int32_t at = mirrored(index[axis], data.paddings[2 * axis], input.dim(axis), data.skipped);
            from = from * static_cast<uint32_t>(input.dim(axis)) + static_cast<uint32_t>(at);
        }
        __builtin_memcpy(to, input.as<const uint8_t>() + from * size, size);
        to += size;
        unsigned axis = input.rank();
        for (;;) {  // to the next index, as an odometer
            if (axis == 0) return Status::kOk;
            --axis;
            if (++index[axis] < output.dim(axis)) break;
            index[axis] = 0;
        }
    }
}

}  // namespace

const Registration op::MIRROR_PAD = {"MIRROR_PAD", builtin::kMirrorPad, 3, prepare, invoke};

}  // namespace cmsim
