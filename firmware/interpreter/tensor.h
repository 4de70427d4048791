// A tensor at run time. Shape and scales stay where they are, in the model.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "interpreter/schema.h"

namespace cmsim {

struct Tensor {
    void* data = nullptr;             // in the model (constant) or in the arena
    const int32_t* dims = nullptr;    // [rank], each at least 1
    const float* scales = nullptr;    // [scale_count]; one, or one for each index along a dimension
    uint32_t bytes = 0;
    uint32_t scale_count = 0;         // 0: not quantised
    int32_t zero_point = 0;           // of the first channel
    uint16_t first_use = 0;           // operators between which the data must be kept
    uint16_t last_use = 0;
    TensorType type = TensorType::kFloat32;
    uint8_t rank = 0;
    uint8_t quantized_dimension = 0;
    bool constant = false;

    int32_t dim(unsigned axis) const { return dims[axis]; }
    float scale() const { return scale_count > 0 ? scales[0] : 0.0f; }

    // Whether there is one scale for all, or one for each index along `axis`.
    bool has_scale_for(unsigned axis) const {
        return scale_count == 1 || (scale_count > 1 && quantized_dimension == axis && axis < rank &&
                                    scale_count == static_cast<uint32_t>(dims[axis]));
    }

    uint32_t element_count() const {
        uint32_t count = 1;
        for (unsigned axis = 0; axis < rank; ++axis) count *= static_cast<uint32_t>(dims[axis]);
        return count;
    }

    template <class T>
    T* as() const {
        return static_cast<T*>(data);
    }
};

// Bytes of one element, 0 for a type that has no fixed size or is not known here.
inline uint32_t type_size(TensorType type) {
    switch (type) {
        case TensorType::kInt8:
        case TensorType::kUint8:
        case TensorType::kBool: return 1;
        case TensorType::kInt16:
        case TensorType::kFloat16: return 2;
        case TensorType::kFloat32:
        case TensorType::kInt32: return 4;
        case TensorType::kInt64: return 8;
        default: return 0;
    }
}

}  // namespace cmsim
