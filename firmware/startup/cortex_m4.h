// Registers and instructions of the Cortex-M4 core (ARMv7-M Architecture Reference Manual, B3 and C1).
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace cortex_m4 {

using Register = volatile uint32_t;
using Register8 = volatile uint8_t;

struct Scb {                        // system control block, B3.2
    Register CPUID, ICSR, VTOR, AIRCR, SCR, CCR;
    Register8 SHPR[12];             // priorities of exceptions 4..15
    Register SHCSR, CFSR, HFSR, DFSR, MMFAR, BFAR, AFSR;
    uint32_t reserved0[18];         // feature registers
    Register CPACR;
};
static_assert(offsetof(Scb, CPACR) == 0x88, "SCB");

struct SysTickTimer {               // B3.3
    Register CSR, RVR, CVR, CALIB;
};

struct Nvic {                       // B3.4
    Register ISER[8];
    uint32_t reserved0[24];
    Register ICER[8];
    uint32_t reserved1[24];
    Register ISPR[8];
    uint32_t reserved2[24];
    Register ICPR[8];
    uint32_t reserved3[24];
    Register IABR[8];
    uint32_t reserved4[56];
    Register8 IPR[240];
};
static_assert(offsetof(Nvic, IPR) == 0x300, "NVIC");

struct Mpu {                        // B3.5
    Register TYPE, CTRL, RNR, RBAR, RASR;
};

struct Fpu {                        // B3.2.20: floating-point context
    Register FPCCR, FPCAR, FPDSCR;
};

struct Dwt {                        // C1.8
    Register CTRL, CYCCNT, CPICNT, EXCCNT, SLEEPCNT, LSUCNT, FOLDCNT, PCSR;
};

template <class Registers, uintptr_t address>
struct Block {
    static constexpr uintptr_t base = address;
    Registers* operator->() const { return reinterpret_cast<Registers*>(address); }
};

constexpr Block<Dwt, 0xE0001000> DWT;
constexpr Block<SysTickTimer, 0xE000E010> SYST;
constexpr Block<Nvic, 0xE000E100> NVIC;
constexpr Block<Scb, 0xE000ED00> SCB;
constexpr Block<Mpu, 0xE000ED90> MPU;
constexpr Block<Fpu, 0xE000EF34> FPU;

inline Register& demcr() { return *reinterpret_cast<Register*>(0xE000EDFC); }
inline Register& stir() { return *reinterpret_cast<Register*>(0xE000EF00); }

constexpr uint32_t kCpacrFullFpu = 0xFu << 20;      // CP10 and CP11
constexpr uint32_t kDemcrTrcena = 1u << 24;
constexpr uint32_t kAircrKey = 0x05FAu << 16;
constexpr uint32_t kAircrSysresetreq = 1u << 2;

inline void dsb() { __asm__ volatile("dsb 0xF" ::: "memory"); }
inline void isb() { __asm__ volatile("isb 0xF" ::: "memory"); }
inline void dmb() { __asm__ volatile("dmb 0xF" ::: "memory"); }
inline void wfi() { __asm__ volatile("wfi" ::: "memory"); }
inline void wfe() { __asm__ volatile("wfe" ::: "memory"); }
inline void sev() { __asm__ volatile("sev" ::: "memory"); }
inline void disable_interrupts() { __asm__ volatile("cpsid i" ::: "memory"); }
inline void enable_interrupts() { __asm__ volatile("cpsie i" ::: "memory"); }

inline void nvic_enable(uint32_t irq) { NVIC->ISER[irq / 32] = 1u << irq % 32; }
inline void nvic_disable(uint32_t irq) { NVIC->ICER[irq / 32] = 1u << irq % 32; }
inline void nvic_clear_pending(uint32_t irq) { NVIC->ICPR[irq / 32] = 1u << irq % 32; }

// The nRF52840 implements the upper three bits: `priority` is 0 (highest) to 7.
inline void nvic_priority(uint32_t irq, uint32_t priority) { NVIC->IPR[irq] = static_cast<uint8_t>(priority << 5); }

// The end of the road: interrupts off, asleep for ever.
[[noreturn]] inline void halt() {
    disable_interrupts();
    for (;;) wfi();
}

}  // namespace cortex_m4
