// For the tests of regions: marks of cmsim_region.h, in a loop and in a function that is inlined twice, beside DWT's count.
#include <stdint.h>

#include "include/cmsim_region.h"
#include "startup/cortex_m4.h"
#include "startup/semihosting.h"

using namespace cortex_m4;

extern "C" {
volatile uint32_t input = 7, output;
uint32_t counted[8];  // what CYCCNT tells of each pass of "loop", for the host

__attribute__((noinline)) uint32_t work(uint32_t n) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < n; ++i) sum += input * i;
    return sum;
}

// In front of a mark nothing else may stand in the way of the counter's value.
static inline uint32_t now() { return DWT->CYCCNT; }

static inline void twice(uint32_t n) {
    CMSIM_REGION_BEGIN("inlined");
    output = work(n);
    CMSIM_REGION_END("inlined");
}

}  // extern "C"

int main() {
    *reinterpret_cast<volatile uint32_t*>(0xE000EDFC) = 1u << 24;  // DEMCR.TRCENA
    DWT->CTRL = 1;
    for (uint32_t n = 0; n < 8; ++n) {
        const uint32_t before = now();
        CMSIM_REGION_BEGIN("loop");
        output = work(n);
        CMSIM_REGION_END("loop");
        counted[n] = now() - before;
    }
    twice(3);
    output = 0;
    twice(5);
    finished();
    return 0;
}
