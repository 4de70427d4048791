// TWIM0, a two-wire (I2C) controller by EasyDMA (Product Specification, chapter TWIM). Needs rtc::begin() before, for its
// time limit.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "drivers/gpio.h"

namespace twim {

enum class Result : uint8_t { kOk, kAddressNack, kDataNack, kOverrun, kTimeout };

const char* result_text(Result result);

// 400 kHz. The defaults are Wire1 of the Arduino Nano 33 BLE Sense, where its sensors are.
void begin(uint32_t scl = gpio::pin(0, 15), uint32_t sda = gpio::pin(0, 14));

// Writes `tx_size` bytes to the target with this 7-bit address, then after a repeated start reads `rx_size` bytes. One size
// may be 0: a pure read or write. Buffers must be in RAM. Sleeps meanwhile; a bus that hangs gives kTimeout after 100 ms.
Result transfer(uint8_t address, const void* tx, size_t tx_size, void* rx, size_t rx_size);

}  // namespace twim
