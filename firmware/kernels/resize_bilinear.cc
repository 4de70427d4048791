// RESIZE_BILINEAR: float32 in float; int8 with positions in units of 1/1024 of a pixel.
#include "kernels/operators.h"
#include "kernels/resize_common.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    namespace f = field::resize_bilinear;
    const Status status = prepare_resize(context, node, f::kAlignCorners, f::kHalfPixelCenters);
    if (status != Status::kOk) return status;
    const TensorType type = context.input(node, 0)->type;
    if (type != TensorType::kFloat32 && type != TensorType::kInt8) {
        return context.unsupported("input must be float32 or int8");
    }
    const ResizeData& data = *static_cast<const ResizeData*>(node.data);
    if (data.align_corners && data.half_pixel_centers) {
        return context.unsupported("both align_corners and half_pixel_centers");
    }
    return Status::kOk;
}

int32_t smaller(int32_t a, int32_t b) { return a < b ? a : b; }

// The two neighbours of a position, and how far it is from the first one.
template <class Position>
struct Neighbours {
    int32_t first;
    int32_t second;
    Position distance;
};

// Positions of the output's pixels along one axis of the input.
class FloatAxis {
public:
    using Position = float;
    FloatAxis(const ResizeData& data, int32_t input, int32_t output)
        : half_pixel_(data.half_pixel_centers), last_(input - 1),
          scale_(data.align_corners && output > 1 ? static_cast<float>(input - 1) / static_cast<float>(output - 1)
                                                  : static_cast<float>(input) / static_cast<float>(output)) {}
    Neighbours<float> at(int32_t index) const {
        const auto i = static_cast<float>(index);
        const float position = half_pixel_ ? (i + 0.5f) * scale_ - 0.5f : i * scale_;  // above -1
        const auto whole = static_cast<int32_t>(position);
        const int32_t first = smaller(whole, last_);
        const int32_t second = smaller(static_cast<float>(whole) < position ? whole + 1 : whole, last_);
        return {first, second, position - static_cast<float>(first)};
    }

private:
    bool half_pixel_;
    int32_t last_;
    float scale_;
};

class FixedAxis {
public:
    using Position = int32_t;
    FixedAxis(const ResizeData& data, int32_t input, int32_t output)
        : half_pixel_(data.half_pixel_centers), last_(input - 1),
          scale_(data.align_corners && output > 1 ? (kOne * (input - 1) + (output - 1) / 2) / (output - 1)
                                                  : (kOne * input + output / 2) / output) {}
    Neighbours<int32_t> at(int32_t index) const {
        int32_t position = index * scale_;
        if (half_pixel_) position += scale_ / 2 - kOne / 2;
        const int32_t whole = position < 0 ? 0 : position / kOne;
        const int32_t first = smaller(whole, last_);
        const int32_t second = smaller(whole * kOne < position ? whole + 1 : whole, last_);
        return {first, second, position - first * kOne};
    }
    static constexpr int32_t kOne = 1 << 10;

private:
    bool half_pixel_;
    int32_t last_;
    int32_t scale_;
};

// Values at the corners: y0 x0, y1 x0, y0 x1, y1 x1. The order of the float operations is that of TensorFlow Lite.
float interpolate(float v00, float v10, float v01, float v11, float y, float x) {
    return v00 * (1 - y) * (1 - x) + v10 * y * (1 - x) + v01 * (1 - y) * x + v11 * y * x + 0.0f;
}

int8_t interpolate(int8_t v00, int8_t v10, int8_t v01, int8_t v11, int32_t y, int32_t x) {
    constexpr int32_t kOne = FixedAxis::kOne;
    const int64_t sum = static_cast<int64_t>(v00) * (kOne - y) * (kOne - x) +
                        static_cast<int64_t>(v10) * y * (kOne - x) + static_cast<int64_t>(v01) * (kOne - y) * x +
                        static_cast<int64_t>(v11) * y * x;
    constexpr int64_t kHalf = 1 << 19;
    return static_cast<int8_t>((sum + (sum > 0 ? kHalf : -kHalf)) / (1 << 20));
}

template <class T, class Axis>
void resize(const ResizeData& data, const Tensor& input, const Tensor& output) {
    const int32_t height = output.dim(1), width = output.dim(2), depth = input.dim(3);
    const Axis axis_y(data, input.dim(1), height), axis_x(data, input.dim(2), width);
    const int32_t row = input.dim(2) * depth;
    const T* image = input.as<const T>();
    T* result = output.as<T>();
    for (int32_t batch = 0; batch < output.dim(0); ++batch, image += input.dim(1) * row) {
        for (int32_t i = 0; i < height; ++i) {
            const auto y = axis_y.at(i);
            const T* upper = image + y.first * row;
            const T* lower = image + y.second * row;
            for (int32_t j = 0; j < width; ++j) {
                const auto x = axis_x.at(j);
                const int32_t left = x.first * depth, right = x.second * depth;
                for (int32_t c = 0; c < depth; ++c) {
                    *result++ = interpolate(upper[left + c], lower[left + c], upper[right + c], lower[right + c],
                                            y.distance, x.distance);
                }
            }
        }
    }
}

Status invoke(Context& context, Node& node) {
    const ResizeData& data = *static_cast<const ResizeData*>(node.data);
    const Tensor& input = *context.input(node, 0);
    const Tensor& output = *context.output(node, 0);
    if (input.type == TensorType::kInt8) resize<int8_t, FixedAxis>(data, input, output);
    else resize<float, FloatAxis>(data, input, output);
    return Status::kOk;
}

}  // namespace

const Registration op::RESIZE_BILINEAR = {"RESIZE_BILINEAR", builtin::kResizeBilinear, 4, prepare, invoke};

}  // namespace cmsim
