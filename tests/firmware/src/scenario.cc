// For the tests of scenarios: answers commands on the console, shows buttons, looks at sensors and the microphone.
#include <stdint.h>
#include <string.h>

#include "drivers/gpio.h"
#include "drivers/print.h"
#include "drivers/rtc.h"
#include "drivers/twim.h"
#include "drivers/uarte.h"

constexpr uint32_t kLed = gpio::pin(0, 13), kInputPullUp = 0x0C;
constexpr uint32_t kButtons[] = {gpio::pin(0, 11), gpio::pin(1, 11)};
constexpr uint32_t kPower[] = {gpio::pin(0, 22), gpio::pin(1, 0)};  // of the sensors, and of their pull-up resistors
constexpr uint32_t kMicrophonePower = gpio::pin(0, 17);

constexpr unsigned kBuffers = 4, kSamples = 256;
extern "C" {
int16_t recording[kBuffers + 1][kSamples];  // read by the host; the last buffer is filled while nobody looks
}

static void nap() { rtc::sleep_until(rtc::now() + 4); }

static volatile uint32_t& pdm(uint32_t offset) { return *reinterpret_cast<volatile uint32_t*>(0x4001D000 + offset); }

static void await(uint32_t event) {
    while (!pdm(event)) nap();
    pdm(event) = 0;
}

static void give(unsigned buffer) {
    pdm(0x560) = reinterpret_cast<uintptr_t>(recording[buffer]);
    pdm(0x564) = kSamples;
}

// The driver of the microphone: STARTED asks for the next buffer, END hands one over.
static void record() {
    constexpr uint32_t kStart = 0x000, kStop = 0x004, kStarted = 0x100, kStopped = 0x104, kEnd = 0x108;
    gpio::configure(kMicrophonePower, gpio::kOutput);
    gpio::write(kMicrophonePower, true);
    pdm(0x540) = gpio::pin(0, 26);
    pdm(0x544) = gpio::pin(0, 25);
    pdm(0x508) = 1;  // mono
    pdm(0x500) = 1;
    give(0);
    pdm(kStart) = 1;
    for (unsigned n = 0; n < kBuffers; ++n) {
        await(kStarted);
        give(n + 1);
        await(kEnd);
    }
    pdm(kStop) = 1;
    await(kStopped);
    pdm(0x500) = 0;
    print("recorded\n");
}

static void who() {
    constexpr struct {
        uint8_t address, reg;
    } kSensors[] = {{0x6B, 0x0F}, {0x5F, 0x0F}, {0x5C, 0x0F}, {0x39, 0x92}};
    twim::begin();
    for (auto sensor : kSensors) {
        uint8_t value = 0;
        const auto result = twim::transfer(sensor.address, &sensor.reg, 1, &value, 1);
        if (result == twim::Result::kOk) Line().hex(sensor.address, 2) << ": " << static_cast<int>(value);
        else Line().hex(sensor.address, 2) << ": " << twim::result_text(result);
    }
}

static void obey(const char* line) {
    if (strcmp(line, "record") == 0) {
        record();
    } else if (strcmp(line, "who") == 0) {
        who();
    } else if (strcmp(line, "power") == 0) {
        for (uint32_t pin : kPower) {
            gpio::configure(pin, gpio::kOutput);
            gpio::write(pin, true);
        }
        rtc::sleep_ms(25);
        print("powered\n");
    } else {
        Line() << "echo " << line;
    }
}

int main() {
    rtc::begin();
    uarte::begin();
    gpio::configure(kLed, gpio::kOutput);
    for (uint32_t pin : kButtons) gpio::configure(pin, kInputPullUp);
    print("ready\n");
    char line[64];
    unsigned used = 0;
    bool before = false;
    for (;;) {
        static char received[32];
        uarte::start_read(received, sizeof received);
        for (unsigned n = 0; n < 8 && !uarte::read_complete(); ++n) {
            nap();
            bool pressed = false;
            for (uint32_t pin : kButtons) pressed |= !(gpio::port(pin).IN >> pin % 32 & 1);
            gpio::write(kLed, pressed);
            if (pressed != before) print(pressed ? "pressed\n" : "released\n");
            before = pressed;
        }
        const size_t count = uarte::stop_read();
        for (size_t n = 0; n < count; ++n) {
            if (received[n] == '\n') {
                line[used] = 0;
                used = 0;
                obey(line);
            } else if (used < sizeof line - 1) {
                line[used++] = received[n];
            }
        }
    }
}
