// The memory watch unit: writes out of bounds, its interrupt and NMI, each kind of access, stacking, peripherals.
#include "harness.h"

using namespace harness;

constexpr uint32_t kWa = 1, kRa = 2, kMwuIrq = 32, kMwuException = 16 + kMwuIrq;
static Register& mwu(uint32_t offset) { return *reinterpret_cast<Register*>(0x40020000 + offset); }

extern "C" {
alignas(4096) uint8_t area[4096];
uint32_t bad_at;  // what the handler saw in the frame of the program that it interrupted
}
constexpr uint32_t kWatched = 0x540;  // 64 bytes of `area`
static uintptr_t at(uint32_t offset) { return reinterpret_cast<uintptr_t>(area) + offset; }
static uint32_t& word(uint32_t offset) { return *reinterpret_cast<uint32_t*>(area + offset); }

static void watch(uint32_t n, uintptr_t first, uint32_t size, uint32_t accesses) {
    mwu(0x600 + 16 * n) = first;
    mwu(0x604 + 16 * n) = first + size - 1;
    mwu(0x514) = accesses << 2 * n;
}
static void acknowledge(Capture& capture) {
    bad_at = capture.frame[6];
    for (uint32_t n = 0; n < 8; ++n) mwu(0x100 + 4 * n) = 0;
    barrier();
}
// WA and RA of region 0 since the last look.
static uint32_t events() {
    const uint32_t seen = mwu(0x100) * kWa | mwu(0x104) * kRa;
    mwu(0x100) = 0;
    mwu(0x104) = 0;
    return seen;
}

extern "C" __attribute__((noinline, used)) void fill(volatile uint32_t* to, uint32_t count) {
    for (uint32_t n = 0; n < count; ++n) to[n] = n + 1;
}

CASE out_of_bounds() {
    actions[kMwuException] = acknowledge;
    mwu(0x304) = kWa;
    nvic_enable(kMwuIrq);
    watch(0, at(kWatched), 64, kWa);
    auto* const table = reinterpret_cast<volatile uint32_t*>(at(kWatched - 64));
    fill(table, 16);
    result(capture_count);
    fill(table, 17);
    result(capture_count);
    result(word(kWatched));
    mwu(0x518) = kWa;
    fill(table, 18);
    result(capture_count);
    result(word(kWatched + 4));
}

CASE by_nmi() {
    actions[kNmi] = acknowledge;
    mwu(0x324) = kRa;
    watch(0, at(kWatched), 64, kWa | kRa);
    __asm__ volatile("cpsid i");
    word(kWatched) = 1;
    barrier();
    result(capture_count);
    result(*const_cast<volatile uint32_t*>(&word(kWatched)));
    barrier();
    result(capture_count);
}

// One instruction a time, with R0 at what is watched; what it leaves there must be what it would leave elsewhere.
#define ACCESS(text) \
    __asm__ volatile("mov r0, %0\n ldr r1, =0x11223344\n ldr r2, =0x55667788\n vmov d0, r1, r2\n" text \
                     ::"r"(at(kWatched)) : "r0", "r1", "r2", "r3", "d0", "memory"); \
    result(events())
CASE kinds_of_access() {
    watch(0, at(kWatched), 64, kWa | kRa);
    ACCESS("ldr r3, [r0, #-4]\n str r3, [r0, #64]\n strb r3, [r0, #-1]\n");
    ACCESS("strb r1, [r0]\n");
    ACCESS("ldrb r1, [r0]\n");
    ACCESS("strh r1, [r0, #62]\n");
    ACCESS("str r1, [r0, #-3]\n");  // its last byte
    ACCESS("strd r1, r2, [r0, #4]\n");
    ACCESS("ldrd r1, r2, [r0, #4]\n");
    ACCESS("add r3, r0, #12\n stmia r3, {r1, r2}\n");
    ACCESS("sub r3, r0, #8\n stmia r3, {r1, r2}\n");
    ACCESS("vstr d0, [r0, #24]\n");
    ACCESS("vldr d0, [r0, #24]\n vstr d0, [r0, #-16]\n");
    ACCESS("vstr s0, [r0, #32]\n");
    ACCESS("ldrex r3, [r0, #4]\n");
    ACCESS("ldrex r3, [r0, #40]\n strex r3, r1, [r0, #40]\n str r3, [r0, #-20]\n");
    mwu(0x518) = 3;
    ACCESS("str r1, [r0]\n");
    for (uint32_t offset = kWatched - 20; offset < kWatched + 48; offset += 4) result(word(offset));
}

// The page holds a guard of the MPU as well.
CASE beside_the_mpu() {
    enable_faults();
    on_faults(skip_instruction);
    MPU->RBAR = at(0x600) | 1u << 4;
    MPU->RASR = 4 << 1 | 1;  // 32 bytes, no access
    watch(0, at(kWatched), 256, kWa);
    MPU->CTRL = 5;
    barrier();
    *const_cast<volatile uint32_t*>(&word(kWatched + 4)) = 7;
    result(events());
    *const_cast<volatile uint32_t*>(&word(kWatched - 4)) = 8;
    result(events());
    *const_cast<volatile uint32_t*>(&word(0x604)) = 9;  // refused, so never made
    result(events());
    MPU->CTRL = 0;
    barrier();
    result(word(kWatched + 4));
    result(word(kWatched - 4));
    result(capture_count);
}

CASE stacking() {
    watch(0, at(kWatched), 64, kWa | kRa);
    set_psp(at(kWatched + 64 + 32));
    set_control(2);
    __asm__ volatile("svc #0");
    const uint32_t above = events();
    set_psp(at(kWatched + 64));
    __asm__ volatile("svc #0");
    set_control(0);
    result(above);
    result(events());
}

CASE peripherals() {
    mwu(0x6C8) = 1u << 20;  // EGU0, 0x40014000
    mwu(0x514) = 3u << 24;
    auto* const egu = reinterpret_cast<Register*>(0x40014000);
    egu[0x400] = 1;  // EGU1
    result(mwu(0x160));
    egu[0] = 1;
    result(mwu(0x160));
    result(mwu(0x400));
    uint32_t polls = 0;
    for (; polls < 3; ++polls) {
        mwu(0x164) = 0;
        if (egu[0x40] == 0) break;
        if (mwu(0x164) == 0) break;
    }
    result(polls);
    result(mwu(0x404));
    mwu(0x404) = 1u << 20;
    result(mwu(0x404));
    watch(1, 0x50000510, 4, kRa);
    (void)*reinterpret_cast<Register*>(0x50000504);
    result(mwu(0x10C));
    (void)*reinterpret_cast<Register*>(0x50000510);
    result(mwu(0x10C));
}

CASES(out_of_bounds, by_nmi, kinds_of_access, beside_the_mpu, stacking, peripherals)
