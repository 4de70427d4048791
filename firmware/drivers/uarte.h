// UARTE0 by EasyDMA, 8N1, no flow control (Product Specification, chapter UARTE).
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "drivers/gpio.h"

namespace uarte {

constexpr uint32_t kBaud115200 = 0x01D7E000;

// The defaults are Serial1 of the Arduino Nano 33 BLE.
void begin(uint32_t tx = gpio::pin(1, 3), uint32_t rx = gpio::pin(1, 10), uint32_t baudrate = kBaud115200);

// Sends all bytes and sleeps until the last has left. `data` may lie in flash: it goes through a buffer on the stack,
// as EasyDMA reads RAM only.
void write(const void* data, size_t size);

// Receives into `buffer` (RAM) in the background until `size` bytes have come. `stop_read` ends it and tells how many came.
void start_read(void* buffer, size_t size);
bool read_complete();
size_t stop_read();

}  // namespace uarte
