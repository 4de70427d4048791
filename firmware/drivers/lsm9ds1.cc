#include "drivers/lsm9ds1.h"

#include "drivers/gpio.h"
#include "drivers/rtc.h"

namespace lsm9ds1 {
namespace {

// Registers (section 6, table 21).
constexpr uint8_t kRegWhoAmI = 0x0F, kCtrlReg1G = 0x10, kOutXLowG = 0x18, kCtrlReg6Xl = 0x20, kCtrlReg8 = 0x22,
                  kCtrlReg9 = 0x23, kFifoCtrl = 0x2E, kFifoSrc = 0x2F;
// Values.
constexpr uint8_t kSwReset = 0x01, kIfAddInc = 0x04, kBdu = 0x40;
constexpr uint8_t kOdr119 = 3 << 5, kFs2000Dps = 3 << 3, kFs8G = 3 << 3;
constexpr uint8_t kFifoEn = 0x02, kFmodeBypass = 0, kFmodeContinuous = 6 << 5;
constexpr uint8_t kFifoSrcOvrn = 0x40, kFifoSrcCount = 0x3F;

// The board's switches: sensor supply and the pull-up resistors of their bus.
constexpr uint32_t kSensorPower = gpio::pin(0, 22);
constexpr uint32_t kPullUps = gpio::pin(1, 0);

twim::Result write(uint8_t reg, uint8_t value) {
    const uint8_t bytes[] = {reg, value};
    return twim::transfer(kAddress, bytes, sizeof bytes, nullptr, 0);
}

twim::Result read_registers(uint8_t reg, void* data, size_t size) { return twim::transfer(kAddress, &reg, 1, data, size); }

struct Setting {
    uint8_t reg;
    uint8_t value;
};

template <size_t count>
twim::Result write_all(const Setting (&settings)[count]) {
    for (const Setting& setting : settings) {
        const twim::Result result = write(setting.reg, setting.value);
        if (result != twim::Result::kOk) return result;
    }
    return twim::Result::kOk;
}

}  // namespace

Status begin() {
    constexpr uint32_t kSwitches[] = {kSensorPower, kPullUps};
    for (const uint32_t pin : kSwitches) {
        gpio::write(pin, true);
        gpio::configure(pin, gpio::kOutput);
    }
    rtc::sleep_ms(50);  // supply rise and the part's boot (20 ms)
    twim::begin();
    Status status;
    status.bus = write(kCtrlReg8, kSwReset | kIfAddInc);
    if (status.bus != twim::Result::kOk) return status;
    rtc::sleep_ms(20);
    status.bus = read_registers(kRegWhoAmI, &status.who_am_i, 1);
    return status;
}

Status start() {
    const Setting settings[] = {
        {kCtrlReg8, kBdu | kIfAddInc},
        {kFifoCtrl, kFmodeBypass},  // empties it
        {kCtrlReg9, kFifoEn},
        {kFifoCtrl, kFmodeContinuous},
        {kCtrlReg6Xl, kOdr119 | kFs8G},
        {kCtrlReg1G, kOdr119 | kFs2000Dps},  // last: this starts both
    };
    Status status;
    status.bus = write_all(settings);
    return status;
}

Status read(Sample (&samples)[kFifoDepth], size_t* count) {
    *count = 0;
    Status status;
    uint8_t source = 0;
    status.bus = read_registers(kFifoSrc, &source, 1);
    if (status.bus != twim::Result::kOk) return status;
    const size_t waiting = source & kFifoSrcCount;
    // Full counts as overrun, too: the next sample may overwrite the oldest before the burst has read it. Later in the burst
    // this cannot happen, as it empties the FIFO faster than samples come.
    status.overrun = (source & kFifoSrcOvrn) != 0 || waiting >= kFifoDepth;
    if (status.overrun || waiting == 0) return status;
    // One burst: after the accelerometer's last byte the address goes back to the gyroscope's first, and on to the next slot.
    status.bus = read_registers(kOutXLowG, samples, waiting * sizeof(Sample));
    if (status.bus == twim::Result::kOk) *count = waiting;
    return status;
}

}  // namespace lsm9ds1
