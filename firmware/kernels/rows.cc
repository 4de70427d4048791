#include "kernels/rows.h"

namespace cmsim {

Status keep_rows(Context& context, Node& node, int32_t rows) {
    auto* kept = context.allocate<uint32_t>();
    if (kept == nullptr) return Status::kArenaTooSmall;
    *kept = static_cast<uint32_t>(rows);
    node.data = kept;
    return Status::kOk;
}

Status invoke_join_rows(Context& context, Node& node) {
    const uint32_t rows = *static_cast<const uint32_t*>(node.data);
    const Tensor& whole = *context.output(node, 0);
    const uint32_t row_bytes = whole.bytes() / rows;
    auto* begin = whole.as<uint8_t>();
    for (unsigned i = 0; i < node.input_count(); ++i) {
        const Tensor& part = *context.input(node, i);
        const uint32_t share = part.bytes() / rows;
        const auto* from = part.as<const uint8_t>();
        uint8_t* to = begin;
        for (uint32_t row = 0; row < rows; ++row, from += share, to += row_bytes) __builtin_memcpy(to, from, share);
        begin += share;
    }
    return Status::kOk;
}

Status split_rows(Context& context, Node& node, const Tensor& whole) {
    const uint32_t rows = *static_cast<const uint32_t*>(node.data);
    const uint32_t row_bytes = whole.bytes() / rows;
    const auto* begin = whole.as<const uint8_t>();
    for (unsigned i = 0; i < node.output_count(); ++i) {
        const Tensor& part = *context.output(node, i);
        const uint32_t share = part.bytes() / rows;
        auto* to = part.as<uint8_t>();
        const uint8_t* from = begin;
        for (uint32_t row = 0; row < rows; ++row, from += row_bytes, to += share) __builtin_memcpy(to, from, share);
        begin += share;
    }
    return Status::kOk;
}

}  // namespace cmsim
