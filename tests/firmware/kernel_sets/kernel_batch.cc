// Runs many models one after the other, each on its inputs, and keeps the outputs where the host finds them.
//
// The host writes a batch to kBatch before the first instruction: the number of cases, then for each the offsets from kBatch and
// the sizes of the model and of the values of its inputs, for as many inferences as there are.
#include "interpreter/interpreter.h"
#include "kernels/operators.h"
#include "startup/cortex_m4.h"

namespace {

constexpr uintptr_t kBatch = 0x40000;
constexpr uint32_t kMostCases = 512;

struct Case {
    uint32_t model, model_size, values, values_size;
};

constexpr auto kResolver = cmsim::op_resolver(cmsim::op::ADD, cmsim::op::AVERAGE_POOL_2D, cmsim::op::CONV_2D,
                                              cmsim::op::DEPTHWISE_CONV_2D, cmsim::op::FULLY_CONNECTED, cmsim::op::MAX_POOL_2D,
                                              cmsim::op::MUL, cmsim::op::SOFTMAX);

alignas(16) uint8_t arena[96 * 1024];

}  // namespace

extern "C" {
uint8_t outputs[120 * 1024];
uint32_t output_ends[kMostCases];        // of each case, in bytes from `outputs`
const char* failures[kMostCases];        // null, or why not
volatile uint32_t cases_done;
}

int main() {
    const auto* count = reinterpret_cast<const volatile uint32_t*>(kBatch);
    const auto* cases = reinterpret_cast<const Case*>(kBatch + 16);
    uint32_t end = 0;
    for (uint32_t i = 0; i < *count; ++i) {
        const Case& test = cases[i];
        // Whatever a kernel reads without having written it differs from case to case and between the kernel sets.
        for (uint32_t k = 0; k < sizeof arena; k += 4) *reinterpret_cast<volatile uint32_t*>(arena + k) = 0x9E3779B9u * (k + i);
        cmsim::Interpreter interpreter(reinterpret_cast<const void*>(kBatch + test.model), test.model_size, kResolver, arena,
                                       sizeof arena);
        if (interpreter.prepare() != cmsim::Status::kOk) {
            failures[i] = interpreter.error().reason;
        } else {
            const auto* values = reinterpret_cast<const uint8_t*>(kBatch + test.values);
            const uint8_t* const values_end = values + test.values_size;
            while (values < values_end) {
                for (uint32_t input = 0; input < interpreter.input_count(); ++input) {
                    const cmsim::Tensor& tensor = *interpreter.input(input);
                    for (uint32_t k = 0; k < tensor.bytes(); ++k) tensor.as<uint8_t>()[k] = *values++;
                }
                if (interpreter.invoke() != cmsim::Status::kOk) failures[i] = "invoke";
                const cmsim::Tensor& output = *interpreter.output(0);
                if (end + output.bytes() > sizeof outputs) {
                    failures[i] = "too many outputs for this program";
                    break;
                }
                for (uint32_t k = 0; k < output.bytes(); ++k) outputs[end++] = output.as<uint8_t>()[k];
            }
        }
        output_ends[i] = end;
        cases_done = i + 1;
    }
    cortex_m4::halt();
    return 0;
}
