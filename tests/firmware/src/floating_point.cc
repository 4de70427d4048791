// The floating-point context across exceptions: lazy and eager stacking, FPCCR, FPCAR, CONTROL.FPCA.
#include "harness.h"

using namespace harness;

constexpr uint32_t kStackWords = 256;

extern "C" {
alignas(32) uint32_t lazy_area[18];               // where S0-S15 and FPSCR go, as the handler found it after its own work
alignas(8) uint32_t fp_stack[kStackWords];  // the main stack of the code under test, painted before
uint32_t fp_after[34];
uint32_t handler_saw[34];

// S0-S31 = 1.0, 2.0 ..., FPSCR = R2; then pends `irq_bits` (R0) and, when that is over, keeps S0-S31, FPSCR and CONTROL.
__attribute__((naked, used)) void interrupted_fp(uint32_t, uint32_t, uint32_t) {
    __asm__ volatile(
        "push {r4-r8, lr}\n"
        "vpush {s16-s31}\n"
        "mov r8, sp\n"
        "cmp r1, #0\n"
        "it ne\n"
        "movne sp, r1\n"
        "vmsr fpscr, r2\n"
        "movs r3, #1\n"
        ".altmacro\n"
        ".macro start n\n vmov s\\n, r3\n vcvt.f32.s32 s\\n, s\\n\n add r3, #1\n .endm\n"
        ".macro all name, count\n .set i, 0\n .rept \\count\n \\name %i\n .set i, i + 1\n .endr\n .endm\n"
        "all start, 32\n"
        "vmsr fpscr, r2\n"
        "ldr r4, =0xE000E200\n"
        "mov r5, sp\n"
        "mrs r6, control\n"
        "str r0, [r4]\n"
        "dsb\n"
        "isb\n"
        "mrs r7, control\n"
        "ldr r3, =fp_after\n"
        "vstm r3!, {s0-s31}\n"
        "vmrs r2, fpscr\n"
        "str r2, [r3]\n"
        "mov r4, sp\n"
        "mov sp, r8\n"
        "mov r0, r5\n bl append_result\n"  // SP before
        "mov r0, r4\n bl append_result\n"  // SP after
        "mov r0, r6\n bl append_result\n"  // CONTROL before
        "mov r0, r7\n bl append_result\n"  // CONTROL after
        "vpop {s16-s31}\n"
        "pop {r4-r8, pc}\n"
        ".noaltmacro\n"
        ".ltorg\n");
}
__attribute__((used)) void append_result(uint32_t word) { result(word); }

// Overwrites S0-S31 and FPSCR.
__attribute__((naked, used)) void spoil_fp() {
    __asm__ volatile(
        "ldr r0, =handler_saw\n"
        "mrs r1, control\n"
        "str r1, [r0, #128]\n"
        "vmrs r1, fpscr\n"
        "str r1, [r0, #132]\n"
        "ldr r1, =0x00C00000\n"
        "vmsr fpscr, r1\n"
        ".altmacro\n"
        ".macro spoil n\n vmov.f32 s\\n, #-2.0\n .endm\n"
        "all spoil, 16\n"
        ".noaltmacro\n"
        "bx lr\n"
        ".ltorg\n");
}
}

constexpr uint32_t kBitA = 1u << kIrqA;

static void interrupt_fp(uint32_t irqs, uint32_t lower = 0) {
    paint(fp_stack);
    nvic_priority(kIrqA, 4);
    nvic_priority(kIrqB, 3);
    nvic_enable(kIrqA);
    nvic_enable(kIrqB);
    interrupted_fp(irqs, reinterpret_cast<uintptr_t>(fp_stack + kStackWords - 16) - lower, 0x80C00000);
    result(control());
    result(FPU->FPCCR);
}

NO_FP static void keep_lazy_area() {
    for (uint32_t n = 0; n < 18; ++n) lazy_area[n] = reinterpret_cast<volatile uint32_t*>(FPU->FPCAR)[n];
}

CASE lazy_without_fp_in_handler() {
    actions[kExceptionA] = [](Capture&) { result(FPU->FPCCR); };
    interrupt_fp(kBitA);
}
CASE lazy_misaligned() { interrupt_fp(kBitA, 4); }
NO_FP static void use_fp(Capture&) {
    spoil_fp();
    result(FPU->FPCCR);
    result(control());
    keep_lazy_area();
}
CASE lazy_with_fp_in_handler() {
    actions[kExceptionA] = use_fp;
    interrupt_fp(kBitA);
}
CASE eager_with_fp_in_handler() {
    FPU->FPCCR = 1u << 31;  // ASPEN without LSPEN
    actions[kExceptionA] = use_fp;
    interrupt_fp(kBitA);
}
// No automatic context at all: a basic frame, FPCA stays clear, the handler's values remain.
CASE no_automatic_fp_context() {
    set_control(0);
    FPU->FPCCR = 0;
    actions[kExceptionA] = [](Capture&) { spoil_fp(); };
    interrupt_fp(kBitA);
}
// A has the lazy area of Thread mode, does not touch the FPU, and is preempted by B, which does.
CASE lazy_saved_by_nested_handler() {
    actions[kExceptionA] = [](Capture&) {
        pend(kIrqB);
        barrier();
        result(FPU->FPCCR);
    };
    actions[kExceptionB] = use_fp;
    interrupt_fp(kBitA);
}
// A uses the FPU and is preempted by B, which does so too: two frames with floating point.
NO_FP static void use_fp_then_pend(Capture&) {
    spoil_fp();
    pend(kIrqB);
    barrier();
    __asm__ volatile("ldr r0, =handler_saw\n vstm r0!, {s0-s31}" ::: "r0", "memory");
}
CASE fp_in_two_levels() {
    actions[kExceptionA] = use_fp_then_pend;
    actions[kExceptionB] = [](Capture&) { __asm__ volatile("vmov.f32 s0, #3.0\n vmov.f32 s15, #3.0"); };
    interrupt_fp(kBitA);
}
CASE fp_tail_chain() {
    actions[kExceptionA] = [](Capture&) { result(FPU->FPCCR); };
    actions[kExceptionB] = use_fp;
    interrupt_fp(kBitA | 1u << kIrqB);
}

// The place for the state is gone when the handler uses the FPU.
static void lose_lazy_area(uintptr_t where) {
    enable_faults();
    static uintptr_t place;
    place = where;
    actions[kExceptionA] = [](Capture&) {
        FPU->FPCAR = place;
        barrier();
        __asm__ volatile("vmov.f32 s0, #3.0");
    };
    interrupt_fp(kBitA);
}
CASE lazy_save_to_nowhere() { lose_lazy_area(0x30000000); }
CASE lazy_save_denied() {
    const auto area = (reinterpret_cast<uintptr_t>(lazy_area) & ~31u);
    MPU->RBAR = area | 1u << 4;
    MPU->RASR = 5u << 24 | 4u << 1 | 1;  // 32 bytes, privileged read only
    MPU->CTRL = 5;                       // PRIVDEFENA
    barrier();
    lose_lazy_area(area);
}

CASE fpca_follows_instructions() {
    set_control(0);
    result(control());
    __asm__ volatile("vmov.f32 s0, #1.0" ::: "s0");
    result(control());
    set_control(0);
    result(control());
    pend(kIrqA);  // without FPCA: a basic frame
    nvic_enable(kIrqA);
    barrier();
    result(control());
}

CASE fp_registers_reset_values() {
    result(FPU->FPCCR);
    result(FPU->FPCAR);
    result(fpscr_default());
    result(*reinterpret_cast<Register*>(0xE000EF40));
    result(*reinterpret_cast<Register*>(0xE000EF44));
    FPU->FPCAR = 0xFFFFFFFF;
    result(FPU->FPCAR);
    fpscr_default() = 0xFFFFFFFF;
    result(fpscr_default());
    FPU->FPCCR = 0;
    result(FPU->FPCCR);
}

CASES(lazy_without_fp_in_handler, lazy_misaligned, lazy_with_fp_in_handler, eager_with_fp_in_handler,
      no_automatic_fp_context, lazy_saved_by_nested_handler, fp_in_two_levels, fp_tail_chain, lazy_save_to_nowhere,
      lazy_save_denied, fpca_follows_instructions,
      fp_registers_reset_values)
