// Times every kernel of kernels.S with DWT->CYCCNT and prints "name cycles", cycles for one iteration to a hundredth.
// Runs on a board as in the simulator: Serial1 of the Arduino Nano 33 BLE (P1.03), 115200 baud.
#include "drivers/print.h"
#include "drivers/uarte.h"
#include "startup/cortex_m4.h"
#include "startup/nrf52840.h"

extern "C" {

struct Kernel {
    const char* name;
    uintptr_t code;
    uint32_t iterations;
    uint32_t mode;
};
extern const Kernel microbench_table[];
void microbench_handler();

}  // extern "C"

namespace {

enum Mode : uint32_t { kAlias, kRam, kFlashCached, kFlash, kException, kModes };

constexpr uintptr_t kAliasOffset = 0x20000000 - 0x00800000;
constexpr uint32_t kSvcall = 11, kPendSv = 14, kSysTick = 15;

alignas(256) uintptr_t g_vectors[64];

// The vector table goes to RAM, so that no exception entry waits for flash.
void vectors_to_ram() {
    const auto* table = reinterpret_cast<const uintptr_t*>(static_cast<uintptr_t>(cortex_m4::SCB->VTOR));
    for (uint32_t i = 0; i < 64; ++i) g_vectors[i] = table[i];
    const uintptr_t handler = reinterpret_cast<uintptr_t>(microbench_handler) - kAliasOffset;
    g_vectors[kSvcall] = g_vectors[kPendSv] = g_vectors[kSysTick] = handler;
    cortex_m4::SCB->VTOR = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(g_vectors));
    cortex_m4::dsb();
}

// Cycles of the kernel's second run: the first fills the cache.
uint32_t measure(const Kernel& kernel) {
    nrf52840::NVMC->ICACHECNF = kernel.mode == kFlashCached ? 1 : 0;
    const bool alias = kernel.mode == kAlias || kernel.mode == kException;
    const auto code = reinterpret_cast<uint32_t (*)()>(alias ? kernel.code - kAliasOffset : kernel.code);
    cortex_m4::dsb();
    cortex_m4::isb();
    if (kernel.mode != kException) cortex_m4::disable_interrupts();
    code();
    const uint32_t cycles = code();
    cortex_m4::enable_interrupts();
    return cycles;
}

}  // namespace

int main() {
    vectors_to_ram();
    cortex_m4::demcr() = cortex_m4::demcr() | cortex_m4::kDemcrTrcena;
    cortex_m4::DWT->CYCCNT = 0;
    cortex_m4::DWT->CTRL = cortex_m4::DWT->CTRL | 1;
    uarte::begin();
    uint32_t empty[kModes] = {};
    const Kernel* kernel = microbench_table;
    for (uint32_t i = 0; i < kModes; ++i, ++kernel) empty[kernel->mode] = measure(*kernel);
    for (; kernel->name != nullptr; ++kernel) {
        const auto cycles = static_cast<int32_t>(measure(*kernel) - empty[kernel->mode]);
        const auto half = static_cast<int32_t>(kernel->iterations / 2);
        (Line() << kernel->name << " ").fixed((100 * cycles + half) / static_cast<int32_t>(kernel->iterations), 2);
    }
    Line() << "done";
    return 0;
}
