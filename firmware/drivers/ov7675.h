// OV7675 camera (register map of the OV7670) on the Tiny Machine Learning shield of the Nano 33 BLE: 96 x 96 pixels of gray
// from the middle of the picture, each the mean of 4 x 4 pixels of the array.
#pragma once
#include <stdint.h>

#include "drivers/twim.h"

namespace ov7675 {

constexpr uint8_t kAddress = 0x21;
constexpr uint16_t kProduct = 0x7673;  // PID and VER
constexpr int kWidth = 96, kHeight = 96;

struct Status {
    twim::Result bus = twim::Result::kOk;
    uint16_t product = kProduct;  // what the part answered
    bool no_frame = false;        // VSYNC did not come: no XCLK, or not the shield's pins

    bool ok() const { return bus == twim::Result::kOk && product == kProduct && !no_frame; }
};

// Puts out XCLK, resets the part, checks its identity and writes the format. Needs rtc::begin() before.
Status begin();

// Waits for the next frame and reads it, row after row, 0 is black. No interrupt is taken meanwhile. At seven frames a second
// this takes up to three tenths of one.
Status capture(uint8_t (&gray)[kHeight][kWidth]);

}  // namespace ov7675
