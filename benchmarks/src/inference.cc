// Inferences of the person network (firmware/apps/person) on pictures of noise: what cmsim is for. No device is touched
// before the end, so that bare Unicorn can run it as well. `g_result` holds a checksum; `finished` is called at the end.
#include "interpreter/interpreter.h"
#include "kernels/operators.h"
#include "startup/semihosting.h"

__asm__(
    ".section .rodata.g_model, \"a\"\n"
    ".balign 16\n"
    ".global g_model\n"
    "g_model: .incbin \"" MODEL "\"\n"
    "g_model_end:\n"
    ".text\n");
extern "C" const uint8_t g_model[], g_model_end[];

namespace {

constexpr int kInferences = 16;  // about 320 million instructions with the kernels for DSP instructions

constexpr auto kResolver = cmsim::op_resolver(cmsim::op::CONV_2D, cmsim::op::DEPTHWISE_CONV_2D, cmsim::op::AVERAGE_POOL_2D,
                                              cmsim::op::MEAN, cmsim::op::RESHAPE, cmsim::op::FULLY_CONNECTED,
                                              cmsim::op::SOFTMAX);
alignas(16) uint8_t g_arena[128 * 1024];

}  // namespace

extern "C" {

volatile uint32_t g_result;
}  // extern "C"

int main() {
    cmsim::Interpreter interpreter(g_model, static_cast<size_t>(g_model_end - g_model), kResolver, g_arena, sizeof g_arena);
    if (interpreter.prepare() != cmsim::Status::kOk) finished();
    cmsim::Tensor* input = interpreter.input(0);
    uint32_t seed = 1;
    for (int n = 0; n < kInferences; ++n) {
        for (size_t i = 0; i < input->bytes(); ++i) {
            seed = seed * 1664525u + 1013904223u;
            input->as<int8_t>()[i] = static_cast<int8_t>(seed >> 24);
        }
        if (interpreter.invoke() != cmsim::Status::kOk) finished();
        const cmsim::Tensor* output = interpreter.output(0);
        for (size_t i = 0; i < output->bytes(); ++i) g_result = g_result * 31 + output->as<uint8_t>()[i];
    }
    finished();
    return 0;
}
