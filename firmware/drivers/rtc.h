// RTC0 as the clock to sleep by: 32,768 ticks a second from the low-frequency crystal, 24 bits.
#pragma once
#include <stdint.h>

#include "startup/nrf52840.h"

namespace rtc {

constexpr uint32_t kTicksPerSecond = 32768;

constexpr uint32_t ticks_of_ms(uint32_t ms) { return (ms * kTicksPerSecond + 999) / 1000; }

// Starts the crystal, waits until it runs, and starts the counter.
void begin();

uint32_t now();

// Sleeps until the counter is at `tick`; at once where that is past (less than half a round, 256 s, ago).
void sleep_until(uint32_t tick);

inline void sleep_ms(uint32_t ms) { sleep_until(now() + ticks_of_ms(ms)); }

// Sets the event of compare register `channel` to come `ticks` (at least 2) from now. For drivers that limit a wait; 0 is
// for sleep_until().
void arm(unsigned channel, uint32_t ticks);

}  // namespace rtc
