// A tensor at run time: where its data is. Shape and quantisation stay in the model, where they were checked once.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "interpreter/flatbuffer.h"
#include "interpreter/schema.h"

namespace cmsim {

// Bytes of one element, 0 for a type that has no fixed size or is not known here.
uint32_t type_size(TensorType type);

struct Tensor {
    static constexpr uint8_t kConstant = 1;  // data lies in the model
    static constexpr uint8_t kVariable = 2;  // keeps its value from one inference to the next
    static constexpr uint16_t kNoBlock = 0xFFFF;

    void* data;                 // aligned to the type, in the arena to 16; null during prepare() unless constant
    const int32_t* dims;        // [rank()]; each at least 1, but an int32 vector may have none; dims[-1] is their number
    const uint8_t* parameters;  // the checked QuantizationParameters table in the model, null: not quantised
    TensorType type;
    uint8_t flags;
    uint16_t block;  // of the planner, during prepare()

    bool constant() const { return (flags & kConstant) != 0; }
    bool variable() const { return (flags & kVariable) != 0; }

    uint32_t rank() const { return static_cast<uint32_t>(dims[-1]); }
    int32_t dim(unsigned axis) const { return dims[axis]; }
    uint32_t element_count() const;  // less than 2^28, as is bytes()
    uint32_t bytes() const { return element_count() * type_size(type); }
    bool same_shape(const Tensor& other) const;

    // One scale, or one for each index along quantized_dimension(); all finite and above zero. No scale: not quantised.
    uint32_t scale_count() const { return trusted_vector(parameters, field::quantization::kScale).count; }
    const float* scales() const {
        return reinterpret_cast<const float*>(trusted_vector(parameters, field::quantization::kScale).first);
    }
    float scale() const { return scale_count() > 0 ? *scales() : 0.0f; }
    int32_t zero_point() const;  // the first one: where there are several scales, TensorFlow Lite has zeros only
    int32_t quantized_dimension() const { return trusted_int32(parameters, field::quantization::kQuantizedDimension); }
    // Whether there is one scale for all, or one for each index along `axis`.
    bool has_scale_for(unsigned axis) const;

    template <class T>
    T* as() const {
        return static_cast<T*>(data);
    }
};

}  // namespace cmsim
