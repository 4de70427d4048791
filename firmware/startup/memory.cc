// The functions which a freestanding compiler may still call, and Arm's run-time ABI names for them (clang uses
// those). Compiled with -fno-tree-loop-distribute-patterns / -fno-builtin, or each loop would become a call to itself.
#include <stddef.h>
#include <stdint.h>

namespace {

using Word __attribute__((may_alias)) = uint32_t;

bool aligned(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer) % 4 == 0; }

}  // namespace

extern "C" {

void* memcpy(void* __restrict destination, const void* __restrict source, size_t size) {
    auto* to = static_cast<uint8_t*>(destination);
    auto* from = static_cast<const uint8_t*>(source);
    if (aligned(to) && aligned(from)) {
        for (; size >= 16; size -= 16, to += 16, from += 16) {
            auto* words = reinterpret_cast<const Word*>(from);
            const uint32_t a = words[0], b = words[1], c = words[2], d = words[3];
            auto* out = reinterpret_cast<Word*>(to);
            out[0] = a, out[1] = b, out[2] = c, out[3] = d;
        }
        for (; size >= 4; size -= 4, to += 4, from += 4) {
            *reinterpret_cast<Word*>(to) = *reinterpret_cast<const Word*>(from);
        }
    }
    while (size--) *to++ = *from++;
    return destination;
}

void* memmove(void* destination, const void* source, size_t size) {
    auto* to = static_cast<uint8_t*>(destination);
    auto* from = static_cast<const uint8_t*>(source);
    if (to <= from || to >= from + size) {
        // Forwards is safe, words too where both are aligned: a word is read before it is written.
        if (aligned(to) && aligned(from)) {
            for (; size >= 4; size -= 4, to += 4, from += 4) {
                *reinterpret_cast<Word*>(to) = *reinterpret_cast<const Word*>(from);
            }
        }
        while (size--) *to++ = *from++;
    } else {
        while (size--) to[size] = from[size];
    }
    return destination;
}

void* memset(void* destination, int value, size_t size) {
    auto* to = static_cast<uint8_t*>(destination);
    const auto byte = static_cast<uint8_t>(value);
    for (; size && !aligned(to); --size) *to++ = byte;
    const uint32_t word = byte * 0x01010101u;
    for (; size >= 4; size -= 4, to += 4) *reinterpret_cast<Word*>(to) = word;
    while (size--) *to++ = byte;
    return destination;
}

int memcmp(const void* left, const void* right, size_t size) {
    auto* a = static_cast<const uint8_t*>(left);
    auto* b = static_cast<const uint8_t*>(right);
    for (; size; --size, ++a, ++b) {
        if (*a != *b) return *a - *b;
    }
    return 0;
}

size_t strlen(const char* text) {
    size_t size = 0;
    while (text[size] != 0) ++size;
    return size;
}

#if defined(__arm__)
// Run-time ABI for the Arm architecture, 4.3.4. memset has its arguments in another order here.
void __aeabi_memcpy(void* to, const void* from, size_t size) { memcpy(to, from, size); }
void __aeabi_memcpy4(void* to, const void* from, size_t size) { memcpy(to, from, size); }
void __aeabi_memcpy8(void* to, const void* from, size_t size) { memcpy(to, from, size); }
void __aeabi_memmove(void* to, const void* from, size_t size) { memmove(to, from, size); }
void __aeabi_memmove4(void* to, const void* from, size_t size) { memmove(to, from, size); }
void __aeabi_memmove8(void* to, const void* from, size_t size) { memmove(to, from, size); }
void __aeabi_memset(void* to, size_t size, int value) { memset(to, value, size); }
void __aeabi_memset4(void* to, size_t size, int value) { memset(to, value, size); }
void __aeabi_memset8(void* to, size_t size, int value) { memset(to, value, size); }
void __aeabi_memclr(void* to, size_t size) { memset(to, 0, size); }
void __aeabi_memclr4(void* to, size_t size) { memset(to, 0, size); }
void __aeabi_memclr8(void* to, size_t size) { memset(to, 0, size); }
#endif

}  // extern "C"
