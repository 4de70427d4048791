// Exception entry and return: frames, EXC_RETURN, stack alignment, priorities, nesting, tail-chaining, late arrival.
#include "harness.h"

using namespace harness;

extern "C" __attribute__((used)) void append_result(uint32_t word) { result(word); }

// SVC 42 with distinct values in every register of the frame and N Z C V Q set. R0: what SP is lowered by before.
// Results: SP before, SP after, APSR after.
NAKED svc_with_all_registers(uint32_t) {
    __asm__ volatile(
        "push {r4, r5, r6, lr}\n"
        "mov r5, sp\n"
        "sub sp, sp, r0\n"
        "mov r4, sp\n"
        "ldr r0, =0xF8000000\n"
        "msr apsr_nzcvq, r0\n"
        "ldr r0, =0x10000000\n"
        "ldr r1, =0x11111111\n"
        "ldr r2, =0x22222222\n"
        "ldr r3, =0x33333333\n"
        "ldr r12, =0xCCCCCCCC\n"
        "ldr lr, =0xEEEEEEEE\n"
        "svc 42\n"
        ".global svc_next\n"
        "svc_next:\n"
        "mrs r6, apsr\n"
        "mov r0, r4\n"
        "mov r4, sp\n"
        "mov sp, r5\n"
        "bl append_result\n"
        "mov r0, r4\n"
        "bl append_result\n"
        "mov r0, r6\n"
        "bl append_result\n"
        "pop {r4, r5, r6, pc}\n"
        ".ltorg\n");
}

static void svc_at(uint32_t remainder) {
    actions[kSvCall] = [](Capture& capture) {
        result(reinterpret_cast<const uint8_t*>(capture.frame[6])[-2]);  // SVC's argument
    };
    uint32_t sp;
    __asm__ volatile("mov %0, sp" : "=r"(sp));
    svc_with_all_registers((sp - 16 - remainder) % 8);
}

CASE svc_aligned() { svc_at(0); }
CASE svc_misaligned() { svc_at(4); }
CASE svc_without_stkalign() {
    SCB->CCR = SCB->CCR & ~(1u << 9);
    svc_at(4);
}

CASE pendsv_waits_for_primask() {
    disable_interrupts();
    pend_svc();
    result(SCB->ICSR);
    SCB->ICSR = 1u << 27;  // PENDSVCLR
    result(SCB->ICSR);
    pend_svc();
    __asm__ volatile("cpsie i\n.global pendsv_next\npendsv_next: nop" ::: "memory");
    result(SCB->ICSR);
}

// A handler that is interrupted by the more urgent SVCall that it calls itself.
NAKED pendsv_calls_svc(Capture&) {
    __asm__ volatile("svc 7\n.global svc_in_handler_next\nsvc_in_handler_next: bx lr");
}
CASE svc_from_handler() {
    SCB->SHPR[kPendSv - 4] = 0xE0;
    actions[kPendSv] = reinterpret_cast<Action>(pendsv_calls_svc);
    pend_svc();
    barrier();
}

static void enable_abc(uint32_t a, uint32_t b, uint32_t c) {
    nvic_priority(kIrqA, a);
    nvic_priority(kIrqB, b);
    nvic_priority(kIrqC, c);
    nvic_enable(kIrqA);
    nvic_enable(kIrqB);
    nvic_enable(kIrqC);
}

static void pend_abc_at_once() {
    disable_interrupts();
    NVIC->ISPR[0] = 7u << kIrqA;
    result(SCB->ICSR);
    enable_interrupts();
    barrier();
}

static void nest_bc() {
    actions[kExceptionA] = [](Capture&) { pend(kIrqB); barrier(); };
    actions[kExceptionB] = [](Capture&) { pend(kIrqC); barrier(); };
}

CASE nesting_three_deep() {
    enable_abc(3, 2, 1);
    nest_bc();
    pend(kIrqA);
    barrier();
}

CASE equal_priority_does_not_nest() {
    enable_abc(2, 2, 2);
    nest_bc();
    pend(kIrqA);
    barrier();
}

CASE pending_by_priority() {
    enable_abc(5, 3, 4);
    pend_abc_at_once();
}

CASE pending_by_number() {
    enable_abc(4, 4, 4);
    pend_abc_at_once();
}

// PRIGROUP 5: bits 7 and 6 preempt, bit 5 only orders.
CASE subpriority_orders_but_does_not_preempt() {
    SCB->AIRCR = kAircrKey | 5u << 8;
    enable_abc(3, 2, 1);
    nest_bc();
    disable_interrupts();
    pend(kIrqA);
    enable_interrupts();
    barrier();
}
CASE subpriority_orders_pending() {
    SCB->AIRCR = kAircrKey | 5u << 8;
    enable_abc(3, 2, 7);
    pend_abc_at_once();
}
CASE prigroup_7_never_preempts() {
    SCB->AIRCR = kAircrKey | 7u << 8;
    enable_abc(3, 2, 1);
    nest_bc();
    pend(kIrqA);
    barrier();
}

CASE priority_registers() {
    NVIC->IPR[kIrqB] = 0xFF;
    result(NVIC->IPR[kIrqB]);
    result(*reinterpret_cast<Register*>(0xE000E400 + kIrqA));  // kIrqA is a multiple of 4
    *reinterpret_cast<Register*>(0xE000E400 + kIrqA) = 0x9F7F3F1F;
    result(*reinterpret_cast<Register*>(0xE000E400 + kIrqA));
    *reinterpret_cast<volatile uint16_t*>(0xE000E400 + kIrqA + 2) = 0x60A0;
    result(*reinterpret_cast<Register*>(0xE000E400 + kIrqA));
    result(*reinterpret_cast<volatile uint16_t*>(0xE000E400 + kIrqA + 2));
    for (uint32_t n = 0; n < 12; ++n) SCB->SHPR[n] = 0xFF;
    for (uint32_t n = 0; n < 3; ++n) result(reinterpret_cast<Register*>(0xE000ED18)[n]);
    SCB->AIRCR = 0x12340000 | 3u << 8;  // wrong key
    result(SCB->AIRCR);
    SCB->AIRCR = kAircrKey | 3u << 8;
    result(SCB->AIRCR);
    result(*reinterpret_cast<Register*>(0xE000E004));  // ICTR
    for (uint32_t n = 0; n < 8; ++n) {
        NVIC->ISER[n] = 0xFFFFFFFF;
        result(NVIC->ISER[n]);
    }
    NVIC->ICER[0] = 0x0000FFFF;
    result(NVIC->ISER[0]);
    result(NVIC->ICER[0]);
}

CASE pending_registers() {
    enable_abc(3, 3, 3);
    nvic_disable(kIrqB);
    disable_interrupts();
    pend(kIrqB);  // disabled: pending, but no candidate
    result(NVIC->ISPR[0]);
    result(SCB->ICSR);
    stir() = kIrqA;
    result(NVIC->ICPR[0]);
    result(SCB->ICSR);
    nvic_clear_pending(kIrqA);
    result(NVIC->ISPR[0]);
    stir() = kIrqC;
    actions[kExceptionC] = [](Capture&) {
        result(NVIC->IABR[0]);
        result(NVIC->ISPR[0]);
    };
    enable_interrupts();
    barrier();
    result(NVIC->IABR[0]);
    nvic_enable(kIrqB);
    barrier();
}

// A line that is still high when its handler returns is taken again: EGU0 holds it until its event is cleared.
CASE level_is_taken_again() {
    auto* const egu = reinterpret_cast<Register*>(0x40014000);
    nvic_enable(kIrqA);
    egu[0x304 / 4] = 1;  // INTENSET
    actions[kExceptionA] = [](Capture&) {
        if (capture_count < 3) return;
        *reinterpret_cast<Register*>(0x40014100) = 0;  // EVENTS_TRIGGERED[0]
        barrier();
    };
    egu[0] = 1;  // TASKS_TRIGGER[0]
    barrier();
}

// --- cycles ---------------------------------------------------------------------------------------------------------

extern "C" {
uint32_t stamps[8];
}
#define STAMP(name, index)                                                                                    \
    NAKED name() {                                                                                            \
        __asm__ volatile("ldr r0, =0xE0001004\n ldr r1, [r0]\n ldr r2, =stamps\n str r1, [r2, #4*" #index "]\n bx lr\n" \
                         ".ltorg\n");                                                                         \
    }
STAMP(stamp_1, 1)
STAMP(stamp_2, 2)

// R0: ISPR bits to be pended at once. Stamps: 0 in front of CPSIE, 3 behind it.
NAKED stamp_around(uint32_t) {
    __asm__ volatile(
        "push {r4, r5, r6, lr}\n"
        "cpsid i\n"
        "ldr r3, =0xE000E200\n"
        "str r0, [r3]\n"
        "ldr r6, =stamps\n"
        "ldr r5, =0xE0001004\n"
        "ldr r4, [r5]\n"
        "cpsie i\n"
        "ldr r5, [r5]\n"
        "str r4, [r6]\n"
        "str r5, [r6, #12]\n"
        "pop {r4, r5, r6, pc}\n"
        ".ltorg\n");
}

static void time_exceptions(uint32_t irqs) {
    vector(kExceptionA, stamp_1);
    vector(kExceptionB, stamp_2);
    enable_abc(1, 2, 3);
    stamp_around(irqs);
    for (uint32_t n = 1; n < 4; ++n) result(stamps[n] - stamps[0]);
}
CASE cycles_without_exception() { time_exceptions(0); }
CASE cycles_of_one() { time_exceptions(1u << kIrqA); }
CASE cycles_of_tail_chain() { time_exceptions(3u << kIrqA); }

// TIMER1 wakes the core, TIMER0 is more urgent and comes from some cycles before it to some cycles after it, one cycle
// later each time: TIMER1 starts that much sooner, by way of a slide of NOPs.
CASE late_arrival() {
    nvic_priority(nrf52840::TIMER0_IRQn, 0);
    nvic_priority(nrf52840::TIMER0_IRQn + 1, 7);
    timer_set(0, 50);
    timer_set(1, 45);
    actions[16 + nrf52840::TIMER0_IRQn] = [](Capture&) { timer_acknowledge(0); };
    actions[17 + nrf52840::TIMER0_IRQn] = [](Capture&) { timer_acknowledge(1); };
    for (uint32_t delay = 0; delay < 32; ++delay) {
        disable_interrupts();
        timer_at(0)->TASKS_CLEAR = timer_at(1)->TASKS_CLEAR = 1;
        uint32_t slide = 2 * delay;
        __asm__ volatile(
            "b late_arrival_start\n"
            ".global late_arrival_start\n"
            "late_arrival_start:\n"
            "str %3, [%1]\n"  // TIMER0.TASKS_START
            "adr r12, 1f\n"
            "add %0, %0, r12\n"
            "orr %0, %0, #1\n"
            "bx %0\n"
            ".align 2\n"
            "1:\n"
            ".rept 32\n nop\n .endr\n"
            "str %3, [%2]\n"  // TIMER1.TASKS_START
            "cpsie i\n"
            "wfi\n"
            "nop\n"
            : "+&r"(slide)
            : "r"(timer_at(0)), "r"(timer_at(1)), "r"(1)
            : "r12", "memory");
        while (timer_at(0)->EVENTS_COMPARE[0] || timer_at(1)->EVENTS_COMPARE[0]) {
        }
        while (capture_count < 2 * delay + 2) {
        }
    }
}

CASES(svc_aligned, svc_misaligned, svc_without_stkalign, pendsv_waits_for_primask, svc_from_handler, nesting_three_deep,
      equal_priority_does_not_nest, pending_by_priority, pending_by_number, subpriority_orders_but_does_not_preempt,
      subpriority_orders_pending, prigroup_7_never_preempts, priority_registers, pending_registers, level_is_taken_again,
      cycles_without_exception, cycles_of_one, cycles_of_tail_chain, late_arrival)
