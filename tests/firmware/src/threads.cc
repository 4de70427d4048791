// Threads on the process stack: a PendSV scheduler, privilege, CONTROL, EXC_RETURN to the process stack.
#include "harness.h"

using namespace harness;

constexpr uint32_t kThreads = 4, kStackWords = 128, kLoops = 2000;

extern "C" {
alignas(8) uint32_t stacks[kThreads][kStackWords];
uint32_t* thread_sp[kThreads];
volatile uint32_t current_thread, switches, threads_done, integer_frames, fp_frames;
uint32_t integer_results[2][14];
uint32_t fp_results[2][34];
alignas(8) uint32_t process_stack[64];

// Round robin. Takes the stack pointer of the thread that stops, gives that of the next.
NO_FP __attribute__((used)) uint32_t* switch_threads(uint32_t* sp, uint32_t exc_return) {
    (exc_return & 0x10 ? integer_frames : fp_frames) = (exc_return & 0x10 ? integer_frames : fp_frames) + 1;
    thread_sp[current_thread] = sp;
    switches = switches + 1;
    current_thread = (current_thread + 1) % kThreads;
    return thread_sp[current_thread];
}

// The usual context switch: R4-R11 and EXC_RETURN, S16-S31 if the thread has used the FPU.
__attribute__((naked, used)) void switch_context() {
    __asm__ volatile(
        "mrs r0, psp\n"
        "tst lr, #0x10\n"
        "it eq\n"
        "vstmdbeq r0!, {s16-s31}\n"
        "stmdb r0!, {r4-r11, lr}\n"
        "mov r1, lr\n"
        "bl switch_threads\n"
        "ldmia r0!, {r4-r11, lr}\n"
        "tst lr, #0x10\n"
        "it eq\n"
        "vldmiaeq r0!, {s16-s31}\n"
        "msr psp, r0\n"
        "bx lr\n");
}
NO_FP __attribute__((used)) void tick() { pend_svc(); }

// SVC: the first thread begins.
__attribute__((naked, used)) void start_first() {
    __asm__ volatile(
        "ldr r0, =thread_sp\n"
        "ldr r0, [r0]\n"
        "adds r0, #36\n"  // R4-R11 and EXC_RETURN are of no interest
        "msr psp, r0\n"
        "mvn lr, #2\n"    // 0xFFFFFFFD
        "bx lr\n"
        ".ltorg\n");
}

// Adds n + 1 to register n, kLoops times, and keeps them at `results`. R0: loops, R1: results.
__attribute__((naked, used)) void count_in_registers(uint32_t, uint32_t*) {
    __asm__ volatile(
        "push {r1, r4-r11, lr}\n"
        "push {r0}\n"
        "movs r0, #0\n movs r1, #0\n movs r2, #0\n movs r3, #0\n movs r4, #0\n movs r5, #0\n movs r6, #0\n movs r7, #0\n"
        "mov r8, r0\n mov r9, r0\n mov r10, r0\n mov r11, r0\n mov r12, r0\n mov lr, r0\n"
        "1: add r0, #1\n add r1, #2\n add r2, #3\n add r3, #4\n add r4, #5\n add r5, #6\n add r6, #7\n"
        "add r7, #8\n add r8, #9\n add r9, #10\n add r10, #11\n add r11, #12\n add r12, #13\n add lr, #14\n"
        "push {r0}\n"
        "ldr r0, [sp, #4]\n"
        "subs r0, #1\n"
        "str r0, [sp, #4]\n"
        "pop {r0}\n"          // flags stay
        "bne 1b\n"
        "push {r0}\n"
        "ldr r0, [sp, #8]\n"  // results
        "stmia r0, {r1-r12, lr}\n"
        "pop {r1}\n"
        "str r1, [r0, #52]\n"
        "add sp, #8\n"
        "pop {r4-r11, pc}\n");
}

// The same for S0-S31: starts at R2 + n, adds 1.0. Rounding mode R3 in FPSCR. R0: loops, R1: results.
__attribute__((naked, used)) void count_in_fp_registers(uint32_t, uint32_t*, uint32_t, uint32_t) {
    __asm__ volatile(
        "vmsr fpscr, r3\n"
        ".macro start n\n vmov s\\n, r2\n vcvt.f32.s32 s\\n, s\\n\n add r2, #1\n .endm\n"
        ".altmacro\n"
        ".macro all name\n .set i, 0\n .rept 31\n \\name %i\n .set i, i + 1\n .endr\n .endm\n"
        "all start\n"
        "vmov.f32 s31, #1.0\n"
        "1:\n"
        ".macro step n\n vadd.f32 s\\n, s\\n, s31\n .endm\n"
        "all step\n"
        "subs r0, #1\n"
        "bne 1b\n"
        "vstm r1!, {s0-s31}\n"
        "vmrs r2, fpscr\n"
        "str r2, [r1]\n"
        ".noaltmacro\n"
        "bx lr\n");
}

__attribute__((used)) void thread_ends() {
    disable_interrupts();
    threads_done = threads_done + 1;
    const bool all = threads_done == kThreads;
    enable_interrupts();
    if (all) {
        SYST->CSR = 0;
        result(switches);
        result(integer_frames);
        result(fp_frames);
        finish();
    }
    for (;;) pend_svc();
}

__attribute__((used)) void thread(uint32_t n) {
    if (n % 2 == 0) {
        count_in_registers(kLoops, integer_results[n / 2]);
    } else {
        count_in_fp_registers(kLoops, fp_results[n / 2], 1000 * n, n << 22);
    }
    thread_ends();
}
}

static void schedule(uint32_t ticks_each) {
    for (uint32_t n = 0; n < kThreads; ++n) {
        paint(stacks[n]);
        for (uint32_t word = kStackWords - 17; word < kStackWords; ++word) stacks[n][word] = 0;  // registers without paint
        uint32_t* sp = stacks[n] + kStackWords - 8;
        sp[0] = n;                                          // R0
        sp[6] = reinterpret_cast<uintptr_t>(thread) & ~1u;  // PC
        sp[7] = 1u << 24;                                   // xPSR
        sp -= 9;
        sp[8] = 0xFFFFFFFD;
        thread_sp[n] = sp;
    }
    SCB->SHPR[kPendSv - 4] = 0xE0;
    vector(kPendSv, switch_context);
    vector(kSysTick, tick);
    vector(kSvCall, start_first);
    SYST->RVR = ticks_each - 1;
    SYST->CVR = 0;
    SYST->CSR = 3;
    __asm__ volatile("svc 0");
}

CASE four_threads() { schedule(997); }
CASE four_threads_lazy_off() {
    FPU->FPCCR = FPU->FPCCR & ~(1u << 30);
    schedule(997);
}
CASE four_threads_fast() { schedule(211); }

// --- stacks and privilege -----------------------------------------------------------------------------------------------


extern "C" __attribute__((used)) void append_result(uint32_t word) { result(word); }

// R0: CONTROL. Runs on the process stack: SVC, then the registers around it.
NAKED svc_on_process_stack(uint32_t) {
    __asm__ volatile(
        "push {r4-r7, lr}\n"
        "ldr r1, =process_stack + 256\n"
        "msr psp, r1\n"
        "msr control, r0\n"
        "isb\n"
        "mov r4, sp\n"
        "movs r0, #1\n movs r1, #2\n movs r2, #3\n movs r3, #4\n"
        "svc 1\n"
        ".global process_svc_next\n"
        "process_svc_next:\n"
        "mov r5, sp\n"
        "mrs r6, control\n"
        "movs r0, #0\n"
        "msr control, r0\n"
        "isb\n"
        "mov r0, r4\n bl append_result\n"
        "mov r0, r5\n bl append_result\n"
        "mov r0, r6\n bl append_result\n"
        "pop {r4-r7, pc}\n"
        ".ltorg\n");
}
CASE svc_from_process_stack() {
    result(msp());
    paint(process_stack);
    svc_on_process_stack(2);
    result(control());
}
CASE svc_from_process_stack_with_fp() {
    actions[kSvCall] = [](Capture&) { result(control()); };
    __asm__ volatile("vmov.f32 s0, #1.0" ::: "s0");
    paint(process_stack);
    svc_on_process_stack(2 | 4);
}

// In Handler mode SP is MSP whatever SPSEL; MSP and PSP are both there.
CASE both_stack_pointers() {
    set_psp(0x20001000);
    set_control(2);
    uint32_t sp, main, process;
    __asm__ volatile("mov %0, sp\n mrs %1, msp\n mrs %2, psp" : "=r"(sp), "=r"(main), "=r"(process));
    set_control(0);
    result(sp == process);
    result(main - msp());
}

extern "C" __attribute__((used)) void record_privilege() {
    set_primask(1);
    set_basepri(0x40);
    set_faultmask(1);
    set_control(0);
    __asm__ volatile("cpsid i\n cpsid f");
    result(control());
    result(primask());
    result(basepri());
    result(faultmask());
    result(msp());
    result(psp());
    result(ipsr());
}

// SVC 0 raises privilege again.
static void svc_raises(Capture&) {
    set_control(control() & ~1u);
}
#define UNPRIVILEGED(body)              \
    actions[kSvCall] = svc_raises;      \
    set_control(1);                     \
    body;                               \
    __asm__ volatile("svc 0" ::: "memory");

CASE unprivileged_special_registers() {
    UNPRIVILEGED(record_privilege())
    result(control());
    result(primask());
    result(basepri());
    result(faultmask());
}

NAKED touch_ppb() {
    __asm__ volatile(
        "ldr r0, =0xE000ED00\n"
        "movs r1, #0x55\n"
        ".global unprivileged_load, unprivileged_store\n"
        "unprivileged_load: ldr r1, [r0]\n"
        "unprivileged_store: str r1, [r0, #8]\n"
        "mov r0, r1\n"
        "bx lr\n"
        ".ltorg\n");
}
CASE unprivileged_ppb_access() {
    enable_faults();
    actions[kBusFault] = skip_instruction;
    uint32_t left = 0;
    UNPRIVILEGED(left = reinterpret_cast<uint32_t (*)()>(touch_ppb)())
    result(left);
    result(SCB->VTOR == reinterpret_cast<uintptr_t>(ram_vectors));
}
CASE unprivileged_stir() {
    enable_faults();
    actions[kBusFault] = skip_instruction;
    nvic_enable(kIrqA);
    UNPRIVILEGED(stir() = kIrqA)
    SCB->CCR = SCB->CCR | 2;  // USERSETMPEND
    UNPRIVILEGED(stir() = kIrqA)
}
// A handler is privileged although Thread mode is not.
CASE handler_is_privileged() {
    actions[kSvCall] = [](Capture& capture) {
        result(control());
        if (capture_count == 2) svc_raises(capture);
    };
    set_control(1);
    __asm__ volatile("svc 3");
    result(control());
    __asm__ volatile("svc 0");
    result(control());
}

CASES(four_threads, four_threads_lazy_off, four_threads_fast, svc_from_process_stack, svc_from_process_stack_with_fp,
      both_stack_pointers, unprivileged_special_registers, unprivileged_ppb_access, unprivileged_stir,
      handler_is_privileged)
