// Four threads on stacks of their own and handlers on the main stack. Two of the threads go on to a second stack and come
// back without an exception, as at a kernel's system calls and between coroutines. All stacks are painted first; at the end the
// firmware counts what is still painted and leaves what was used in `used`, for the host to compare with what it saw.
#include <stdint.h>

#include "startup/cortex_m4.h"
#include "startup/semihosting.h"

using namespace cortex_m4;

constexpr uint32_t kThreads = 4, kPaint = 0xA5A5A5A5, kStackWords = 192, kCalls = 3, kCallWords = 160, kPendSv = 14;

extern "C" {
extern uint32_t __StackLimit[], __StackTop[];

alignas(8) uint32_t pair_stacks[2][kStackWords];  // told apart only as threads begin on them
alignas(8) uint32_t worker_stack[kStackWords];
alignas(8) uint32_t pool[kStackWords];            // nothing says that this is one
alignas(8) uint32_t call_stacks[kCalls][kCallWords];  // thread 1 uses the second one and thread 2 the first one

uint32_t* thread_sp[kThreads];
volatile uint32_t current_thread, rounds[kThreads], ticks;
volatile float sum;
// Bytes used of: the main stack, pair_stacks[0], pair_stacks[1], worker_stack, pool, call_stacks[0], call_stacks[1]. Filled
// at the end.
volatile uint32_t used[7];

// `depth` calls, each with `words` of a local array written; the compiler can neither inline nor unroll them.
__attribute__((noinline, noclone)) uint32_t descend(uint32_t depth, uint32_t seed) {
    volatile uint32_t words[4] = {seed, seed + 1, seed + 2, seed + 3};
    const uint32_t below = depth ? descend(depth - 1, seed + 3) : 0;
    return words[0] + words[1] + words[2] + words[3] + below;
}

// descend(2, n) on the stack that ends at `top`.
__attribute__((naked)) void system_call(uint32_t* /*top*/, uint32_t /*n*/) {
    __asm__ volatile(
        "push {r4, lr}\n"
        "mov r4, sp\n"
        "msr psp, r0\n"
        "movs r0, #2\n"
        "bl descend\n"
        "msr psp, r4\n"
        "pop {r4, pc}\n");
}

__attribute__((naked)) void coroutine(uint32_t* /*top*/, uint32_t /*n*/) {
    __asm__ volatile(
        "push {r4, lr}\n"
        "mov r4, sp\n"
        "mov sp, r0\n"
        "movs r0, #2\n"
        "bl descend\n"
        "mov sp, r4\n"
        "pop {r4, pc}\n");
}

__attribute__((used)) uint32_t* switch_threads(uint32_t* sp) {
    thread_sp[current_thread] = sp;
    current_thread = (current_thread + 1) % kThreads;
    return thread_sp[current_thread];
}

__attribute__((naked)) void PendSV_Handler() {
    __asm__ volatile(
        "mrs r0, psp\n"
        "tst lr, #0x10\n"
        "it eq\n"
        "vstmdbeq r0!, {s16-s31}\n"
        "stmdb r0!, {r4-r11, lr}\n"
        "bl switch_threads\n"
        "ldmia r0!, {r4-r11, lr}\n"
        "tst lr, #0x10\n"
        "it eq\n"
        "vldmiaeq r0!, {s16-s31}\n"
        "msr psp, r0\n"
        "bx lr\n");
}

void SysTick_Handler() {
    ticks = ticks + 1;
    if (ticks % 4 == 0) descend(3, ticks);
    SCB->ICSR = 1u << 28;  // PENDSVSET
}

// The first thread begins.
__attribute__((naked)) void SVC_Handler() {
    __asm__ volatile(
        "ldr r0, =thread_sp\n"
        "ldr r0, [r0]\n"
        "adds r0, #36\n"  // R4-R11 and EXC_RETURN are of no interest
        "msr psp, r0\n"
        "mvn lr, #2\n"    // 0xFFFFFFFD
        "bx lr\n"
        ".ltorg\n");
}

__attribute__((noinline)) uint32_t painted(const uint32_t* low) {
    uint32_t words = 0;
    while (low[words] == kPaint) ++words;
    return 4 * words;
}


__attribute__((used, noreturn)) void thread(uint32_t n) {
    for (;;) {
        descend(1 + n, n);
        if (n == 1) system_call(call_stacks[1] + kCallWords, n);
        if (n == 2) coroutine(call_stacks[0] + kCallWords, n);
        if (n == 2) sum = sum + 1.5f;  // its frames hold floating-point registers from now on
        rounds[n] = rounds[n] + 1;
        bool done = n == 0;
        for (uint32_t other = 0; other < kThreads; ++other) done = done && rounds[other] > 60;
        if (!done) continue;
        SYST->CSR = 0;
        const uint32_t stack = 4 * kStackWords;
        used[1] = stack - painted(pair_stacks[0]);
        used[2] = stack - painted(pair_stacks[1]);
        used[3] = stack - painted(worker_stack);
        used[4] = stack - painted(pool);
        for (uint32_t call = 0; call < 2; ++call) used[5 + call] = 4 * kCallWords - painted(call_stacks[call]);
        used[0] = static_cast<uint32_t>(__StackTop - __StackLimit) * 4 - painted(__StackLimit);
        finished();
    }
}
}  // extern "C"

int main() {
    uint32_t* const here = static_cast<uint32_t*>(__builtin_frame_address(0)) - 16;
    for (uint32_t* word = __StackLimit; word < here; ++word) *word = kPaint;
    for (uint32_t* word = call_stacks[0]; word < call_stacks[kCalls]; ++word) *word = kPaint;
    uint32_t* const stacks[kThreads] = {pair_stacks[0], pair_stacks[1], worker_stack, pool};
    for (uint32_t n = 0; n < kThreads; ++n) {
        for (uint32_t word = 0; word < kStackWords; ++word) stacks[n][word] = kPaint;
        uint32_t* sp = stacks[n] + kStackWords - 8;
        sp[0] = n;                                          // R0
        sp[6] = reinterpret_cast<uintptr_t>(thread) & ~1u;  // PC
        sp[7] = 1u << 24;                                   // xPSR
        sp -= 9;
        sp[8] = 0xFFFFFFFD;
        thread_sp[n] = sp;
    }
    SCB->SHPR[kPendSv - 4] = 0xE0;
    SYST->RVR = 1008;
    SYST->CVR = 0;
    SYST->CSR = 3 | 4;
    __asm__ volatile("svc 0");
    return 0;
}
