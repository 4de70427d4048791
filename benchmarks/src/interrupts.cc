// TIMER0 interrupts 10,000 times a second for five seconds; the main loop sleeps in between.
#include "startup/cortex_m4.h"
#include "startup/nrf52840.h"

namespace {
volatile uint32_t g_count;
}

extern "C" void TIMER0_IRQHandler() {
    nrf52840::TIMER0->EVENTS_COMPARE[0] = 0;
    g_count = g_count + 1;
}

int main() {
    nrf52840::TIMER0->BITMODE = 3;    // 32 bits
    nrf52840::TIMER0->PRESCALER = 4;  // 1 MHz
    nrf52840::TIMER0->CC[0] = 100;
    nrf52840::TIMER0->SHORTS = 1;     // COMPARE[0] clears
    nrf52840::TIMER0->INTENSET = 1u << 16;
    cortex_m4::nvic_enable(nrf52840::TIMER0_IRQn);
    nrf52840::TIMER0->TASKS_START = 1;
    while (g_count < 50000) cortex_m4::wfi();
    nrf52840::TIMER0->TASKS_STOP = 1;
    return 0;
}
