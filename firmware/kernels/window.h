// A filter that slides over an image [batch, height, width, channels]: what convolution and pooling share.
#pragma once
#include <stdint.h>

#include "interpreter/operator.h"

namespace cmsim {

// One axis of it: output index o sees input indices o * stride - padding + k * dilation, k in [0, filter).
struct WindowAxis {
    int32_t input;
    int32_t output;
    int32_t filter;
    int32_t stride;
    int32_t dilation;
    int32_t padding;

    int32_t origin(int32_t o) const { return o * stride - padding; }
    // The filter positions [begin, end) that lie inside the input.
    int32_t begin(int32_t o) const {
        const int32_t at = origin(o);
        return at >= 0 ? 0 : (-at + dilation - 1) / dilation;
    }
    int32_t end(int32_t o) const {
        const int32_t room = input - origin(o);
        const int32_t fit = room <= 0 ? 0 : (room + dilation - 1) / dilation;
        return fit < filter ? fit : filter;
    }
};

struct Window {
    WindowAxis y;
    WindowAxis x;
};

// Completes an axis of which input, output, filter, stride and dilation are set: the padding before the first element. False
// where an option is out of range or the output is not as long as the options make it.
inline bool complete_axis(Padding padding, WindowAxis* axis) {
    constexpr int32_t kLimit = 1 << 15;  // so that no product below exceeds 31 bits
    if (axis->filter < 1 || axis->filter > kLimit || axis->stride < 1 || axis->stride > kLimit || axis->dilation < 1 ||
        axis->dilation > kLimit) {
        return false;
    }
    const int32_t span = (axis->filter - 1) * axis->dilation + 1;
    int32_t expected;
    if (padding == Padding::kSame) {
        expected = (axis->input + axis->stride - 1) / axis->stride;
    } else if (padding == Padding::kValid) {
        expected = axis->input < span ? 0 : (axis->input - span) / axis->stride + 1;
    } else {
        return false;
    }
    if (axis->output != expected) return false;
    const int64_t total = static_cast<int64_t>(axis->output - 1) * axis->stride + span - axis->input;
    axis->padding = total > 0 ? static_cast<int32_t>(total / 2) : 0;
    return true;
}

}  // namespace cmsim
