#include "drivers/ov7675.h"

#include "drivers/rtc.h"
#include "startup/nrf52840.h"

namespace ov7675 {
namespace {

using nrf52840::P0;
using nrf52840::P1;
using nrf52840::reg;

constexpr uint32_t kXclk = gpio::pin(0, 27);
constexpr uint32_t kVsync = 1u << 21, kHref = 1u << 5, kPclk = 1u << 4;  // of P0
constexpr uint8_t kInputs[] = {4, 5, 21, 32 + 2, 32 + 3, 32 + 10, 32 + 11, 32 + 12, 32 + 13, 32 + 14, 32 + 15};
constexpr uint32_t kPatience = 4'000'000;  // looks at a pin; more than a frame
constexpr uint32_t kSettle = 328;          // ticks of the RTC, 10 ms

struct Setting {
    uint8_t reg, value;
};

// Window of 384 x 384 about the middle: HSTART 286, HSTOP 670, VSTRT 62, VSTOP 446. The sensor makes one of 4 columns and of
// 2 lines, whatever SCALING_DCWCTR says; two rows are joined here.
constexpr Setting kSettings[] = {
    {0x11, 0x80 | 11},      // CLKRC: XCLK / 12, doubler on
    {0x6B, 0x4A},           // DBLV: times 4, 5.33 MHz
    {0x0C, 0x04},           // COM3: down-sampling
    {0x3E, 0x1A},           // COM14: PCLK / 4, 48 CPU cycles
    {0x3A, 0x04},           // TSLB: YUYV
    {0x3D, 0x88},           // COM13
    {0x40, 0xC0},           // COM15: 0 to 255
    {0x17, 286 >> 3}, {0x18, 670 >> 3}, {0x32, (670 & 7) << 3 | (286 & 7)},  // HSTART, HSTOP, HREF
    {0x19, 62 >> 2}, {0x1A, 446 >> 2}, {0x03, (446 & 3) << 2 | (62 & 3)},    // VSTRT, VSTOP, VREF
};

// I2S without data: only its master clock, 32 MHz / 2.
void start_xclk() {
    constexpr uintptr_t kI2s = 0x40025000;
    reg(kI2s + 0x500) = 1;            // ENABLE
    reg(kI2s + 0x504) = 0;            // CONFIG.MODE: master
    reg(kI2s + 0x510) = 1;            // CONFIG.MCKEN
    reg(kI2s + 0x514) = 0x80000000;   // CONFIG.MCKFREQ: 32 MHz / 2
    reg(kI2s + 0x560) = kXclk;        // PSEL.MCK
    reg(kI2s + 0x000) = 1;            // TASKS_START
}

twim::Result write(uint8_t number, uint8_t value) {
    const uint8_t bytes[] = {number, value};
    return twim::transfer(kAddress, bytes, sizeof bytes, nullptr, 0);
}

// SCCB knows no repeated start: two transfers.
twim::Result read(uint8_t number, uint8_t* value) {
    const twim::Result result = twim::transfer(kAddress, &number, 1, nullptr, 0);
    return result != twim::Result::kOk ? result : twim::transfer(kAddress, nullptr, 0, value, 1);
}

bool wait(uint32_t pin, bool level) {
    for (uint32_t looks = 0; looks < kPatience; ++looks) {
        if (((P0->IN & pin) != 0) == level) return true;
    }
    return false;
}

// Two bytes a pixel, Y first. Data hold for a period of PCLK, which begins with its low half.
inline uint32_t byte_on_port() {
    while (P0->IN & kPclk) {}
    const uint32_t port = P1->IN;
    while (!(P0->IN & kPclk)) {}
    return port;
}

bool read_frame(uint8_t (&gray)[kHeight][kWidth]) {
    if (!wait(kVsync, true) || !wait(kVsync, false)) return false;
    for (int line = 0; line < 2 * kHeight; ++line) {
        const uint32_t lower = line & 1 ? 1 : 0;
        while (!(P0->IN & kHref)) {}  // tight, as the first byte begins with it; after VSYNC it comes
        for (uint8_t& pixel : gray[line >> 1]) {
            const uint32_t port = byte_on_port();
            const uint32_t seen = (port >> 2 & 0x03) | (port >> 8 & 0xFC);
            pixel = static_cast<uint8_t>((seen + (lower ? pixel : seen)) >> 1);
            byte_on_port();  // U or V
        }
        while (P0->IN & kHref) {}
    }
    return true;
}

}  // namespace

Status begin() {
    Status status;
    for (uint8_t pin : kInputs) gpio::configure(pin, gpio::kInput);
    gpio::configure(kXclk, gpio::kOutput);
    start_xclk();
    twim::begin(gpio::pin(0, 2), gpio::pin(0, 31));
    status.bus = write(0x12, 0x80);  // COM7: reset
    rtc::sleep_until(rtc::now() + kSettle);
    uint8_t high = 0, low = 0;
    if (status.bus == twim::Result::kOk) status.bus = read(0x0A, &high);
    if (status.bus == twim::Result::kOk) status.bus = read(0x0B, &low);
    status.product = static_cast<uint16_t>(high << 8 | low);
    for (const Setting& setting : kSettings) {
        if (!status.ok()) break;
        status.bus = write(setting.reg, setting.value);
    }
    return status;
}

Status capture(uint8_t (&gray)[kHeight][kWidth]) {
    Status status;
    uint32_t primask;
    __asm__ volatile("mrs %0, primask\n cpsid i" : "=r"(primask) :: "memory");
    status.no_frame = !read_frame(gray);
    __asm__ volatile("msr primask, %0" :: "r"(primask) : "memory");
    return status;
}

}  // namespace ov7675
