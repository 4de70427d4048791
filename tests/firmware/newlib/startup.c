/* Start-up for test firmware with the C library: vectors, .data, .bss, constructors, the system calls that it needs. */
#include <stddef.h>
#include <stdint.h>

int main(void);
extern uint32_t __data_load__[], __data_start__[], __data_end__[], __bss_start__[], __bss_end__[];
extern void (*__init_array_start[])(void), (*__init_array_end[])(void);
extern char __ram_used__[], __StackLimit[];
extern uint32_t __StackTop[];

static uint32_t semihosting(uint32_t operation, const void* parameter) {
    register uint32_t r0 __asm__("r0") = operation;
    register const void* r1 __asm__("r1") = parameter;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void say(const char* text) { semihosting(4, text); }

__attribute__((noreturn)) void _exit(int status) {
    const uint32_t block[] = {0x20026, (uint32_t)status};
    semihosting(0x20, block);
    for (;;) {
    }
}

__attribute__((noreturn, used)) void Reset_Handler(void) {
    *(volatile uint32_t*)0xE000ED88 |= 0xFu << 20; /* CPACR */
    __asm__ volatile("dsb\nisb");
    for (uint32_t *to = __data_start__, *from = __data_load__; to < __data_end__;) *to++ = *from++;
    for (uint32_t* to = __bss_start__; to < __bss_end__;) *to++ = 0;
    for (void (**constructor)(void) = __init_array_start; constructor < __init_array_end;) (*constructor++)();
    _exit(main());
}

__attribute__((used)) void HardFault_Handler(void) {
    for (;;) {
    }
}

/* Only functions that a test defines get a vector of their own. */
#define HANDLER(name) __attribute__((weak, alias("HardFault_Handler"))) void name(void);
HANDLER(MemManage_Handler) HANDLER(BusFault_Handler) HANDLER(UsageFault_Handler) HANDLER(SVC_Handler)
HANDLER(PendSV_Handler) HANDLER(SysTick_Handler)

__attribute__((section(".isr_vector"), used)) const void* const vectors[64] = {
    [0] = __StackTop,        [1] = Reset_Handler,      [2] = HardFault_Handler, [3] = HardFault_Handler,
    [4] = MemManage_Handler, [5] = BusFault_Handler,   [6] = UsageFault_Handler, [11] = SVC_Handler,
    [14] = PendSV_Handler,   [15] = SysTick_Handler,
};

void* _sbrk(ptrdiff_t by) {
    static char* at = __ram_used__;
    if (at + by > __StackLimit) return (void*)-1;
    char* const old = at;
    at += by;
    return old;
}

int _write(int file, const char* text, int size) { (void)file, (void)text; return size; }
int _read(int file, char* text, int size) { (void)file, (void)text, (void)size; return 0; }
int _close(int file) { (void)file; return -1; }
int _lseek(int file, int offset, int how) { (void)file, (void)offset, (void)how; return 0; }
int _fstat(int file, void* about) { (void)file, (void)about; return -1; }
int _isatty(int file) { (void)file; return 1; }
int _getpid(void) { return 1; }
int _kill(int process, int number) { (void)process, (void)number; return -1; }
