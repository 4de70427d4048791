// With the address sanitizer (fuzzing on the host) the arena is poisoned but for what is allocated, and there is a gap behind
// every allocation, so that one byte too far is found also within the arena. Otherwise nothing of this exists.
#pragma once
#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define CMSIM_GUARD 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CMSIM_GUARD 1
#endif
#endif

#ifdef CMSIM_GUARD
extern "C" void __asan_poison_memory_region(void const volatile* first, size_t bytes);
extern "C" void __asan_unpoison_memory_region(void const volatile* first, size_t bytes);
#endif

namespace cmsim {
namespace guard {

#ifdef CMSIM_GUARD
constexpr size_t kGap = 16;
inline void forbid(void* first, size_t bytes) { __asan_poison_memory_region(first, bytes); }
inline void allow(void* first, size_t bytes) { __asan_unpoison_memory_region(first, bytes); }
#else
constexpr size_t kGap = 0;
inline void forbid(void*, size_t) {}
inline void allow(void*, size_t) {}
#endif

}  // namespace guard
}  // namespace cmsim
