// RESIZE_NEAREST_NEIGHBOR, any type. Positions are computed in float, as TensorFlow Lite does.
#include "kernels/operators.h"
#include "kernels/quantization.h"
#include "kernels/resize_common.h"

namespace cmsim {
namespace {

Status prepare(Context& context, Node& node) {
    namespace f = field::resize_nearest_neighbor;
    return prepare_resize(context, node, f::kAlignCorners, f::kHalfPixelCenters);
}

class Nearest {
public:
    Nearest(const ResizeData& data, int32_t input, int32_t output)
        : align_(data.align_corners), offset_(data.half_pixel_centers ? 0.5f : 0.0f), last_(input - 1),
          scale_(align_ && output > 1 ? static_cast<float>(input - 1) / static_cast<float>(output - 1)
                                      : static_cast<float>(input) / static_cast<float>(output)) {}

    int32_t operator()(int32_t index) const {
        const float position = (static_cast<float>(index) + offset_) * scale_;  // not negative
        const auto nearest = static_cast<int32_t>(align_ ? round_half_away(position) : position);
        return nearest < last_ ? nearest : last_;
    }

private:
    bool align_;
    float offset_;
    int32_t last_;
    float scale_;
};

Status invoke(Context& context, Node& node) {
    const ResizeData& data = *static_cast<const ResizeData*>(node.data);
    const Tensor& input = *context.input(node, 0);
    const Tensor& output = *context.output(node, 0);
    const int32_t height = output.dim(1), width = output.dim(2);
    const Nearest nearest_y(data, input.dim(1), height), nearest_x(data, input.dim(2), width);
    const uint32_t pixel = static_cast<uint32_t>(input.dim(3)) * type_size(input.type);
    const uint32_t row = static_cast<uint32_t>(input.dim(2)) * pixel;
    const uint32_t image = static_cast<uint32_t>(input.dim(1)) * row;
    const auto* from = input.as<const uint8_t>();
    auto* to = output.as<uint8_t>();
    for (int32_t batch = 0; batch < output.dim(0); ++batch, from += image) {
        for (int32_t y = 0; y < height; ++y) {
            const uint8_t* line = from + static_cast<uint32_t>(nearest_y(y)) * row;
            for (int32_t x = 0; x < width; ++x, to += pixel) {
                __builtin_memcpy(to, line + static_cast<uint32_t>(nearest_x(x)) * pixel, pixel);
            }
        }
    }
    return Status::kOk;
}

}  // namespace

const Registration op::RESIZE_NEAREST_NEIGHBOR = {"RESIZE_NEAREST_NEIGHBOR", builtin::kResizeNearestNeighbor, 4,
                                                  prepare, invoke};

}  // namespace cmsim
