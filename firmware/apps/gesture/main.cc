// Which sport is it? Reads the motion sensor, classifies windows of four seconds, prints the class over the UART.
//
// The network (train.py) was trained on what this file makes of samples; preprocess.py says the same in numpy.
#include "apps/give_up.h"
#include "drivers/instruction_cache.h"
#include "drivers/lsm9ds1.h"
#include "drivers/print.h"
#include "drivers/rtc.h"
#include "drivers/uarte.h"
#include "interpreter/interpreter.h"
#include "kernels/operators.h"
#include "startup/cortex_m4.h"

extern "C" const uint8_t g_model[];
extern "C" const uint32_t g_model_size;

namespace {

constexpr auto kResolver = cmsim::op_resolver(
    cmsim::op::QUANTIZE, cmsim::op::CONV_2D, cmsim::op::MAX_POOL_2D, cmsim::op::DEPTHWISE_CONV_2D,
    cmsim::op::AVERAGE_POOL_2D, cmsim::op::RESHAPE, cmsim::op::FULLY_CONNECTED, cmsim::op::SOFTMAX, cmsim::op::DEQUANTIZE);

constexpr int kSamplesPerStep = 12;  // 119 Hz / 12 = 9.9 steps a second, the rate of the training data
constexpr int kChannels = 6;         // accelerometer x, y, z, gyroscope x, y, z
constexpr int kWindow = 40;          // steps an inference looks at
constexpr int kHop = 20;             // steps from one inference to the next
constexpr float kAccel = static_cast<float>(0.000244 / (12 * 8));  // sum of counts to mean in 8 g
constexpr float kGyro = static_cast<float>(0.07 / (12 * 1000));    // sum of counts to mean in 1000 dps
constexpr const char* kLabels[] = {"badminton", "running", "standing", "walking"};
constexpr int kClasses = 4;
constexpr uint32_t kPollTicks = 3277;  // about 100 ms, 12 samples

alignas(16) uint8_t g_arena[CMSIM_GESTURE_ARENA];
float g_window[kWindow][kChannels];

// Adds up samples to steps.
struct Step {
    int32_t sums[kChannels] = {};
    int samples = 0;

    // True when `sample` completes a step, which is then in `values`.
    bool add(const lsm9ds1::Sample& sample, float (&values)[kChannels]) {
        for (int axis = 0; axis < 3; ++axis) {
            sums[axis] += sample.accel[axis];
            sums[axis + 3] += sample.gyro[axis];
        }
        if (++samples < kSamplesPerStep) return false;
        for (int channel = 0; channel < kChannels; ++channel) {
            values[channel] = static_cast<float>(sums[channel]) * (channel < 3 ? kAccel : kGyro);
        }
        *this = Step();
        return true;
    }
};

[[noreturn]] void stop(const lsm9ds1::Status& status) {
    if (status.bus != twim::Result::kOk) {
        (Line() << "error: LSM9DS1 at I2C address 0x").hex(lsm9ds1::kAddress, 2) << ": " << twim::result_text(status.bus);
    } else if (status.overrun) {
        Line() << "error: LSM9DS1 FIFO overrun, samples are lost";
    } else {
        (Line() << "error: LSM9DS1 WHO_AM_I is 0x").hex(status.who_am_i, 2) << ", not 0x68";
    }
    cortex_m4::halt();
}

bool fits(cmsim::Interpreter& interpreter) {
    const cmsim::Tensor* input = interpreter.input(0);
    const cmsim::Tensor* output = interpreter.output(0);
    return input != nullptr && output != nullptr && input->type == cmsim::TensorType::kFloat32 &&
           output->type == cmsim::TensorType::kFloat32 && input->bytes() == sizeof g_window &&
           output->bytes() == kClasses * sizeof(float);
}

void classify(cmsim::Interpreter& interpreter, uint32_t index) {
    __builtin_memcpy(interpreter.input(0)->data, g_window, sizeof g_window);
    if (interpreter.invoke() != cmsim::Status::kOk) give_up(interpreter.error());
    const float* probabilities = interpreter.output(0)->as<float>();
    int best = 0;
    for (int i = 1; i < kClasses; ++i) {
        if (probabilities[i] > probabilities[best]) best = i;
    }
    Line() << "inference " << index << ": " << kLabels[best] << " " << static_cast<int>(probabilities[best] * 100 + 0.5f) << "%";
}

}  // namespace

int main() {
    instruction_cache::enable();
    rtc::begin();
    uarte::begin();
    lsm9ds1::Status sensor = lsm9ds1::begin();
    if (!sensor.ok()) stop(sensor);
    Line() << "cmsim gesture: LSM9DS1 ready, 119 Hz";

    cmsim::Interpreter interpreter(g_model, g_model_size, kResolver, g_arena, sizeof g_arena);
    if (interpreter.prepare() != cmsim::Status::kOk) give_up(interpreter.error());
    Line() << "arena: " << interpreter.arena_used_bytes() << " of " << sizeof g_arena << " bytes";
    if (!fits(interpreter)) {
        Line() << "error: the model's input is not 40 steps of 6 channels, or its output not 4 classes, in float32";
        cortex_m4::halt();
    }

    sensor = lsm9ds1::start();
    if (!sensor.ok()) stop(sensor);
    Step step;
    int steps = 0;
    uint32_t inference = 0;
    for (uint32_t wake = rtc::now() + kPollTicks;; wake += kPollTicks) {
        rtc::sleep_until(wake);
        lsm9ds1::Sample samples[lsm9ds1::kFifoDepth];
        size_t count;
        sensor = lsm9ds1::read(samples, &count);
        if (!sensor.ok()) stop(sensor);
        for (size_t i = 0; i < count; ++i) {
            if (!step.add(samples[i], g_window[steps]) || ++steps < kWindow) continue;
            classify(interpreter, inference++);
            __builtin_memmove(g_window[0], g_window[kHop], sizeof g_window - kHop * sizeof g_window[0]);
            steps = kWindow - kHop;
        }
    }
}
