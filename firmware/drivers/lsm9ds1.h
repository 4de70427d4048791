// LSM9DS1, accelerometer and gyroscope part (ST DocID025715), on the sensor bus of the Nano 33 BLE Sense. Its interrupt pins
// are not connected there, hence samples are collected in its FIFO, 32 deep.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "drivers/twim.h"

namespace lsm9ds1 {

constexpr uint8_t kAddress = 0x6B;
constexpr uint8_t kWhoAmI = 0x68;
constexpr size_t kFifoDepth = 32;

// As a burst from OUT_X_L_G delivers it. 2000 dps: 70 mdps, 8 g: 0.244 mg a count.
struct Sample {
    int16_t gyro[3];
    int16_t accel[3];
};
static_assert(sizeof(Sample) == 12, "layout of a burst");

struct Status {
    twim::Result bus = twim::Result::kOk;
    uint8_t who_am_i = kWhoAmI;  // what the part answered
    bool overrun = false;        // samples were lost

    bool ok() const { return bus == twim::Result::kOk && who_am_i == kWhoAmI && !overrun; }
};

// Switches the sensors' power and the bus's pull-ups on, resets the part and checks its identity.
Status begin();

// Starts both sensors at 119 Hz, 8 g and 2000 dps, into the FIFO.
Status start();

// Reads all samples that wait, oldest first. An overrun is reported once the FIFO has overwritten samples; what is there is
// then not read.
Status read(Sample (&samples)[kFifoDepth], size_t* count);

}  // namespace lsm9ds1
