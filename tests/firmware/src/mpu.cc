// The memory protection unit: regions, permissions, subregions, guards smaller than a page, the background region.
#include "harness.h"

using namespace harness;

extern "C" {
alignas(4096) uint8_t area[8192];
__attribute__((section(".ramfunc"), naked, used, aligned(32))) void function_in_ram() {
    __asm__ volatile("movs r0, #77\n bx lr\n .balign 32\n");
}
}

enum Permission : uint32_t { kNone = 0, kPrivileged = 1, kUserReads = 2, kFull = 3, kPrivilegedReads = 5, kReadOnly = 6 };
constexpr uint32_t kXn = 1u << 28, kEnable = 1, kHfnmiena = 2, kPrivdefena = 4;

// A region of 2^log2 bytes. `attributes`: kXn, subregions disabled << 8.
static void region(uint32_t number, uintptr_t base, uint32_t log2, Permission permission, uint32_t attributes = 0) {
    MPU->RBAR = base | 1u << 4 | number;
    MPU->RASR = attributes | permission << 24 | (log2 - 1) << 1 | 1;
}
static void enable_mpu(uint32_t control = kEnable | kPrivdefena) {
    enable_faults();
    on_faults(skip_instruction);
    MPU->CTRL = control;
    barrier();
}
static void disable_mpu() {
    MPU->CTRL = 0;
    barrier();
}
static uintptr_t at(uint32_t offset) { return reinterpret_cast<uintptr_t>(area) + offset; }

// A word load and a word store at R0; R1 says what the load gave, 0xBAD if it faulted.
extern "C" __attribute__((naked, used, noinline)) uint32_t load(uintptr_t) {
    __asm__ volatile(".global load_at\n mov r1, r0\n movw r0, #0xBAD\n load_at: ldr r0, [r1]\n bx lr");
}
NAKED store(uintptr_t, uint32_t) { __asm__ volatile(".global store_at\n store_at: str r1, [r0]\n bx lr"); }
static uint32_t& word(uint32_t offset) { return *reinterpret_cast<uint32_t*>(area + offset); }

CASE registers() {
    result(MPU->TYPE);
    result(MPU->CTRL);
    MPU->RNR = 5;
    MPU->RBAR = 0x20000000;
    MPU->RASR = 0x10000001 | 3 << 24 | 0x55 << 8 | 9 << 1;
    MPU->RBAR = 0x20004000 | 1 << 4 | 2;  // VALID: region 2 from now on
    result(MPU->RNR);
    result(MPU->RBAR);
    result(MPU->RASR);
    MPU->RNR = 5;
    result(MPU->RBAR);
    result(MPU->RASR);
    auto* const aliases = reinterpret_cast<Register*>(0xE000EDA4);
    aliases[0] = 0x20008000 | 1 << 4 | 7;  // RBAR_A1
    aliases[1] = 0x03000013;               // RASR_A1
    result(MPU->RNR);
    result(MPU->RBAR);
    result(MPU->RASR);
}

CASE no_access_region() {
    word(1024) = 0x1234;
    region(0, at(1024), 10, kNone);
    enable_mpu();
    result(load(at(1020)));
    result(load(at(1024)));
    store(at(1024), 1);
    store(at(2044), 2);
    store(at(2048), 3);
    disable_mpu();
    result(word(1024));
    result(word(2044));
    result(word(2048));
}

CASE read_only_region() {
    word(0) = 0x1234;
    region(0, at(0), 12, kReadOnly);
    enable_mpu();
    result(load(at(0)));
    store(at(0), 1);
    disable_mpu();
    result(word(0));
}

static uint32_t call(uintptr_t function) { return reinterpret_cast<uint32_t (*)()>(function | 1)(); }
CASE execute_never_region() {
    result(call(reinterpret_cast<uintptr_t>(function_in_ram) & ~1u));
    region(0, 0x20000000, 18, kFull, kXn);
    enable_mpu();
    on_faults(return_to_caller);
    result(call(reinterpret_cast<uintptr_t>(function_in_ram) & ~1u));
    disable_mpu();
    result(call(reinterpret_cast<uintptr_t>(function_in_ram) & ~1u));
}

// Subregions 1 and 6 of 8 are left to the background.
CASE subregions() {
    region(0, at(0), 11, kNone, 0x42 << 8);
    enable_mpu();
    for (uint32_t n = 0; n < 8; ++n) store(at(256 * n), 0x100 + n);
    disable_mpu();
    for (uint32_t n = 0; n < 8; ++n) result(word(256 * n));
}

// A stack guard of 32 bytes in the middle of a page.
constexpr uint32_t kGuard = 0x520;
static void guard_on() {
    for (uint32_t offset = kGuard - 32; offset < kGuard + 64; offset += 4) word(offset) = offset;
    region(0, at(kGuard), 5, kNone);
    enable_mpu();
}
CASE guard() {
    guard_on();
    result(load(at(kGuard - 4)));
    result(load(at(kGuard)));
    result(load(at(kGuard + 28)));
    result(load(at(kGuard + 32)));
    store(at(kGuard - 4), 1);
    store(at(kGuard + 16), 2);
    store(at(kGuard + 32), 3);
    disable_mpu();
    result(word(kGuard - 4));
    result(word(kGuard + 16));
    result(word(kGuard + 32));
}
NAKED guard_accesses(uintptr_t) {
    __asm__ volatile(
        "push {r4-r7, lr}\n"
        "movs r4, #4\n movs r5, #5\n movs r6, #6\n movs r7, #7\n"
        ".global guard_byte_at, guard_half_at, guard_stm_at, guard_vstr_at\n"
        "guard_byte_at: strb r4, [r0, #31]\n"
        "guard_half_at: ldrh r4, [r0, #-1]\n"        // the second byte lies in the guard
        "sub r2, r0, #8\n"
        "guard_stm_at: stmia r2!, {r4-r7}\n"         // two words in front of it, two in it
        "guard_vstr_at: vstr s0, [r0, #4]\n"
        "pop {r4-r7, pc}\n");
}
CASE guard_by_other_accesses() {
    guard_on();
    guard_accesses(at(kGuard));
    disable_mpu();
    for (uint32_t offset = kGuard - 8; offset < kGuard + 36; offset += 4) result(word(offset));
}
// The guard ends a stack: PUSH runs into it.
NAKED push_into_guard(uintptr_t) {
    __asm__ volatile(
        "push {r4-r7, lr}\n"
        "mov r4, sp\n"
        "mrs r5, control\n"
        "msr psp, r0\n"
        "movs r1, #2\n"
        "msr control, r1\n"
        "isb\n"
        ".global push_guard_at\n"
        "push_guard_at: push {r4}\n"
        "msr control, r5\n"
        "isb\n"
        "pop {r4-r7, pc}\n");
}
extern "C" __attribute__((used)) void leave() {
    MPU->CTRL = 0;
    barrier();
    finish();
}
NO_FP static void leave_for_good(Capture&) { leave(); }
// The frame of the fault does not fit above the guard either.
CASE guard_stops_push() {
    region(0, at(kGuard), 5, kNone);
    enable_mpu();
    actions[kMemManage] = leave_for_good;
    push_into_guard(at(kGuard + 32));
}
// The frame does not fit above the guard.
NAKED svc_above_guard(uintptr_t) {
    __asm__ volatile("msr psp, r0\n movs r1, #2\n msr control, r1\n isb\n svc 0\n");
}
CASE guard_stops_stacking() {
    region(0, at(kGuard), 5, kNone);
    enable_mpu();
    actions[kMemManage] = leave_for_good;
    svc_above_guard(at(kGuard + 48));
}
CASE guard_stops_unstacking() {
    enable_mpu();
    region(0, at(kGuard), 5, kNone);
    actions[kSvCall] = [](Capture&) { set_psp(at(kGuard + 16)); };
    actions[kMemManage] = leave_for_good;
    svc_above_guard(at(kGuard + 256));
}

// Without PRIVDEFENA there is nothing outside the regions, not even for privileged code. Flash and RAM need their own.
static void code_and_data_regions() {
    region(0, 0x00000000, 20, kReadOnly);
    region(1, 0x20000000, 18, kFull, kXn);
}
CASE no_background_region() {
    code_and_data_regions();
    enable_mpu(kEnable);
    result(load(0x10000100));  // FICR
    result(load(at(0)) == word(0));
    result(SCB->CPUID);        // the private peripheral bus has its own rules
    disable_mpu();
    result(load(0x10000100));
}
CASE background_region_is_privileged() {
    code_and_data_regions();
    enable_mpu();
    const uint32_t privileged = load(0x10000100);
    actions[kSvCall] = [](Capture&) { set_control(0); };
    set_control(1);
    const uint32_t unprivileged = load(0x10000100);
    __asm__ volatile("svc 0" ::: "memory");
    disable_mpu();
    result(privileged);
    result(unprivileged);
}
CASE permissions_by_privilege() {
    static constexpr Permission kinds[] = {kNone, kPrivileged, kUserReads, kFull, kPrivilegedReads, kReadOnly};
    code_and_data_regions();
    for (uint32_t n = 0; n < 6; ++n) {
        word(0x400 * n) = 0x10 + n;
        if (n > 0) region(2 + n - 1, at(0x400 * n), 10, kinds[n]);
    }
    region(7, at(0), 10, kNone);
    enable_mpu();
    actions[kSvCall] = [](Capture& capture) { set_control(capture.frame[0] & 1); };
    for (uint32_t user = 0; user < 2; ++user) {
        register uint32_t r0 __asm__("r0") = user;
        __asm__ volatile("svc 0" : "+r"(r0)::"memory");
        for (uint32_t n = 0; n < 6; ++n) {
            const uint32_t faults = capture_count;
            const uint32_t value = load(at(0x400 * n));
            const uint32_t middle = capture_count;
            store(at(0x400 * n), value);
            result(user << 16 | n << 8 | (middle == faults) | (capture_count == middle) << 1);
        }
    }
    register uint32_t r0 __asm__("r0") = 0;
    __asm__ volatile("svc 0" : "+r"(r0)::"memory");
    disable_mpu();
}
// A higher region number decides.
CASE overlapping_regions() {
    word(0) = 0x55;
    region(3, at(0), 12, kNone);
    region(4, at(0), 10, kReadOnly);
    enable_mpu();
    result(load(at(0)));
    store(at(0), 1);
    result(load(at(1024)));
    disable_mpu();
    result(word(0));
}
// NMI runs without the MPU, unless HFNMIENA; a fault there is lockup.
static void nmi_loads() {
    word(0) = 0x66;
    region(0, at(0), 12, kNone);
    actions[kNmi] = [](Capture&) { result(load(at(0))); };
}
CASE nmi_without_mpu() {
    nmi_loads();
    enable_mpu();
    SCB->ICSR = 1u << 31;
    barrier();
    result(load(at(0)));
}
CASE nmi_with_mpu_locks_up() {
    nmi_loads();
    enable_mpu(kEnable | kHfnmiena | kPrivdefena);
    SCB->ICSR = 1u << 31;
    barrier();
}
CASE switched_while_running() {
    word(0) = 0x88;
    region(0, at(0), 12, kNone);
    enable_mpu();
    result(load(at(0)));
    region(0, at(0), 12, kFull);
    result(load(at(0)));
    MPU->RNR = 0;
    MPU->RASR = 0;
    region(1, at(0), 12, kNone);
    result(load(at(0)));
    MPU->CTRL = 0;
    result(load(at(0)));
}

CASES(registers, no_access_region, read_only_region, execute_never_region, subregions, guard, guard_by_other_accesses,
      guard_stops_push, guard_stops_stacking, guard_stops_unstacking, no_background_region, background_region_is_privileged,
      permissions_by_privilege, overlapping_regions, nmi_without_mpu, nmi_with_mpu_locks_up,
      switched_while_running)
