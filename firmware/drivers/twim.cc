#include "drivers/twim.h"

#include "drivers/rtc.h"
#include "drivers/wait.h"

namespace twim {

using nrf52840::RTC0;
using nrf52840::TWIM0;

namespace {

constexpr uint32_t kEnabled = 6;
constexpr uint32_t kFrequency400k = 0x06400000;
constexpr uint32_t kShortLasttxStartrx = 1u << 7, kShortLasttxStop = 1u << 9, kShortLastrxStop = 1u << 12;
constexpr uint32_t kErrorOverrun = 1u << 0, kErrorAnack = 1u << 1, kErrorDnack = 1u << 2;
constexpr unsigned kTimeoutChannel = 1;

uint32_t dma_address(const void* buffer) { return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(buffer)); }

bool timed_out() { return RTC0->EVENTS_COMPARE[kTimeoutChannel] != 0; }

}  // namespace

const char* result_text(Result result) {
    switch (result) {
        case Result::kOk: return "ok";
        case Result::kAddressNack: return "address NACK";
        case Result::kDataNack: return "data NACK";
        case Result::kOverrun: return "overrun";
        case Result::kTimeout: return "timeout";
    }
    return "unknown";
}

void begin(uint32_t scl, uint32_t sda) {
    gpio::configure(scl, gpio::kInputOpenDrain);
    gpio::configure(sda, gpio::kInputOpenDrain);
    TWIM0->ENABLE = 0;
    TWIM0->PSEL_SCL = scl;
    TWIM0->PSEL_SDA = sda;
    TWIM0->FREQUENCY = kFrequency400k;
    TWIM0->ENABLE = kEnabled;
}

Result transfer(uint8_t address, const void* tx, size_t tx_size, void* rx, size_t rx_size) {
    __asm__ volatile("" ::"r"(tx), "r"(rx) : "memory");  // the DMA reads what the compiler cannot see being read
    TWIM0->ADDRESS = address;
    TWIM0->TXD_PTR = dma_address(tx);
    TWIM0->TXD_MAXCNT = static_cast<uint32_t>(tx_size);
    TWIM0->RXD_PTR = dma_address(rx);
    TWIM0->RXD_MAXCNT = static_cast<uint32_t>(rx_size);
    TWIM0->SHORTS = rx_size == 0 ? kShortLasttxStop : kShortLasttxStartrx | kShortLastrxStop;
    TWIM0->EVENTS_STOPPED = 0;
    TWIM0->EVENTS_ERROR = 0;
    TWIM0->ERRORSRC = kErrorOverrun | kErrorAnack | kErrorDnack;  // write one to clear

    rtc::arm(kTimeoutChannel, rtc::ticks_of_ms(100));
    const drivers::Wake wake_stopped(TWIM0, TWIM0->EVENTS_STOPPED);
    const drivers::Wake wake_error(TWIM0, TWIM0->EVENTS_ERROR);
    const drivers::Wake wake_timeout(RTC0, RTC0->EVENTS_COMPARE[kTimeoutChannel]);
    if (tx_size > 0) TWIM0->TASKS_STARTTX = 1;
    else TWIM0->TASKS_STARTRX = 1;

    drivers::sleep_until([] { return TWIM0->EVENTS_STOPPED != 0 || TWIM0->EVENTS_ERROR != 0 || timed_out(); });
    if (TWIM0->EVENTS_ERROR != 0 && TWIM0->EVENTS_STOPPED == 0) {
        TWIM0->EVENTS_ERROR = 0;  // ERRORSRC still says what it was
        const drivers::Wake wake_stopped_again(TWIM0, TWIM0->EVENTS_STOPPED);
        TWIM0->TASKS_STOP = 1;
        drivers::sleep_until([] { return TWIM0->EVENTS_STOPPED != 0 || timed_out(); });
    }
    __asm__ volatile("" ::: "memory");
    const uint32_t errors = TWIM0->ERRORSRC;
    if (TWIM0->EVENTS_STOPPED == 0) {
        TWIM0->ENABLE = 0;  // the only way out of a transfer that does not end
        TWIM0->ENABLE = kEnabled;
        return Result::kTimeout;
    }
    if (errors & kErrorAnack) return Result::kAddressNack;
    if (errors & kErrorDnack) return Result::kDataNack;
    if (errors & kErrorOverrun) return Result::kOverrun;
    return Result::kOk;
}

}  // namespace twim
