// Vector table, reset, semihosting, DWT and ITM, code in RAM, flash written by firmware, IT blocks, exclusives.
#include "harness.h"

using namespace harness;

extern "C" {
alignas(256) uintptr_t other_vectors[kVectors];
alignas(8) __attribute__((section(".noinit"))) uint32_t small_stack[64];  // paint outlives a reset
alignas(4) uint8_t code[64];
uint32_t shared_word;
__attribute__((section(".noinit"))) uint32_t boots, survivor;
}

// --- vector table -----------------------------------------------------------------------------------------------------

NO_FP static void other_handler() { result(0x07E4); }
CASE vtor_moves() {
    result(SCB->VTOR == reinterpret_cast<uintptr_t>(ram_vectors));
    for (uint32_t n = 0; n < kVectors; ++n) other_vectors[n] = ram_vectors[n];
    other_vectors[kPendSv] = reinterpret_cast<uintptr_t>(other_handler);
    pend_svc();
    barrier();
    SCB->VTOR = reinterpret_cast<uintptr_t>(other_vectors);
    pend_svc();
    barrier();
    SCB->VTOR = reinterpret_cast<uintptr_t>(ram_vectors) | 0x7F;  // the low bits do not exist
    result(SCB->VTOR == reinterpret_cast<uintptr_t>(ram_vectors));
    pend_svc();
    barrier();
}

// The table lies at the end of RAM: the vectors of interrupts 16 and above would lie behind it.
extern "C" __attribute__((used)) void vector_fetch_body() {
    auto* const table = reinterpret_cast<uintptr_t*>(0x2003FF80);
    for (uint32_t n = 0; n < 32; ++n) table[n] = ram_vectors[n];
    SCB->VTOR = 0x2003FF80;
    actions[kHardFault] = [](Capture&) { SCB->VTOR = reinterpret_cast<uintptr_t>(ram_vectors); };
    nvic_enable(kIrqA);
    pend(kIrqA);
    barrier();
    finish();
}
extern "C" __attribute__((used)) void paint_small_stack() { paint(small_stack); }
NAKED vector_fetch_fault() {
    __asm__ volatile("bl paint_small_stack\n ldr r0, =small_stack + 256\n mov sp, r0\n b vector_fetch_body\n .ltorg\n");
}
CASE vector_table_nowhere() {
    SCB->VTOR = 0x30000000;
    __asm__ volatile("svc 0");
}

// --- reset --------------------------------------------------------------------------------------------------------------

CASE system_reset() {
    auto& resetreas = *reinterpret_cast<Register*>(0x40000400);
    if (!(resetreas & 4)) {  // SREQ
        boots = 1;
        survivor = 0xCAFE;
        SCB->SHPR[kPendSv - 4] = 0x40;
        NVIC->ISER[0] = 1;
        set_basepri(0x40);
        SYST->RVR = 1000;
        SYST->CSR = 1;
        SCB->AIRCR = kAircrKey | kAircrSysresetreq;
        dsb();
        for (;;) {
        }
    }
    ++boots;
    result(resetreas);
    result(boots);
    result(survivor);
    result(SCB->SHPR[kPendSv - 4]);
    result(NVIC->ISER[0]);
    result(basepri());
    result(SYST->CSR);
    result(SYST->RVR);
    result(ipsr());
}
CASE reset_without_key() {
    SCB->AIRCR = kAircrSysresetreq;
    dsb();
    result(1);
}
// From a handler: the new life begins in Thread mode.
CASE reset_from_handler() {
    if (*reinterpret_cast<Register*>(0x40000400) & 4) {
        result(ipsr());
        result(SCB->ICSR);
        result(control());
        return;
    }
    actions[kSvCall] = [](Capture&) {
        SCB->AIRCR = kAircrKey | kAircrSysresetreq;
        for (;;) {
        }
    };
    paint(small_stack);
    set_psp(reinterpret_cast<uintptr_t>(small_stack + 64));
    set_control(2);
    __asm__ volatile("svc 0" ::: "memory");
}

// --- consoles -----------------------------------------------------------------------------------------------------------

CASE semihosting_output() {
    static const char character = '!';
    static const char text[] = "and bytes: \xC3\xA4";
    const uint32_t block[] = {1, reinterpret_cast<uintptr_t>(text), sizeof text - 1};
    result(semihosting(kSemihostingWrite0, reinterpret_cast<uintptr_t>("a string, ")));
    semihosting(kSemihostingWriteC, reinterpret_cast<uintptr_t>(&character));
    result(semihosting(kSemihostingWrite, reinterpret_cast<uintptr_t>(block)));
    result(semihosting(0x01, 0));  // SYS_OPEN
    result(semihosting(0x7F, 0));
}
CASE semihosting_exit_with_error() { semihosting(kSemihostingExit, 0x20023); }
CASE semihosting_exit_extended() {
    const uint32_t block[] = {0x20026, 42};
    semihosting(0x20, reinterpret_cast<uintptr_t>(block));
}
CASE itm_ports() {
    auto* const stimulus = reinterpret_cast<Register*>(0xE0000000);
    auto& enable = *reinterpret_cast<Register*>(0xE0000E00);
    auto& control = *reinterpret_cast<Register*>(0xE0000E80);
    stimulus[0] = 'x';  // disabled: lost
    result(stimulus[0]);
    *reinterpret_cast<Register*>(0xE0000FB0) = 0xC5ACCE55;
    control = 1;
    enable = 5;
    result(stimulus[0]);
    result(stimulus[1]);
    *reinterpret_cast<Register8*>(&stimulus[0]) = 'H';
    *reinterpret_cast<volatile uint16_t*>(&stimulus[0]) = 'e' | 'l' << 8;
    stimulus[0] = 'l' | 'o' << 8 | '!' << 16 | '\n' << 24;
    *reinterpret_cast<Register8*>(&stimulus[1]) = 'y';
    *reinterpret_cast<Register8*>(&stimulus[2]) = 'z';
}

// --- counters -----------------------------------------------------------------------------------------------------------

// Two reads of CYCCNT in one straight run, ten instructions between them.
NAKED cyccnt_twice() {
    __asm__ volatile(
        ".global cyccnt_first, cyccnt_second\n"
        "push {r2, r3, r4, r5, lr}\n"
        "ldr r3, =0xE0001004\n"
        "movs r2, #100\n"
        "nop\n"
        "cyccnt_first: ldr r0, [r3]\n"
        "adds r2, #1\n"
        "mul r2, r2, r2\n"
        "umull r4, r5, r2, r2\n"
        "str r4, [sp]\n"
        "ldr r5, [sp]\n"
        "nop\n"
        "add r2, r2, r4\n"
        "cyccnt_second: ldr r1, [r3]\n"
        "adds r2, #2\n"
        "subs r1, r1, r0\n"
        "mov r0, r1\n"
        "bl append_result\n"
        "pop {r2, r3, r4, r5, pc}\n"
        ".ltorg\n");
}
extern "C" __attribute__((used)) void append_result(uint32_t word) { result(word); }
CASE cyccnt_in_one_block() { cyccnt_twice(); }

CASE cyccnt_registers() {
    DWT->CTRL = 0;
    const uint32_t stopped = DWT->CYCCNT;
    result(DWT->CYCCNT - stopped);
    DWT->CYCCNT = 0xFFFFFFF0;
    DWT->CTRL = 1;
    __asm__ volatile("nop\n nop\n nop\n nop\n nop\n nop\n nop\n nop\n nop\n nop\n nop\n nop\n nop\n nop\n nop\n nop\n nop\n nop");
    result(DWT->CYCCNT);
    result(DWT->CTRL);
}

// The six counters around 100 instructions, an SVC, and a sleep. The host counts the instructions.
NAKED read_counters(uint32_t*) {
    __asm__ volatile(
        "ldr r1, =0xE0001004\n"
        ".global counters_read_at\n"
        "counters_read_at: ldr r2, [r1]\n str r2, [r0]\n"
        "ldr r2, [r1, #4]\n str r2, [r0, #4]\n"
        "ldr r2, [r1, #8]\n str r2, [r0, #8]\n"
        "ldr r2, [r1, #12]\n str r2, [r0, #12]\n"
        "ldr r2, [r1, #16]\n str r2, [r0, #16]\n"
        "ldr r2, [r1, #20]\n str r2, [r0, #20]\n"
        "bx lr\n"
        ".ltorg\n");
}
extern "C" {
uint32_t counters[2][6];
}
NAKED counted_work(uint32_t*) {
    __asm__ volatile(
        "push {r4, r5, r6, lr}\n"
        "ldr r4, =counters\n"
        "mov r0, r4\n"
        "bl read_counters\n"
        "movs r0, #7\n"
        "movs r1, #33\n"
        "1: ldr r2, [r4]\n"
        "udiv r3, r1, r0\n"
        "mul r3, r3, r0\n"
        "subs r0, #1\n"
        "bne 1b\n"
        "svc 0\n"
        "wfi\n"
        "add r0, r4, #24\n"
        "bl read_counters\n"
        "pop {r4, r5, r6, pc}\n"
        ".ltorg\n");
}
NAKED short_handler() { __asm__ volatile("bx lr"); }
NAKED timer_handler() {
    __asm__ volatile(
        "ldr r0, =0x40008140\n"  // EVENTS_COMPARE[0] of TIMER0
        "movs r1, #0\n"
        "str r1, [r0]\n"
        "ldr r1, [r0]\n"
        "bx lr\n"
        ".ltorg\n");
}
CASE counter_identity() {
    DWT->CTRL = DWT->CTRL | 0x3E0000;  // CPIEVTENA, EXCEVTENA, SLEEPEVTENA, LSUEVTENA, FOLDEVTENA
    vector(kSvCall, short_handler);
    vector(16 + nrf52840::TIMER0_IRQn, timer_handler);
    timer_set(0, 125);
    timer_start(0);
    counted_work(nullptr);
    for (uint32_t n = 0; n < 6; ++n) result(counters[1][n] - counters[0][n]);
}

// --- code in RAM --------------------------------------------------------------------------------------------------------

using Function = uint32_t (*)(uint32_t);
extern "C" __attribute__((section(".ramfunc"), naked, used, noinline)) uint32_t add_in_ram(uint32_t) {
    __asm__ volatile("adds r0, #5\n mov r1, pc\n ldr r2, =shared_word\n str r1, [r2]\n bx lr\n .ltorg\n");
}
CASE code_in_ram() {
    const auto address = reinterpret_cast<uintptr_t>(add_in_ram);
    result(add_in_ram(1));
    result(shared_word);
    result(reinterpret_cast<Function>(address - 0x20000000 + 0x00800000)(2));
    result(shared_word);
}

// movs r0, #n; bx lr
static uint32_t run_code(uint32_t value, uintptr_t alias) {
    auto* const words = reinterpret_cast<volatile uint16_t*>(code);
    words[0] = static_cast<uint16_t>(0x2000 | value);
    words[1] = 0x4770;
    barrier();
    return reinterpret_cast<Function>((reinterpret_cast<uintptr_t>(code) + alias) | 1)(0);
}
CASE self_modified_code() {
    for (uint32_t n = 1; n < 4; ++n) result(run_code(n, 0));
    for (uint32_t n = 4; n < 7; ++n) result(run_code(n, 0x00800000 - 0x20000000));  // written here, run there
    result(run_code(7, 0));
}

// --- flash --------------------------------------------------------------------------------------------------------------

CASE flash_written_by_firmware() {
    auto* const flash = reinterpret_cast<Register*>(0x000F0000);
    auto* const nvmc = reinterpret_cast<Register*>(0x4001E000);
    enable_faults();
    on_faults([](Capture&) {});
    const auto wait = [&] { while (!nvmc[0x400 / 4]) {} };  // READY
    result(flash[0]);
    nvmc[0x504 / 4] = 1;  // CONFIG: write enable
    flash[0] = 0xF0F0FFFF;
    wait();
    flash[1] = 0x12345678;
    wait();
    flash[0] = 0x3FFF0F0F;  // bits only fall
    wait();
    nvmc[0x504 / 4] = 0;
    result(flash[0]);
    result(flash[1]);
    nvmc[0x504 / 4] = 2;  // erase enable
    const uint32_t before = DWT->CYCCNT;
    nvmc[0x508 / 4] = 0x000F0000;  // ERASEPAGE
    wait();
    result(DWT->CYCCNT - before);
    nvmc[0x504 / 4] = 0;
    result(flash[0]);
    result(flash[1]);
    result(capture_count);
    flash[2] = 1;  // read only again
    barrier();
    result(capture_count);
    result(flash[2]);
}
// Code written to flash, run, erased, written anew.
CASE code_in_written_flash() {
    auto* const flash = reinterpret_cast<Register*>(0x000F1000);
    auto* const nvmc = reinterpret_cast<Register*>(0x4001E000);
    for (uint32_t n = 1; n < 3; ++n) {
        nvmc[0x504 / 4] = 2;
        nvmc[0x508 / 4] = 0x000F1000;
        while (!nvmc[0x400 / 4]) {
        }
        nvmc[0x504 / 4] = 1;
        flash[0] = 0x47702000 | n;  // movs r0, #n; bx lr
        while (!nvmc[0x400 / 4]) {
        }
        nvmc[0x504 / 4] = 0;
        result(reinterpret_cast<Function>(0x000F1001)(0));
    }
}

// --- IT blocks and exclusives ---------------------------------------------------------------------------------------------

// STREX fails after an exception, and without a LDREX before it.
NAKED exclusive(uint32_t* word, uint32_t interrupt);
NAKED exclusive(uint32_t*, uint32_t) {
    __asm__ volatile(
        "mov r12, r1\n"
        "ldrex r2, [r0]\n"
        "cmp r12, #1\n"
        "bne 1f\n"
        "svc 0\n"
        "1: cmp r12, #2\n"
        "bne 2f\n"
        "clrex\n"
        "2: adds r2, #1\n"
        "strex r3, r2, [r0]\n"
        "ldr r1, [r0]\n"
        "push {r1, lr}\n"
        "mov r0, r3\n"
        "bl append_result\n"
        "pop {r0, lr}\n"
        "b append_result\n");
}
// SVC in an IT block: ITSTATE goes through the frame, the rest of the block depends on it.
NAKED svc_in_it(uint32_t) {
    __asm__ volatile(
        "push {r4-r7, lr}\n"
        "movs r4, #0\n movs r5, #0\n movs r6, #0\n movs r7, #0\n"
        "cmp r0, #0\n"
        ".global svc_in_it_next\n"
        "ittet eq\n"
        "moveq r4, #1\n"
        "svceq 3\n"
        "svc_in_it_next: movne r5, #2\n"
        "moveq r6, #3\n"
        "movs r7, #4\n"
        "mov r0, r4\n bl append_result\n"
        "mov r0, r5\n bl append_result\n"
        "mov r0, r6\n bl append_result\n"
        "mov r0, r7\n bl append_result\n"
        "pop {r4-r7, pc}\n");
}
CASE exception_in_it_block() {
    exclusive(&shared_word, 0);  // LDREX is known: exception entry and return must clear it, and nothing else
    actions[kSvCall] = [](Capture&) { __asm__ volatile("cmp r0, r0\n ite ne\n movne r0, #1\n moveq r0, #2" ::: "r0", "cc"); };
    svc_in_it(0);
    svc_in_it(1);
}
// A load in an IT block faults; the handler mends the base in the frame, and the load is tried again.
NAKED load_in_it() {
    __asm__ volatile(
        "push {r4-r7, lr}\n"
        "movs r4, #0\n movs r5, #0\n movs r6, #0\n"
        "mov r1, #0x30000000\n"
        "cmp r1, r1\n"
        ".global load_in_it_at\n"
        "ittte eq\n"
        "moveq r4, #1\n"
        "load_in_it_at: ldreq r0, [r1]\n"
        "addeq r5, r0, #1\n"
        "movne r6, #3\n"
        "mov r0, r4\n bl append_result\n"
        "mov r0, r5\n bl append_result\n"
        "mov r0, r6\n bl append_result\n"
        "pop {r4-r7, pc}\n");
}
CASE fault_in_it_block_tried_again() {
    enable_faults();
    shared_word = 0x41;
    actions[kBusFault] = [](Capture& capture) {
        reinterpret_cast<uint32_t*>(capture.frame_at)[1] = reinterpret_cast<uintptr_t>(&shared_word);
    };
    load_in_it();
}
// Peripheral accesses in an IT block leave it intact.
NAKED devices_in_it(uint32_t) {
    __asm__ volatile(
        "push {r4-r7, lr}\n"
        "movs r5, #0\n movs r6, #0\n movs r7, #0\n"
        "ldr r4, =0xE000E014\n"
        "cmp r0, #0\n"
        "itete eq\n"
        "streq r4, [r4]\n"
        "strne r0, [r4]\n"
        "ldreq r5, [r4]\n"
        "ldrne r6, [r4]\n"
        "adds r7, #1\n"
        "mov r0, r5\n bl append_result\n"
        "mov r0, r6\n bl append_result\n"
        "mov r0, r7\n bl append_result\n"
        "pop {r4-r7, pc}\n"
        ".ltorg\n");
}
CASE devices_in_it_block() {
    devices_in_it(0);
    devices_in_it(0x123);
}

CASE exclusives() {
    vector(kSvCall, short_handler);
    shared_word = 10;
    for (uint32_t kind = 0; kind < 3; ++kind) exclusive(&shared_word, kind);
    uint32_t failed;
    __asm__ volatile("strex %0, %1, [%1]" : "=&r"(failed) : "r"(&shared_word) : "memory");
    result(failed);
    exclusive(&shared_word, 0);
}

CASES(vtor_moves, vector_fetch_fault, vector_table_nowhere, system_reset, reset_without_key, reset_from_handler,
      semihosting_output, semihosting_exit_with_error, semihosting_exit_extended, itm_ports, cyccnt_in_one_block,
      cyccnt_registers, counter_identity, code_in_ram, self_modified_code, flash_written_by_firmware,
      code_in_written_flash, exception_in_it_block, fault_in_it_block_tried_again, devices_in_it_block, exclusives)
