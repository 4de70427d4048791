// Runs a model that the simulator has put into flash: see README.md.
#include "all_operators.h"
#include "drivers/instruction_cache.h"
#include "interpreter/interpreter.h"
#include "startup/cortex_m4.h"

extern "C" {

struct BenchParameters {
    uint32_t model_address;
    uint32_t model_size;
    uint32_t arena_size;
    uint32_t inferences;
    uint32_t flags;
    uint32_t reserved[3];
};

// Volatile: written by the simulator.
__attribute__((used, section(".noinit.cmsim_bench"))) volatile BenchParameters cmsim_bench;

extern uint8_t __ram_used__[], __StackLimit[];

}  // extern "C"

namespace cmsim {

struct BenchReport {
    const Subgraph* subgraphs;
    uint32_t subgraph_count;
    const void* arena_base;
    uint32_t arena_size, arena_used;
    uint32_t activations, tensors, nodes, operators, variables, planning, padding, scratch;
};

struct BenchFailure {
    uint32_t status;
    const char* status_text;
    const char* reason;
    int32_t operator_index, subgraph, builtin_code;
    const char* operator_name;
    int32_t version;
    uint32_t missing_bytes;
    uint32_t in_inference;
};

// The simulator stops here. The assembly keeps calls and arguments alive.
__attribute__((noinline)) void bench_prepared(const BenchReport* report) { __asm__ volatile("" ::"r"(report) : "memory"); }
__attribute__((noinline)) void bench_ready(const Tensor* tensors, const int32_t* inputs, uint32_t inference) {
    __asm__ volatile("" ::"r"(tensors), "r"(inputs), "r"(inference) : "memory");
}
__attribute__((noinline)) void bench_done(const Tensor* tensors, const int32_t* outputs, uint32_t inference) {
    __asm__ volatile("" ::"r"(tensors), "r"(outputs), "r"(inference) : "memory");
}
__attribute__((noinline)) void bench_failed(const BenchFailure* failure) { __asm__ volatile("" ::"r"(failure) : "memory"); }
[[noreturn]] __attribute__((noinline)) void bench_finished() { cortex_m4::halt(); }

namespace {

constexpr uint32_t kPreserveAll = 1, kInstructionCache = 2;

[[noreturn]] void fail(const Error& error, bool in_inference) {
    const BenchFailure failure = {
        static_cast<uint32_t>(error.status), status_text(error.status), error.reason, error.operator_index, error.subgraph,
        error.builtin_code, operator_name(error), error.version, static_cast<uint32_t>(error.missing_bytes), in_inference,
    };
    bench_failed(&failure);
    bench_finished();
}

void report(Interpreter& interpreter, const Arena& arena) {
    const ArenaUse& use = interpreter.arena_use();
    const BenchReport report = {
        interpreter.subgraphs(), interpreter.subgraph_count(), arena.base(), arena.size(), arena.used(), use.activations,
        use.tensors, use.nodes, use.operators, use.variables, use.planning, use.padding, use.scratch,
    };
    bench_prepared(&report);
}

}  // namespace
}  // namespace cmsim

int main() {
    using namespace cmsim;
    const auto room = static_cast<uint32_t>(__StackLimit - __ram_used__);
    if (cmsim_bench.flags & kInstructionCache) instruction_cache::enable();
    const uint32_t asked = cmsim_bench.arena_size;
    Arena arena(__ram_used__, asked == 0 || asked > room ? room : asked);
    Interpreter interpreter(reinterpret_cast<const void*>(cmsim_bench.model_address), cmsim_bench.model_size, all_operators, arena);
    if (cmsim_bench.flags & kPreserveAll) interpreter.preserve_all_tensors();
    if (interpreter.prepare() != Status::kOk) fail(interpreter.error(), false);
    report(interpreter, arena);
    const Subgraph& graph = *interpreter.subgraphs();
    for (uint32_t inference = 0; inference < cmsim_bench.inferences; ++inference) {
        bench_ready(graph.tensors, graph.inputs, inference);
        if (interpreter.invoke() != Status::kOk) fail(interpreter.error(), true);
        bench_done(graph.tensors, graph.outputs, inference);
    }
    bench_finished();
    return 0;
}
