// Sleep until a peripheral's event register is set, without an interrupt handler.
#pragma once
#include "startup/cortex_m4.h"
#include "startup/nrf52840.h"

namespace drivers {

// While it lives, `event` of `block` ends WFE: its interrupt is enabled in the peripheral but not in the NVIC, and with
// SEVONPEND becoming pending is enough. Handlers of the application go on as ever. Clear the event before: a pending
// interrupt cannot become pending again, and would wake nobody.
class Wake {
public:
    template <class Registers, uintptr_t address>
    Wake(nrf52840::Block<Registers, address> block, const nrf52840::Register& event)
        : intenclr_(&block->INTENCLR), irq_(address >> 12 & 0xFF),
          // Bit n of INTENSET belongs to the event at 0x100 + 4 n.
          mask_(1u << (reinterpret_cast<uintptr_t>(&event) - address - 0x100) / 4) {
        constexpr uint32_t kScrSevonpend = 1u << 4;
        cortex_m4::SCB->SCR = cortex_m4::SCB->SCR | kScrSevonpend;
        cortex_m4::nvic_clear_pending(irq_);  // only becoming pending counts
        block->INTENSET = mask_;
    }
    ~Wake() {
        *intenclr_ = mask_;
        cortex_m4::nvic_clear_pending(irq_);
    }
    Wake(const Wake&) = delete;
    Wake& operator=(const Wake&) = delete;

private:
    nrf52840::Register* intenclr_;
    uint32_t irq_;
    uint32_t mask_;
};

// An event between the look and WFE is not lost: the event register of the core remembers it.
template <class Done>
void sleep_until(Done done) {
    while (!done()) cortex_m4::wfe();
}

}  // namespace drivers
