// From reset to main: floating-point unit on, .data copied, .bss cleared, static constructors run.
#include <stdint.h>

#include "cortex_m4.h"

int main();

extern "C" {

extern const uint32_t __data_load__[];
extern uint32_t __data_start__[], __data_end__[], __bss_start__[], __bss_end__[];
extern void (*const __init_array_start[])();
extern void (*const __init_array_end[])();

// Static destructors never run: there is nothing to return to.
void* __dso_handle = nullptr;
int __cxa_atexit(void (*)(void*), void*, void*) { return 0; }
int __aeabi_atexit(void*, void (*)(void*), void*) { return 0; }
[[noreturn]] void __cxa_pure_virtual() { cortex_m4::halt(); }

[[noreturn]] void Reset_Handler() {
    cortex_m4::SCB->CPACR = cortex_m4::SCB->CPACR | cortex_m4::kCpacrFullFpu;
    cortex_m4::dsb();
    cortex_m4::isb();  // before the first FP instruction, which the compiler may place anywhere below

    const uint32_t* load = __data_load__;
    for (uint32_t* word = __data_start__; word != __data_end__; ++word) *word = *load++;
    for (uint32_t* word = __bss_start__; word != __bss_end__; ++word) *word = 0;
    for (void (*const* constructor)() = __init_array_start; constructor != __init_array_end; ++constructor) {
        (*constructor)();
    }
    main();
    cortex_m4::halt();
}

}  // extern "C"
