#include "drivers/rtc.h"

#include "drivers/wait.h"

namespace rtc {

using nrf52840::CLOCK;
using nrf52840::RTC0;

namespace {

constexpr uint32_t kMask = 0xFFFFFF;
constexpr uint32_t kLeast = 2;  // COUNTER + 1 in CC may or may not be seen

}  // namespace

void begin() {
    constexpr uint32_t kCrystal = 1;
    CLOCK->LFCLKSRC = kCrystal;
    CLOCK->EVENTS_LFCLKSTARTED = 0;
    const drivers::Wake wake(CLOCK, CLOCK->EVENTS_LFCLKSTARTED);
    CLOCK->TASKS_LFCLKSTART = 1;
    drivers::sleep_until([] { return CLOCK->EVENTS_LFCLKSTARTED != 0; });
    RTC0->PRESCALER = 0;
    RTC0->TASKS_CLEAR = 1;
    RTC0->TASKS_START = 1;
}

uint32_t now() { return RTC0->COUNTER; }

void arm(unsigned channel, uint32_t ticks) {
    RTC0->CC[channel] = (now() + (ticks < kLeast ? kLeast : ticks)) & kMask;
    RTC0->EVENTS_COMPARE[channel] = 0;  // last: an old value of CC may have matched meanwhile
}

void sleep_until(uint32_t tick) {
    const uint32_t left = (tick - now()) & kMask;
    if (left == 0 || left > kMask / 2) return;
    arm(0, left);
    const drivers::Wake wake(RTC0, RTC0->EVENTS_COMPARE[0]);
    drivers::sleep_until([] { return RTC0->EVENTS_COMPARE[0] != 0; });
}

}  // namespace rtc
