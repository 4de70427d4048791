// Usage faults, bus faults, escalation and lockup.
#include "harness.h"

using namespace harness;

extern "C" {
alignas(16) uint32_t scratch[16] = {0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17};
uint32_t probe_registers[8];
}

// One probing sequence: R2 points to `scratch`, R3 to nowhere (0x30000000). What it leaves in R0-R7 is kept.
#define PROBE(name, code)                                                             \
    NAKED name##_probe() {                                                            \
        __asm__ volatile(                                                             \
            "push {r4-r11, lr}\n"                                                     \
            "ldr r2, =scratch\n"                                                      \
            "mov r3, #0x30000000\n"                                                   \
            "movs r0, #0xA0\n movs r1, #0xA1\n movs r4, #0xA4\n movs r5, #0xA5\n movs r6, #0xA6\n movs r7, #0xA7\n" \
            code                                                                      \
            "ldr r12, =probe_registers\n"                                             \
            "stmia r12, {r0-r7}\n"                                                    \
            "pop {r4-r11, pc}\n"                                                      \
            ".ltorg\n");                                                              \
    }
// `code` has the label NAME_at; the fault is skipped.
#define FAULT(name, before, code)                                                     \
    PROBE(name, ".global " #name "_at\n" code)                                        \
    CASE name() {                                                                     \
        enable_faults();                                                              \
        on_faults(skip_instruction);                                                  \
        before;                                                                       \
        name##_probe();                                                               \
    }
#define NOTHING static_cast<void>(0)

// --- alignment ----------------------------------------------------------------------------------------------------------

FAULT(unaligned_ldrd, NOTHING, "adds r2, #2\n unaligned_ldrd_at: ldrd r0, r1, [r2, #4]!\n")
FAULT(unaligned_strd, NOTHING, "adds r2, #2\n unaligned_strd_at: strd r0, r1, [r2], #8\n")
FAULT(unaligned_ldm, NOTHING, "adds r2, #1\n unaligned_ldm_at: ldmia r2!, {r0, r1, r4}\n")
FAULT(unaligned_stm, NOTHING, "adds r2, #3\n unaligned_stm_at: stmia r2!, {r0, r1, r4}\n")
FAULT(unaligned_stmdb, NOTHING, "adds r2, #18\n unaligned_stmdb_at: stmdb r2!, {r0, r1}\n")
FAULT(unaligned_ldrex, NOTHING, "adds r2, #2\n unaligned_ldrex_at: ldrex r0, [r2]\n")
FAULT(unaligned_vldr, NOTHING, "vmov s4, r0\n adds r2, #2\n unaligned_vldr_at: vldr s4, [r2]\n vmov r5, s4\n")
FAULT(unaligned_vldr_d, NOTHING, "vmov s4, r0\n adds r2, #1\n unaligned_vldr_d_at: vldr d2, [r2]\n vmov r5, s4\n")
FAULT(unaligned_vstm, NOTHING, "adds r2, #2\n unaligned_vstm_at: vstmia r2!, {s0-s3}\n")
// The base comes from memory, so that only the access itself can tell.
FAULT(unaligned_ldrd_loaded_base, scratch[1] = reinterpret_cast<uintptr_t>(scratch) + 1,
      "ldr r6, [r2, #4]\n movs r4, #1\n unaligned_ldrd_loaded_base_at: ldrd r0, r1, [r6]\n movs r5, #2\n")
// Executed only if Z.
FAULT(unaligned_in_it, NOTHING,
      "adds r2, #2\n cmp r0, r0\n ittee eq\n moveq r4, #1\n unaligned_in_it_at: ldrdeq r0, r1, [r2]\n movne r5, #2\n movne r6, #3\n")
FAULT(unaligned_in_it_not_executed, NOTHING,
      "adds r2, #2\n cmp r0, r1\n itte eq\n moveq r4, #1\n unaligned_in_it_not_executed_at: ldrdeq r0, r1, [r2]\n movne r5, #2\n")
FAULT(aligned_ldrd, NOTHING, "aligned_ldrd_at: ldrd r0, r1, [r2, #4]!\n")
FAULT(unaligned_allowed, NOTHING,
      "adds r2, #1\n unaligned_allowed_at: ldr r0, [r2]\n ldrh r1, [r2]\n strh r1, [r2, #16]\n ldrsh r4, [r2, #16]\n")
static void trap_unaligned() { SCB->CCR = SCB->CCR | 8; }
FAULT(unalign_trp_ldr, trap_unaligned(), "adds r2, #1\n unalign_trp_ldr_at: ldr r0, [r2]\n movs r1, #1\n")
FAULT(unalign_trp_ldrh, trap_unaligned(), "adds r2, #1\n unalign_trp_ldrh_at: ldrh r0, [r2, #2]\n")
FAULT(unalign_trp_strh, trap_unaligned(), "adds r2, #2\n unalign_trp_strh_at: strh r0, [r2, r5]\n strb r1, [r2, #1]\n")
FAULT(unalign_trp_aligned, trap_unaligned(), "unalign_trp_aligned_at: ldr r0, [r2]\n ldrh r1, [r2, #2]\n ldrb r4, [r2, #1]\n")
// The same code before and after CCR.UNALIGN_TRP is set.
CASE unalign_trp_switched() {
    enable_faults();
    on_faults(skip_instruction);
    unalign_trp_ldr_probe();
    result(capture_count);
    trap_unaligned();
    unalign_trp_ldr_probe();
    result(capture_count);
    SCB->CCR = SCB->CCR & ~8u;
    unalign_trp_ldr_probe();
    result(capture_count);
}

// --- division, undefined, coprocessor, state ------------------------------------------------------------------------------

FAULT(udiv_by_zero_gives_zero, NOTHING, "movs r4, #0\n udiv_by_zero_gives_zero_at: udiv r0, r1, r4\n sdiv r5, r1, r4\n")
static void trap_divide() { SCB->CCR = SCB->CCR | 16; }
FAULT(udiv_by_zero, trap_divide(), "movs r4, #0\n udiv_by_zero_at: udiv r0, r1, r4\n movs r5, #1\n")
FAULT(sdiv_by_zero, trap_divide(), "movs r4, #0\n movs r5, #7\n sdiv_by_zero_at: sdiv r0, r1, r4\n sdiv r6, r7, r5\n")
FAULT(undefined16, NOTHING, "movs r4, #1\n undefined16_at: udf #5\n movs r5, #2\n")
FAULT(undefined32, NOTHING, "movs r4, #1\n undefined32_at: udf.w #5\n movs r5, #2\n")
FAULT(undefined_in_it, NOTHING, "cmp r0, r0\n itt eq\n moveq r4, #1\n undefined_in_it_at: .inst.n 0xDE01\n movs r5, #2\n")
static void fpu_off() {
    SCB->CPACR = 0;
    barrier();
}
FAULT(nocp, fpu_off(), "nocp_at: vadd.f32 s0, s0, s1\n movs r5, #2\n")
FAULT(nocp_in_the_middle, fpu_off(), "movs r0, #1\n adds r0, #1\n str r0, [r2]\n nocp_in_the_middle_at: vmov r1, s0\n movs r5, #2\n")
FAULT(nocp_load, fpu_off(), "nocp_load_at: vldr s0, [r2]\n movs r5, #2\n")
FAULT(nocp_other_coprocessor, NOTHING, "movs r4, #1\n nocp_other_coprocessor_at: mcr p7, 0, r0, c1, c2, 0\n movs r5, #2\n")
static void fpu_privileged() {
    SCB->CPACR = 5u << 20;
    barrier();
    set_control(1);
}
FAULT(nocp_unprivileged, fpu_privileged(), "nocp_unprivileged_at: vmov r0, s0\n movs r5, #2\n")
CASE fp_privileged_access_only() {
    SCB->CPACR = 5u << 20;
    barrier();
    nocp_unprivileged_probe();
    result(capture_count);
}

CASE invstate_by_bx() {
    enable_faults();
    on_faults(return_to_caller);
    __asm__ volatile("movs r0, #0x40\n blx r0" ::: "r0", "r1", "r2", "r3", "r12", "lr", "memory", "cc");
}
// The handler's first instruction faults; with T mended in the frame it goes on.
CASE invstate_by_vector() {
    enable_faults();
    actions[kUsageFault] = [](Capture& capture) { reinterpret_cast<uint32_t*>(capture.frame_at)[7] |= 1u << 24; };
    ram_vectors[kExceptionA] &= ~1u;
    nvic_priority(kIrqA, 7);
    nvic_enable(kIrqA);
    pend(kIrqA);
    barrier();
}

// --- invalid returns ------------------------------------------------------------------------------------------------------

extern "C" {
uint32_t bad_exc_return, lr_of_handler;
}
// Like enter_exception, but mends EXC_RETURN.
NAKED enter_and_return_to_thread() {
    __asm__ volatile(
        "ldr r0, =lr_of_handler\n"
        "str lr, [r0]\n"
        "mrs r0, msp\n mrs r1, psp\n"
        "mvn r2, #6\n"
        "push {r4, lr}\n"
        "bl record_exception\n"
        "pop {r4, lr}\n"
        "mvn lr, #6\n"
        "bx lr\n"
        ".ltorg\n");
}
NAKED return_by_bad_value() {
    __asm__ volatile("ldr r0, =bad_exc_return\n ldr r0, [r0]\n .global bad_return_at\n bad_return_at: bx r0\n .ltorg\n");
}
__attribute__((noinline, noclone)) static void return_by(uint32_t value) {
    enable_faults();
    bad_exc_return = value;
    vector(kSvCall, return_by_bad_value);
    vector(kUsageFault, enter_and_return_to_thread);
    __asm__ volatile("svc 0\n .global invpc_next\n invpc_next: nop" ::: "r0", "memory");
    result(lr_of_handler);
    result(SCB->SHCSR);
    result(ipsr());
}
CASE invpc_reserved_target() { return_by(0xFFFFFFF5); }
CASE invpc_to_handler_without_one() { return_by(0xFFFFFFF1); }
// The frame of SVCall is changed to say that it interrupted exception 16.
CASE invpc_ipsr_of_frame() {
    enable_faults();
    actions[kSvCall] = [](Capture& capture) { reinterpret_cast<uint32_t*>(capture.frame_at)[7] |= 16; };
    actions[kUsageFault] = [](Capture& capture) { reinterpret_cast<uint32_t*>(capture.frame_at)[7] &= ~0x1FFu; };
    __asm__ volatile("svc 0" ::: "memory");
    result(SCB->SHCSR);
}
CASE invpc_escalates() {
    bad_exc_return = 0xFFFFFFF5;
    vector(kSvCall, return_by_bad_value);
    vector(kHardFault, enter_and_return_to_thread);
    __asm__ volatile("svc 0" ::: "r0", "memory");
    result(ipsr());
}

// --- bus faults -------------------------------------------------------------------------------------------------------------

static void no_write_buffer() { actlr() = actlr() | 2; }
FAULT(bus_load, NOTHING, "movs r4, #1\n bus_load_at: ldr r0, [r3, #4]\n movs r5, #2\n")
FAULT(bus_load_byte, NOTHING, "bus_load_byte_at: ldrb r0, [r3, r6]\n movs r5, #2\n")
FAULT(bus_store, NOTHING, "bus_store_at: str r0, [r3, #4]\n movs r5, #2\n")
FAULT(bus_store_unbuffered, no_write_buffer(), "bus_store_unbuffered_at: str r0, [r3, #4]\n movs r5, #2\n")
FAULT(bus_ldm, NOTHING, "bus_ldm_at: ldmia r3!, {r0, r1}\n movs r5, #2\n")
FAULT(bus_ldrd_at_end_of_ram, NOTHING, "ldr r3, =0x2003FFFC\n bus_ldrd_at_end_of_ram_at: ldrd r0, r1, [r3]\n movs r5, #2\n")
FAULT(bus_ppb_hole, NOTHING, "ldr r3, =0xE0042000\n bus_ppb_hole_at: ldr r0, [r3]\n movs r5, #2\n")
FAULT(bus_peripheral_hole, NOTHING, "ldr r3, =0x400FF000\n bus_peripheral_hole_at: ldr r0, [r3]\n movs r5, #2\n")
FAULT(bus_load_in_it, NOTHING, "cmp r0, r0\n ittt eq\n moveq r4, #1\n bus_load_in_it_at: ldreq r0, [r3]\n moveq r5, #2\n")
FAULT(bus_store_to_flash, NOTHING, "movs r3, #0\n bus_store_to_flash_at: str r0, [r3]\n movs r5, #2\n")
FAULT(bus_load_hard, SCB->SHCSR = 0, "bus_load_hard_at: ldr r0, [r3]\n movs r5, #2\n")

#define FETCH(name, target)                                                                             \
    CASE name() {                                                                                       \
        enable_faults();                                                                                \
        on_faults(return_to_caller);                                                                    \
        reinterpret_cast<void (*)()>(target)();                                                         \
    }
FETCH(fetch_unmapped, 0x30000001)
FETCH(fetch_peripheral, 0x40000001)
FETCH(fetch_system, 0xE0000001)

// The main stack moved to nowhere: entry stacks into it.
NAKED svc_without_stack() {
    __asm__ volatile(
        "push {r4, lr}\n"
        "mov r4, sp\n"
        "ldr r0, =0x30000100\n"
        "msr psp, r0\n"
        "movs r0, #2\n"
        "msr control, r0\n"
        "isb\n"
        "svc 0\n"
        "pop {r4, pc}\n"
        ".ltorg\n");
}
// The handler of the stacking fault cannot return to a frame that is not there: it goes on in Thread mode elsewhere.
extern "C" __attribute__((used)) void after_stacking_fault() {
    result(ipsr());
    finish();
}
NO_FP static void leave_for_good(Capture&) { after_stacking_fault(); }
CASE stacking_fault() {
    enable_faults();
    actions[kBusFault] = leave_for_good;
    svc_without_stack();
}
CASE stacking_fault_escalates() {
    actions[kHardFault] = leave_for_good;
    svc_without_stack();
}
// SVCall moves PSP to nowhere before it returns.
CASE unstacking_fault() {
    enable_faults();
    set_psp(reinterpret_cast<uintptr_t>(scratch + 16));
    actions[kSvCall] = [](Capture&) { set_psp(0x30000100); };
    actions[kBusFault] = leave_for_good;
    set_control(2);
    __asm__ volatile("svc 0" ::: "memory");
}

// --- escalation and lockup ----------------------------------------------------------------------------------------------------

CASE escalation_when_disabled() {
    on_faults(skip_instruction);
    undefined16_probe();
}
// A UsageFault of the same priority as its own handler's caller cannot preempt.
CASE escalation_by_priority() {
    enable_faults();
    on_faults(skip_instruction);
    SCB->SHPR[kSvCall - 4] = 0x20;
    SCB->SHPR[kUsageFault - 4] = 0x20;
    actions[kSvCall] = [](Capture&) { undefined16_probe(); };
    __asm__ volatile("svc 0" ::: "memory");
}
CASE svc_escalates_under_primask() {
    disable_interrupts();
    __asm__ volatile("svc 0\n .global svc_escalated_next\n svc_escalated_next: nop" ::: "memory");
    enable_interrupts();
}
CASE lockup_in_hard_fault() {
    actions[kHardFault] = [](Capture&) { undefined16_probe(); };
    undefined16_probe();
}
CASE lockup_in_nmi() {
    actions[kNmi] = [](Capture&) { bus_load_probe(); };
    enable_faults();
    SCB->ICSR = 1u << 31;
    barrier();
}
// CCR.BFHFNMIGN: a handler at that priority may probe for memory.
CASE bus_faults_ignored_in_nmi() {
    SCB->CCR = SCB->CCR | 1u << 8;
    actions[kNmi] = [](Capture&) {
        bus_load_probe();
        result(probe_registers[5]);
        result(SCB->CFSR);
    };
    SCB->ICSR = 1u << 31;
    barrier();
}
CASE unused_vector_locks_up() {
    ram_vectors[kHardFault] = 0x30000001;
    undefined16_probe();
}
CASE faults_pended_by_software() {
    enable_faults();
    SCB->SHCSR = SCB->SHCSR | 1u << 12;  // USGFAULTPENDED
    barrier();
    result(capture_count);
    result(SCB->SHCSR);
}
CASE bkpt_without_debugger() {
    enable_faults();
    on_faults(skip_instruction);
    __asm__ volatile(".global bkpt_at\n bkpt_at: bkpt #1");
    result(*reinterpret_cast<Register*>(0xE000ED30));
}
CASE bkpt_with_monitor() {
    demcr() = demcr() | 1u << 16;
    actions[kDebugMonitor] = skip_instruction;
    __asm__ volatile(".global bkpt_monitor_at\n bkpt_monitor_at: bkpt #1");
    result(*reinterpret_cast<Register*>(0xE000ED30));
}
CASE status_is_write_one_to_clear() {
    enable_faults();
    vector(kUsageFault, return_by_bad_value);  // keeps the status
    bad_exc_return = 0xFFFFFFF9;
    SCB->CCR = SCB->CCR | 16;
    ram_vectors[kUsageFault] = reinterpret_cast<uintptr_t>(+[] {
        auto* frame = reinterpret_cast<uint32_t*>(psp());
        frame[6] += 4;
    });
    set_psp(reinterpret_cast<uintptr_t>(scratch + 16));
    set_control(2);
    __asm__ volatile("movs r0, #0\n udiv r0, r0, r0" ::: "r0", "cc", "memory");
    set_control(0);
    result(SCB->CFSR);
    SCB->CFSR = 1;
    result(SCB->CFSR);
    SCB->CFSR = 0xFFFFFFFF;
    result(SCB->CFSR);
}

CASES(unaligned_ldrd, unaligned_strd, unaligned_ldm, unaligned_stm, unaligned_stmdb, unaligned_ldrex, unaligned_vldr,
      unaligned_vldr_d, unaligned_vstm, unaligned_ldrd_loaded_base, unaligned_in_it, unaligned_in_it_not_executed,
      aligned_ldrd, unaligned_allowed, unalign_trp_ldr, unalign_trp_ldrh, unalign_trp_strh, unalign_trp_aligned,
      unalign_trp_switched, udiv_by_zero_gives_zero, udiv_by_zero, sdiv_by_zero, undefined16, undefined32, undefined_in_it,
      nocp, nocp_in_the_middle, nocp_load, nocp_other_coprocessor, nocp_unprivileged, fp_privileged_access_only,
      invstate_by_bx, invstate_by_vector, invpc_reserved_target, invpc_to_handler_without_one,
      invpc_ipsr_of_frame, invpc_escalates, bus_load, bus_load_byte, bus_store, bus_store_unbuffered, bus_ldm,
      bus_ldrd_at_end_of_ram, bus_ppb_hole, bus_peripheral_hole, bus_load_in_it, bus_store_to_flash, bus_load_hard,
      fetch_unmapped, fetch_peripheral, fetch_system, stacking_fault, stacking_fault_escalates, unstacking_fault,
      escalation_when_disabled, escalation_by_priority, svc_escalates_under_primask, lockup_in_hard_fault, lockup_in_nmi,
      bus_faults_ignored_in_nmi, unused_vector_locks_up, faults_pended_by_software, bkpt_without_debugger,
      bkpt_with_monitor, status_is_write_one_to_clear)
