// PRIMASK, FAULTMASK, BASEPRI, BASEPRI_MAX; WFI, WFE, SEV, SEVONPEND, SLEEPONEXIT; SysTick.
#include "harness.h"

using namespace harness;

static void ready_a(uint32_t priority) {
    nvic_priority(kIrqA, priority);
    nvic_enable(kIrqA);
}

// R4 counts the instructions that run between unmasking and the interrupt.
#define UNMASK(name, instruction, value)                                                                  \
    CASE name() {                                                                                         \
        ready_a(4);                                                                                       \
        __asm__ volatile(                                                                                 \
            "cpsid i\n"                                                                                   \
            "mov r0, #0x80\n"                                                                             \
            "msr basepri, r0\n"                                                                           \
            "str %1, [%0]\n"                                                                              \
            "dsb\n"                                                                                       \
            value                                                                                         \
            instruction "\n"                                                                              \
            ".global " #name "_next\n" #name "_next: nop\n" ::"r"(0xE000E200 + 4 * (kIrqA / 32)),         \
            "r"(1u << kIrqA % 32)                                                                         \
            : "r0", "memory");                                                                            \
    }
UNMASK(unmask_by_cpsie, "cpsie i", "mov r0, #0\n msr basepri, r0\n")
UNMASK(unmask_by_msr_primask, "msr primask, r0", "mov r0, #0\n msr basepri, r0\n")
UNMASK(unmask_by_msr_basepri, "msr basepri, r0", "cpsie i\n mov r0, #0\n")
UNMASK(unmask_by_raising_basepri, "msr basepri, r0", "cpsie i\n mov r0, #0xA0\n")

// BASEPRI masks equal and lower priorities. A has 2, B has 3, C has 4 and BASEPRI is that of B.
CASE basepri_masks_equal_and_lower() {
    for (uint32_t n = 0; n < 3; ++n) {
        nvic_priority(kIrqA + n, 2 + n);
        nvic_enable(kIrqA + n);
    }
    set_basepri(3 << 5);
    NVIC->ISPR[0] = 7u << kIrqA;
    barrier();
    result(NVIC->ISPR[0]);
    result(SCB->ICSR);
    set_basepri(4 << 5);
    result(NVIC->ISPR[0]);
    set_basepri(0);
    result(NVIC->ISPR[0]);
}

CASE basepri_max_only_raises() {
    set_basepri_max(0x80);
    result(basepri());
    set_basepri_max(0xA0);  // less urgent: ignored
    result(basepri());
    set_basepri_max(0);
    result(basepri());
    set_basepri_max(0x40);
    result(basepri());
    set_basepri(0xC0);
    result(basepri());
}

CASE basepri_ignores_low_bits() {
    ready_a(7);
    set_basepri(0x1F);
    pend(kIrqA);
    barrier();
    result(capture_count);
}

// FAULTMASK holds back all but NMI, and the return from any exception but NMI clears it.
CASE faultmask_holds_all_but_nmi() {
    ready_a(0);
    __asm__ volatile("cpsid f");
    result(faultmask());
    pend(kIrqA);
    barrier();
    result(capture_count);
    SCB->ICSR = 1u << 31;  // NMIPENDSET
    barrier();
    result(capture_count);
    result(faultmask());
    __asm__ volatile("cpsie f\n isb" ::: "memory");
    result(capture_count);
}
CASE faultmask_is_cleared_by_return() {
    ready_a(0);
    actions[kExceptionA] = [](Capture&) {
        __asm__ volatile("cpsid f" ::: "memory");
        result(faultmask());
    };
    pend(kIrqA);
    barrier();
    result(faultmask());
}

// --- sleep ------------------------------------------------------------------------------------------------------------

static void systick_in(uint32_t cycles) {
    SYST->RVR = cycles - 1;
    SYST->CVR = 0;
    SYST->CSR = 3;
}

// TIMER0's interrupt after so many cycles.
constexpr uint32_t kTimer = 16 + nrf52840::TIMER0_IRQn;
static void timer_in(uint32_t cycles) {
    actions[kTimer] = [](Capture&) { timer_acknowledge(0); };
    timer_set(0, cycles / 4);
    timer_start(0);
}

CASE wfi_with_primask() {
    disable_interrupts();
    timer_in(10000);
    const uint32_t before = stopwatch();
    __asm__ volatile("wfi");
    const uint32_t after = stopwatch();
    result(capture_count);
    result(SCB->ICSR);
    result(after - before);
    enable_interrupts();
    barrier();
    result(capture_count);
}

CASE wfi_is_not_woken_by_basepri_masked() {
    ready_a(7);
    nvic_priority(nrf52840::TIMER0_IRQn, 0);
    set_basepri(0x20);
    pend(kIrqA);
    timer_in(5000);
    const uint32_t before = stopwatch();
    __asm__ volatile("wfi");
    const uint32_t after = stopwatch();
    result(capture_count);
    result(captures[0].ipsr);
    result(after - before);
}

CASE wfi_passes_when_pending() {
    disable_interrupts();
    ready_a(0);
    pend(kIrqA);
    const uint32_t before = stopwatch();
    __asm__ volatile("wfi");
    result(stopwatch() - before);
    nvic_clear_pending(kIrqA);
}

// SEV sets the event register: the first WFE passes, the second sleeps until TIMER0's handler has run.
CASE wfe_and_sev() {
    __asm__ volatile("sev\n wfe");  // clear it, whatever went before
    const uint32_t start = stopwatch();
    __asm__ volatile("sev");
    __asm__ volatile("wfe");
    const uint32_t first = stopwatch();
    timer_in(3000);
    __asm__ volatile("wfe");
    const uint32_t second = stopwatch();
    result(first - start);
    result(second - first);
    result(capture_count);
    const uint32_t third = stopwatch();  // entry and return of an exception have set it again
    __asm__ volatile("wfe");
    result(stopwatch() - third);
}

// A disabled interrupt that becomes pending wakes WFE only with SEVONPEND.
CASE sevonpend() {
    __asm__ volatile("sev\n wfe");
    SCB->SCR = 1u << 4;
    timer_set(0, 500);  // 2000 cycles
    nvic_disable(nrf52840::TIMER0_IRQn);
    timer_start(0);
    const uint32_t before = stopwatch();
    __asm__ volatile("wfe");
    result(stopwatch() - before);
    result(NVIC->ISPR[0] >> nrf52840::TIMER0_IRQn & 1);
    result(capture_count);
}

// SLEEPONEXIT: Thread mode goes on only when a handler has cleared it.
CASE sleep_on_exit() {
    SCB->SCR = 1u << 1;
    timer_in(20000);
    actions[kTimer] = [](Capture& capture) {
        result(capture.frame[6]);
        result(stopwatch());
        timer_acknowledge(0, capture_count < 3);
        if (capture_count == 3) SCB->SCR = 0;
    };
    __asm__ volatile("wfi\n.global sleep_on_exit_next\nsleep_on_exit_next: nop");
    result(capture_count);
}

// Nothing can wake this.
CASE sleep_for_ever() { halt(); }

// --- SysTick ----------------------------------------------------------------------------------------------------------

extern "C" {
uint32_t ticks[8];
volatile uint32_t tick_count;
}
NAKED stamp_tick() {
    __asm__ volatile(
        "ldr r0, =0xE0001004\n"
        "ldr r0, [r0]\n"
        "ldr r1, =tick_count\n"
        "ldr r2, [r1]\n"
        "ldr r3, =ticks\n"
        "str r0, [r3, r2, lsl #2]\n"
        "adds r2, #1\n"
        "str r2, [r1]\n"
        "bx lr\n"
        ".ltorg\n");
}

CASE systick_period() {
    vector(kSysTick, stamp_tick);
    systick_in(1000);
    while (tick_count < 6) {
    }
    SYST->CSR = 0;
    for (uint32_t n = 1; n < 6; ++n) result(ticks[n] - ticks[n - 1]);
}

// The processor's clock stops in sleep, and SysTick and CYCCNT with it (nRF52840 PS, CPU chapter).
CASE counters_stand_still_in_sleep() {
    systick_in(5000);
    timer_in(20000);
    const uint32_t began = stopwatch(), before = SYST->CVR, cycles = DWT->CYCCNT;
    __asm__ volatile("wfi");
    const uint32_t later = DWT->CYCCNT, after = SYST->CVR, ended = stopwatch();
    SYST->CSR = 0;
    result(ended - began);
    result(before - after);
    result(later - cycles);
    result(capture_count);
    result(captures[0].ipsr);
}

CASE systick_registers() {
    result(SYST->CSR);
    result(SYST->CALIB);
    SYST->RVR = 0xFFFFFFFF;
    result(SYST->RVR);
    SYST->RVR = 999;
    SYST->CVR = 12345;  // any write clears it, and COUNTFLAG
    result(SYST->CVR);
    SYST->CSR = 1;
    uint32_t first, second;
    __asm__ volatile("ldr %0, [%2]\n nop\n nop\n nop\n ldr %1, [%2]\n" : "=&r"(first), "=&r"(second) : "r"(0xE000E018));
    result(first - second);
    while (SYST->CVR > 100) {
    }
    result(SYST->CSR);  // not reached zero since
    while (SYST->CVR < 500) {
    }
    result(SYST->CSR);  // COUNTFLAG
    result(SYST->CSR);  // cleared by the read
    while (SYST->CVR > 100) {
    }
    while (SYST->CVR < 500) {
    }
    SYST->CVR = 1;
    result(SYST->CSR);  // cleared by the write
    result(SCB->ICSR >> 26 & 1);  // TICKINT was off
    SYST->CSR = 0;
    const uint32_t stopped = SYST->CVR;
    result(stopped - SYST->CVR);
    SCB->ICSR = 1u << 26;  // PENDSTSET
    barrier();
    result(capture_count);
}

CASES(unmask_by_cpsie, unmask_by_msr_primask, unmask_by_msr_basepri, unmask_by_raising_basepri,
      basepri_masks_equal_and_lower, basepri_max_only_raises, basepri_ignores_low_bits, faultmask_holds_all_but_nmi,
      faultmask_is_cleared_by_return, wfi_with_primask, wfi_is_not_woken_by_basepri_masked, wfi_passes_when_pending,
      wfe_and_sev, sevonpend, sleep_on_exit, sleep_for_ever, systick_period, counters_stand_still_in_sleep,
      systick_registers)
