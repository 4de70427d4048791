// Copies a block of elements from one layout to another: what transposing, slicing, padding and exchanging blocks for
// depth have in common. Each axis of the block has its own distance between neighbours on either side.
#pragma once
#include "kernels/shapes.h"

namespace cmsim {

struct CopyAxis {
    int32_t count;
    int32_t to;    // bytes from one index to the next
    int32_t from;  // the same on the other side; 0 repeats, negative goes backwards
};

// A block ready to be copied, as small as it can be described.
struct StridedCopy {
    int32_t run;       // bytes that lie together on both sides
    int32_t to_begin;  // bytes to the first element
    int32_t from_begin;
    uint32_t axis_count;
    const CopyAxis* axes;  // outermost first

    void operator()(void* to, const void* from) const;
};

// Describes a block: set the offsets, add the axes from the outermost to the innermost, then keep() or run() it.
class StridedCopyBuilder {
public:
    // Offsets and distances are in elements of this tensor's type.
    explicit StridedCopyBuilder(const Tensor& tensor) : size_(static_cast<int32_t>(type_size(tensor.type))) {}

    void begin(int32_t to, int32_t from) { to_begin_ = to * size_, from_begin_ = from * size_; }
    void add(int32_t count, int32_t to, int32_t from);

    // Valid as long as this builder.
    StridedCopy copy() const;
    // A lasting one in node.data, for invoke_strided_copy() or an invoke() of one's own.
    Status keep(Context& context, Node& node) const;

private:
    int32_t size_;
    int32_t to_begin_ = 0;
    int32_t from_begin_ = 0;
    uint32_t count_ = 0;
    CopyAxis axes_[kMaxRank];
};

// Copies input 0 to output 0 as node.data says.
Status invoke_strided_copy(Context& context, Node& node);

}  // namespace cmsim
