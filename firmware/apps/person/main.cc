// Is somebody there? Takes pictures with the camera, scores them, prints the scores over the UART and lights the RGB LED: green
// for a person, red for none.
#include "apps/give_up.h"
#include "drivers/gpio.h"
#include "drivers/instruction_cache.h"
#include "drivers/ov7675.h"
#include "drivers/print.h"
#include "drivers/rtc.h"
#include "drivers/uarte.h"
#include "interpreter/interpreter.h"
#include "kernels/operators.h"
#include "startup/cortex_m4.h"

extern "C" const uint8_t g_model[];
extern "C" const uint32_t g_model_size;

// `cmsim run --model` puts another model behind the image and writes its place here.
struct ModelSlot {
    const uint8_t* data;  // null: g_model
    uint32_t size;
};
extern "C" {
extern const ModelSlot g_model_slot;
__attribute__((used)) const ModelSlot g_model_slot = {nullptr, 0};
uint8_t g_frame[ov7675::kHeight][ov7675::kWidth];  // seen by tests
}

namespace {

constexpr auto kResolver = cmsim::op_resolver(
    cmsim::op::CONV_2D, cmsim::op::DEPTHWISE_CONV_2D, cmsim::op::AVERAGE_POOL_2D, cmsim::op::MAX_POOL_2D, cmsim::op::MEAN,
    cmsim::op::PAD, cmsim::op::ADD, cmsim::op::RESHAPE, cmsim::op::FULLY_CONNECTED, cmsim::op::SOFTMAX, cmsim::op::QUANTIZE,
    cmsim::op::DEQUANTIZE);

constexpr uint32_t kTx = gpio::pin(1, 8), kRx = gpio::pin(1, 1);  // D12, D11: the camera has Serial1's pins
constexpr uint32_t kRed = gpio::pin(0, 24), kGreen = gpio::pin(0, 16);  // active low
constexpr int kPerson = 1;  // of two scores

alignas(16) uint8_t g_arena[CMSIM_PERSON_ARENA];

[[noreturn]] void stop(const ov7675::Status& status) {
    if (status.bus != twim::Result::kOk) {
        (Line() << "error: OV7675 at I2C address 0x").hex(ov7675::kAddress, 2) << ": " << twim::result_text(status.bus);
    } else if (status.no_frame) {
        Line() << "error: OV7675: no frame comes";
    } else {
        (Line() << "error: OV7675 PID and VER are 0x").hex(status.product, 4) << ", not 0x7673";
    }
    cortex_m4::halt();
}

bool fits(cmsim::Interpreter& interpreter) {
    const cmsim::Tensor* input = interpreter.input(0);
    const cmsim::Tensor* output = interpreter.output(0);
    return input != nullptr && output != nullptr && input->type == cmsim::TensorType::kInt8 &&
           output->type == cmsim::TensorType::kInt8 && input->bytes() == sizeof g_frame && output->bytes() == 2;
}

void decide(cmsim::Interpreter& interpreter, uint32_t index) {
    int8_t* input = interpreter.input(0)->as<int8_t>();
    for (auto& row : g_frame) {
        for (uint8_t pixel : row) *input++ = static_cast<int8_t>(pixel - 128);
    }
    if (interpreter.invoke() != cmsim::Status::kOk) give_up(interpreter.error());
    const int8_t* scores = interpreter.output(0)->as<int8_t>();
    const bool person = scores[kPerson] > scores[1 - kPerson];
    gpio::write(kGreen, !person);
    gpio::write(kRed, person);
    Line() << "frame " << index << ": " << (person ? "person" : "no person") << ", scores " << scores[kPerson] << " "
           << scores[1 - kPerson];
}

}  // namespace

int main() {
    instruction_cache::enable();
    constexpr uint32_t kLeds[] = {kRed, kGreen};
    for (uint32_t led : kLeds) {
        gpio::write(led, true);
        gpio::configure(led, gpio::kOutput);
    }
    rtc::begin();
    uarte::begin(kTx, kRx);
    ov7675::Status camera = ov7675::begin();
    if (!camera.ok()) stop(camera);
    Line() << "cmsim person: OV7675 ready, 96 x 96 gray";

    const ModelSlot* slot = &g_model_slot;
    __asm__("" : "+r"(slot));  // the compiler must look
    const bool other = slot->data != nullptr;
    cmsim::Interpreter interpreter(other ? slot->data : g_model, other ? slot->size : g_model_size, kResolver, g_arena,
                                   sizeof g_arena);
    if (interpreter.prepare() != cmsim::Status::kOk) give_up(interpreter.error());
    Line() << "arena: " << interpreter.arena_used_bytes() << " of " << sizeof g_arena << " bytes";
    if (!fits(interpreter)) {
        Line() << "error: the model's input is not 96 x 96 x 1, or its output not 2 scores, in int8";
        cortex_m4::halt();
    }
    for (uint32_t index = 0;; ++index) {
        camera = ov7675::capture(g_frame);
        if (!camera.ok()) stop(camera);
        decide(interpreter, index);
    }
}
