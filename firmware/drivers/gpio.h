// Pins by the number that PSEL registers use: port * 32 + pin.
#pragma once
#include <stdint.h>

#include "startup/nrf52840.h"

namespace gpio {

constexpr uint32_t pin(uint32_t port, uint32_t number) { return port * 32 + number; }

// PIN_CNF values.
constexpr uint32_t kInput = 0;                   // input buffer connected, no pull
constexpr uint32_t kOutput = 3;                  // output, input buffer disconnected
constexpr uint32_t kInputOpenDrain = 6u << 8;    // as kInput; drives low only (S0D1), as a two-wire bus wants it

inline nrf52840::Gpio& port(uint32_t pin) {
    return pin < 32 ? *nrf52840::P0.operator->() : *nrf52840::P1.operator->();
}
inline void configure(uint32_t pin, uint32_t pin_cnf) { port(pin).PIN_CNF[pin % 32] = pin_cnf; }
inline void write(uint32_t pin, bool high) {
    if (high) port(pin).OUTSET = 1u << pin % 32;
    else port(pin).OUTCLR = 1u << pin % 32;
}

}  // namespace gpio
