// Semihosting for M-profile: BKPT 0xAB asks whoever debugs the processor, cmsim too. Not for firmware that runs alone.
#pragma once
#include <stdint.h>

// An operation of the Arm semihosting specification; gives R0.
inline uint32_t semihosting(uint32_t operation, uintptr_t parameter) {
    register uint32_t r0 __asm__("r0") = operation;
    register uintptr_t r1 __asm__("r1") = parameter;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

constexpr uint32_t kSemihostingExit = 0x18, kApplicationExit = 0x20026;

// The end of the program. A function of its own, so that others can wait for it by name.
extern "C" __attribute__((noinline)) inline void finished() { semihosting(kSemihostingExit, kApplicationExit); }
