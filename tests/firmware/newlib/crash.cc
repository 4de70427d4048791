// One way to crash a build: -DCASE=name. Each goes down three calls first, so that the call stack has something to tell.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define KEEP __attribute__((noinline, noclone, used))
extern "C" void say(const char* text);
extern "C" uint32_t __StackLimit[];

alignas(16) static uint8_t arena_memory[512];
static volatile uint32_t sink;
static volatile uintptr_t odd = 2;

namespace tflite {  // an interpreter whose arena is misplaced
class Model;
class MicroOpResolver;
class MicroResourceVariables;
class MicroProfilerInterface;
class MicroInterpreter {
public:
    __attribute__((noipa)) MicroInterpreter(const Model*, const MicroOpResolver&, uint8_t* arena, size_t,
                                            MicroResourceVariables*, MicroProfilerInterface*, bool)
        : arena_(arena) {}
    uint8_t* arena_;
};
}  // namespace tflite

namespace fault {

KEEP void misplaced_arena() {
    static tflite::MicroInterpreter interpreter(nullptr, *reinterpret_cast<tflite::MicroOpResolver*>(4),
                                                arena_memory + odd, 400, nullptr, nullptr, false);
    uint32_t low, high;
    __asm__ volatile("ldrd %0, %1, [%2]" : "=r"(low), "=r"(high) : "r"(interpreter.arena_));
    sink = low + high;
}

KEEP uint32_t recurse(uint32_t depth) {
    volatile uint8_t local[256];
    for (uint32_t n = 0; n < sizeof local; ++n) local[n] = static_cast<uint8_t>(depth);
    return recurse(depth + 1) + local[depth % 256];
}
KEEP void stack_overflow() { sink = recurse(0); }

KEEP void fpu_off() {
    *reinterpret_cast<volatile uint32_t*>(0xE000ED88) = 0;
    __asm__ volatile("dsb\nisb\nvmov.f32 s0, #1.0" ::: "s0");
}

KEEP void unmapped_register() { sink = *reinterpret_cast<volatile uint32_t*>(0x40100000 + odd * 0); }
KEEP void null_pointer() { sink = *reinterpret_cast<volatile uint32_t*>(0xC0000000 + odd * 0); }
KEEP void null_function() { reinterpret_cast<void (*)()>(odd - 2)(); }
KEEP void behind_ram() { *reinterpret_cast<volatile uint32_t*>(0x20040010 + odd * 0) = 1; }
KEEP void trap() { __builtin_trap(); }
KEEP void erased_flash() { reinterpret_cast<void (*)()>(0x000F0001 + odd * 0)(); }
KEEP void division() {
    *reinterpret_cast<volatile uint32_t*>(0xE000ED14) |= 1u << 4;  // CCR.DIV_0_TRP
    sink = 7u / static_cast<uint32_t>(odd - 2);
}

// A thread of our own on a small stack of its own.
alignas(8) uint32_t worker_stack[64];
KEEP void thread_overflow() {
    for (uint32_t& word : worker_stack) word = 0xA5A5A5A5;  // tests/firmware/painted.s
    __asm__ volatile(
        "msr psp, %0\n movs r0, #2\n msr control, r0\n isb\n bl %c1\n" ::"r"(worker_stack + 64), "i"(&recurse) : "r0");
}

}  // namespace fault

// What operating systems call when they give up.
extern "C" {
KEEP __attribute__((noreturn)) void mbed_die() {
    for (;;) {
    }
}
KEEP void mbed_error(int status, const char* text, unsigned value, const char* file, int line) {
    (void)status, (void)value, (void)file, (void)line;
    say(text);
    mbed_die();
}
KEEP __attribute__((noreturn)) void arch_system_halt(unsigned reason) {
    (void)reason;
    for (;;) {
    }
}
KEEP void z_fatal_error(unsigned reason, const void* frame) {
    (void)frame;
    arch_system_halt(reason);
}
}

namespace fault {
KEEP void mbed() { mbed_error(-2134900723, "Mutex lock failed", 0, "rtos/Mutex.cpp", 43); }
KEEP void zephyr() { z_fatal_error(4, nullptr); }
KEEP void aborts() { abort(); }
}  // namespace fault

KEEP static void step() {
    fault::CASE();
    sink = sink + 1;
}

KEEP static void work() {
    step();
    sink = sink + 1;
}

int main() {
    work();
    return 0;
}
