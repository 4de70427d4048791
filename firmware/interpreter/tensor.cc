#include "interpreter/tensor.h"

namespace cmsim {

uint32_t type_size(TensorType type) {
    // Indexed by the type; an array of bytes is smaller than a switch.
    static constexpr uint8_t kSizes[] = {4, 2, 4, 1, 8, 0, 1, 2, 0, 1, 8, 0, 0, 4, 0, 4, 2};
    const auto index = static_cast<uint8_t>(type);
    return index < sizeof kSizes ? kSizes[index] : 0;
}

uint32_t Tensor::element_count() const {
    uint32_t count = 1;
    for (uint32_t axis = 0; axis < rank(); ++axis) count *= static_cast<uint32_t>(dims[axis]);
    return count;
}

bool Tensor::same_shape(const Tensor& other) const {
    if (rank() != other.rank()) return false;
    for (uint32_t axis = 0; axis < rank(); ++axis) {
        if (dims[axis] != other.dims[axis]) return false;
    }
    return true;
}

int32_t Tensor::zero_point() const {
    const RawVector points = trusted_vector(parameters, field::quantization::kZeroPoint);
    return points.count > 0 ? trusted<int32_t>(points.first) : 0;  // the low half of an int64 that int32 can hold
}

bool Tensor::has_scale_for(unsigned axis) const {
    const uint32_t count = scale_count();
    return count == 1 || (count > 1 && axis < rank() && quantized_dimension() == static_cast<int32_t>(axis) &&
                          count == static_cast<uint32_t>(dims[axis]));
}

}  // namespace cmsim
