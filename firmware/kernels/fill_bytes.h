// Fills a tensor with copies of one element.
#pragma once
#include "interpreter/tensor.h"

namespace cmsim {

template <class T>
void fill_elements(void* to, const void* value, uint32_t count) {
    T element;
    __builtin_memcpy(&element, value, sizeof element);
    auto* elements = static_cast<T*>(to);
    for (uint32_t i = 0; i < count; ++i) elements[i] = element;
}

// `value` points to one element of the tensor's type.
inline void fill_tensor(const Tensor& tensor, const void* value) {
    const uint32_t size = type_size(tensor.type);
    switch (size) {
        case 1: return fill_elements<uint8_t>(tensor.data, value, tensor.bytes());
        case 2: return fill_elements<uint16_t>(tensor.data, value, tensor.bytes() / 2);
        case 4: return fill_elements<uint32_t>(tensor.data, value, tensor.bytes() / 4);
        default: return fill_elements<uint64_t>(tensor.data, value, tensor.bytes() / 8);
    }
}

}  // namespace cmsim
