// What every firmware of the exception tests shares: it runs one case, chosen by the host, and records each exception.
//
// The host writes the address of a case to `selected_case` before the first instruction. All vectors lead to
// `enter_exception`, which keeps the frame and the status registers as a `Capture`, then calls the case's action for
// that exception. One translation unit a firmware: this header defines what it declares.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "startup/cortex_m4.h"
#include "startup/nrf52840.h"
#include "startup/semihosting.h"

namespace harness {

using namespace cortex_m4;

// What an exception saw at its entry. Frame words 8 to 25 are there if EXC_RETURN says so.
struct Capture {
    uint32_t entered;  // CYCCNT, a fixed number of cycles after the entry
    uint32_t ipsr, exc_return, msp, psp, control, frame_at;
    uint32_t cfsr, hfsr, mmfar, bfar, shcsr, icsr, fpccr, fpcar;
    uint32_t frame[26];
};

constexpr uint32_t kMostCaptures = 64, kMostWords = 256, kVectors = 64;
constexpr uint32_t kPaint = 0xA5A5A5A5;  // tests/firmware/painted.s counts what is left of it

using Action = void (*)(Capture&);

}  // namespace harness

extern "C" {
// Read by the host.
harness::Capture captures[harness::kMostCaptures];
volatile uint32_t capture_count;
uint32_t results[harness::kMostWords];
volatile uint32_t result_count;
int32_t order[harness::kMostWords];  // exception numbers as they begin, negative as they end
volatile uint32_t order_count;

// Written by the host.
__attribute__((section(".noinit"))) void (*selected_case)();

harness::Action actions[harness::kVectors];
alignas(256) uintptr_t ram_vectors[harness::kVectors];
}

namespace harness {

#define NO_FP __attribute__((target("general-regs-only")))
#define NAKED extern "C" __attribute__((naked, used, noinline)) void
#define CASE extern "C" __attribute__((used, noinline)) void
// At the end of the file: the linker keeps these.
#define CASES(...) extern "C" { void (*const all_cases[])() = {__VA_ARGS__, nullptr}; }

// A word for the host, in order.
NO_FP inline void result(uint32_t word) {
    const uint32_t n = result_count;
    results[n] = word;
    result_count = n + 1;
}

// A stack that is going to be used, for the host to compare with what it saw. Out of line, or a register that somebody
// pushes might hold the paint.
template <size_t kWords>
NO_FP __attribute__((noinline)) void paint(uint32_t (&stack)[kWords]) {
    for (uint32_t& word : stack) word = kPaint;
}

NO_FP inline void note_order(int32_t number) {
    const uint32_t n = order_count;
    order[n] = number;
    order_count = n + 1;
}

inline Register& fpscr_default() { return *reinterpret_cast<Register*>(0xE000EF3C); }
inline Register& actlr() { return *reinterpret_cast<Register*>(0xE000E008); }

constexpr uint32_t kSemihostingWriteC = 3, kSemihostingWrite0 = 4, kSemihostingWrite = 5;

[[noreturn]] inline void finish() {
    semihosting(kSemihostingExit, kApplicationExit);
    for (;;) {
    }
}

#define SPECIAL_REGISTER(name, id)                                                                   \
    NO_FP inline uint32_t name() {                                                                   \
        uint32_t value;                                                                              \
        __asm__ volatile("mrs %0, " id : "=r"(value));                                               \
        return value;                                                                                \
    }                                                                                                \
    NO_FP inline void set_##name(uint32_t value) { __asm__ volatile("msr " id ", %0\n isb" ::"r"(value) : "memory"); }
SPECIAL_REGISTER(primask, "primask")
SPECIAL_REGISTER(faultmask, "faultmask")
SPECIAL_REGISTER(basepri, "basepri")
SPECIAL_REGISTER(basepri_max, "basepri_max")
SPECIAL_REGISTER(control, "control")
SPECIAL_REGISTER(msp, "msp")
SPECIAL_REGISTER(psp, "psp")
#undef SPECIAL_REGISTER
NO_FP inline uint32_t ipsr() {
    uint32_t value;
    __asm__ volatile("mrs %0, ipsr" : "=r"(value));
    return value;
}

constexpr uint32_t kIrqA = nrf52840::SWI0_EGU0_IRQn, kIrqB = kIrqA + 1, kIrqC = kIrqA + 2;  // pended by software only
enum Exception : uint32_t {
    kNmi = 2, kHardFault, kMemManage, kBusFault, kUsageFault, kSvCall = 11, kDebugMonitor, kPendSv = 14, kSysTick,
    kExceptionA = 16 + kIrqA, kExceptionB, kExceptionC,
};

NO_FP inline void pend(uint32_t irq) { NVIC->ISPR[irq / 32] = 1u << irq % 32; }
NO_FP inline void pend_svc() { SCB->ICSR = 1u << 28; }  // PENDSVSET
NO_FP inline void barrier() {
    dsb();
    isb();
}

// TIMERn asks for its interrupt `ticks` of 16 MHz, four cycles each, after TASKS_START: SysTick stands still in sleep.
inline nrf52840::Timer* timer_at(uint32_t n) { return reinterpret_cast<nrf52840::Timer*>(nrf52840::TIMER0.base + 0x1000 * n); }
inline void timer_set(uint32_t n, uint32_t ticks) {
    auto* const timer = timer_at(n);
    timer->BITMODE = 3;          // 32
    timer->PRESCALER = 0;        // 16 MHz
    timer->CC[0] = ticks;
    timer->SHORTS = 1;           // COMPARE0_CLEAR
    timer->INTENSET = 1u << 16;  // COMPARE[0]
    nvic_enable(nrf52840::TIMER0_IRQn + n);
}
inline void timer_start(uint32_t n) { timer_at(n)->TASKS_START = 1; }
// Cycles by TIMER2, which goes on in sleep, where CYCCNT stands still; exact to four.
inline uint32_t stopwatch() {
    auto* const timer = timer_at(2);
    if (timer->BITMODE != 3) {
        timer->BITMODE = 3;
        timer->PRESCALER = 0;
        timer->TASKS_START = 1;
    }
    timer->TASKS_CAPTURE[1] = 1;
    return 4 * timer->CC[1];
}
// Stops it as well, unless it is to go on.
inline void timer_acknowledge(uint32_t n, bool goes_on = false) {
    if (!goes_on) timer_at(n)->TASKS_STOP = 1;
    timer_at(n)->EVENTS_COMPARE[0] = 0;
    barrier();
}

// A vector of a case of its own, instead of the recording one.
inline void vector(uint32_t exception, void (*handler)()) { ram_vectors[exception] = reinterpret_cast<uintptr_t>(handler); }

// Enables MemManage, BusFault and UsageFault.
inline void enable_faults() { SCB->SHCSR = 7u << 16; }

// Actions of fault handlers. Behind the faulting instruction, out of any IT block:
NO_FP inline void skip_instruction(Capture& capture) {
    auto* frame = reinterpret_cast<uint32_t*>(capture.frame_at);
    frame[6] += *reinterpret_cast<const uint16_t*>(frame[6]) >> 11 >= 0x1D ? 4 : 2;
    frame[7] &= ~0x0600FC00u;
}
// To where LR points, for what cannot be fetched:
NO_FP inline void return_to_caller(Capture& capture) {
    auto* frame = reinterpret_cast<uint32_t*>(capture.frame_at);
    frame[6] = frame[5] & ~1u;
    frame[7] |= 1u << 24;
}

inline void on_faults(Action action) {
    for (uint32_t exception = kHardFault; exception <= kUsageFault; ++exception) actions[exception] = action;
}

}  // namespace harness

extern "C" {

NO_FP __attribute__((used)) inline void record_exception(uint32_t msp, uint32_t psp, uint32_t exc_return) {
    using namespace harness;
    const uint32_t entered = DWT->CYCCNT;
    Capture& capture = captures[capture_count];
    capture_count = capture_count + 1;
    const uint32_t number = ipsr();
    note_order(static_cast<int32_t>(number));
    const uint32_t frame_at = exc_return & 4 ? psp : msp;
    capture.entered = entered;
    capture.ipsr = number;
    capture.exc_return = exc_return;
    capture.msp = msp;
    capture.psp = psp;
    capture.control = control();
    capture.frame_at = frame_at;
    capture.cfsr = SCB->CFSR;
    capture.hfsr = SCB->HFSR;
    capture.mmfar = SCB->MMFAR;
    capture.bfar = SCB->BFAR;
    capture.shcsr = SCB->SHCSR;
    capture.icsr = SCB->ICSR;
    capture.fpccr = FPU->FPCCR;
    capture.fpcar = FPU->FPCAR;
    const bool stacked = !(capture.cfsr & 0x1818);  // MSTKERR, MUNSTKERR, STKERR, UNSTKERR: there is none
    for (uint32_t n = 0; stacked && n < (exc_return & 0x10 ? 8u : 26u); ++n) {
        capture.frame[n] = reinterpret_cast<volatile uint32_t*>(frame_at)[n];
    }
    SCB->CFSR = capture.cfsr;
    SCB->HFSR = capture.hfsr;
    if (actions[number] != nullptr) actions[number](capture);
    note_order(-static_cast<int32_t>(number));
}

// Keeps R4, so that MSP stays aligned for the call, and returns by the EXC_RETURN value that it found.
NAKED enter_exception() {
    __asm__ volatile(
        "mrs r0, msp\n"
        "mrs r1, psp\n"
        "mov r2, lr\n"
        "push {r4, lr}\n"
        "bl record_exception\n"
        "pop {r4, pc}\n");
}

}  // extern "C"

extern "C" void (*const all_cases[])();

int main() {
    using namespace harness;
    for (uint32_t n = 0; n < kVectors; ++n) ram_vectors[n] = reinterpret_cast<uintptr_t>(enter_exception);
    SCB->VTOR = reinterpret_cast<uintptr_t>(ram_vectors);
    demcr() = kDemcrTrcena;
    DWT->CTRL = DWT->CTRL | 1;  // CYCCNTENA
    barrier();
    for (auto* known = all_cases; *known != nullptr; ++known) {
        if (*known == selected_case) (*known)();
    }
    finish();
}
