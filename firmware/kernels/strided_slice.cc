// STRIDED_SLICE with constant begin, end and strides, in numpy's meaning of begin:end:stride; any type. The masks say
// what holds at a position of those three: begin or end do not count, one index instead of a range (shrink), a new
// dimension of length 1, or as many whole dimensions as are left (ellipsis). TensorFlow Lite Micro does not know the
// last two.
#include "kernels/fixed_point.h"
#include "kernels/operators.h"
#include "kernels/strided_copy.h"

namespace cmsim {
namespace {

struct Masks {
    int32_t begin, end, ellipsis, new_axis, shrink;
};

struct Range {
    int32_t first;
    int32_t stride;
    int32_t count;
};

// Elements of `size` that begin:end:stride selects.
bool select(const Masks& masks, int32_t bit, int32_t begin, int32_t end, int32_t stride, int32_t size, Range* range) {
    if (stride == 0 || stride == kInt32Min) return false;
    const int32_t low = stride > 0 ? 0 : -1;  // of a position, in the direction of the stride
    const int32_t high = stride > 0 ? size : size - 1;
    int32_t first = clamp(begin < 0 ? begin + size : begin, low, high);
    if (masks.begin & bit) first = stride > 0 ? 0 : size - 1;
    if (masks.shrink & bit) {
        *range = {first, 1, 1};
        return first >= 0 && first < size;
    }
    int32_t last = clamp(end < 0 ? end + size : end, low, high);
    if (masks.end & bit) last = stride > 0 ? size : -1;
    const int32_t span = stride > 0 ? last - first : first - last;
    const int32_t step = stride > 0 ? stride : -stride;
    *range = {first, stride, span > 0 ? (span - 1) / step + 1 : 0};
    return range->count > 0;
}

// Goes through input and output side by side.
class Slicer {
public:
    Slicer(const Tensor& input, const Tensor& output) : input_(input), output_(output), block_(input) {}

    // The next dimension of the input gives the next of the output, or none where it shrinks. Null, or what is wrong.
    const char* take(const Range& range, bool shrink) {
        const int32_t stride = stride_of(input_, in_);
        first_ += range.first * stride;
        if (!shrink) {
            if (out_ >= output_.rank() || output_.dim(out_) != range.count) return kShape;
            // A single element has no neighbour, whatever the stride; the product might not fit.
            block_.add(range.count, stride_of(output_, out_), range.count > 1 ? range.stride * stride : 0);
            ++out_;
        }
        ++in_;
        return nullptr;
    }
    const char* take_whole() { return take({0, 1, input_.dim(in_)}, false); }
    const char* insert() { return out_ < output_.rank() && output_.dim(out_++) == 1 ? nullptr : kShape; }
    const char* finish() {
        while (in_ < input_.rank()) {
            if (const char* wrong = take_whole()) return wrong;
        }
        block_.begin(0, first_);
        return out_ == output_.rank() ? nullptr : kShape;
    }

    unsigned next() const { return in_; }
    const StridedCopyBuilder& block() const { return block_; }

private:
    static constexpr const char* kShape = "output shape";
    const Tensor& input_;
    const Tensor& output_;
    StridedCopyBuilder block_;
    unsigned in_ = 0;
    unsigned out_ = 0;
    int32_t first_ = 0;
};

Status prepare(Context& context, Node& node) {
    if (!has_tensors(node, 4, 1)) return context.unsupported(kWrongCounts);
    const Tensor& input = *context.input(node, 0);
    const Tensor& output = *context.output(node, 0);
    if (input.type != output.type) return context.unsupported("input and output differ in type");
    const uint32_t positions = context.input(node, 1)->element_count();
    const int32_t* begins = constant_int32(context.input(node, 1), positions);
    const int32_t* ends = constant_int32(context.input(node, 2), positions);
    const int32_t* strides = constant_int32(context.input(node, 3), positions);
    if (begins == nullptr || ends == nullptr || strides == nullptr || positions > 2 * kMaxRank) {
        return context.unsupported("begin, end and strides must be constant int32 of one length");
    }
    namespace f = field::strided_slice;
    const Table& options = context.options;
    if (options.scalar<uint8_t>(f::kOffset) != 0) return context.unsupported("end relative to begin");
    Masks masks = {options.scalar<int32_t>(f::kBeginMask), options.scalar<int32_t>(f::kEndMask),
                   options.scalar<int32_t>(f::kEllipsisMask), options.scalar<int32_t>(f::kNewAxisMask),
                   options.scalar<int32_t>(f::kShrinkAxisMask)};
    masks.ellipsis &= -masks.ellipsis;  // the first one counts
    unsigned selected = 0;              // positions that stand for one dimension of the input
    for (uint32_t i = 0; i < positions; ++i) selected += ((masks.ellipsis | masks.new_axis) >> i & 1) == 0;
    if (selected > input.rank()) return context.unsupported("more positions than dimensions");

    Slicer slicer(input, output);
    for (uint32_t i = 0; i < positions; ++i) {
        const int32_t bit = 1 << i;
        const char* wrong = nullptr;
        if (masks.ellipsis & bit) {
            for (unsigned left = input.rank() - selected; left > 0 && wrong == nullptr; --left) {
                wrong = slicer.take_whole();
            }
        } else if (masks.new_axis & bit) {
            wrong = slicer.insert();
        } else {
            Range range;
            if (!select(masks, bit, begins[i], ends[i], strides[i], input.dim(slicer.next()), &range)) {
                return context.unsupported("begin, end and stride select nothing");
            }
            wrong = slicer.take(range, (masks.shrink & bit) != 0);
        }
        if (wrong != nullptr) return context.unsupported(wrong);
    }
    const char* wrong = slicer.finish();
    return wrong != nullptr ? context.unsupported(wrong) : slicer.block().keep(context, node);
}

}  // namespace

const Registration op::STRIDED_SLICE = {"STRIDED_SLICE", builtin::kStridedSlice, 8, prepare, invoke_strided_copy};

}  // namespace cmsim
