// The smallest useful program: one FULLY_CONNECTED model, an inference, its result. Its size is checked by a test.
#include "interpreter/interpreter.h"
#include "kernels/operators.h"

extern "C" const uint8_t g_model[];
extern "C" const uint32_t g_model_size;

namespace {

constexpr auto kResolver = cmsim::op_resolver(cmsim::op::FULLY_CONNECTED);
alignas(16) uint8_t g_arena[1024];

}  // namespace

int main() {
    cmsim::Interpreter interpreter(g_model, g_model_size, kResolver, g_arena, sizeof g_arena);
    if (interpreter.prepare() != cmsim::Status::kOk) return 0;
    __builtin_memset(interpreter.input(0)->data, 1, interpreter.input(0)->bytes());
    interpreter.invoke();
    return 0;
}
