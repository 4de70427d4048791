// What the interpreter needs for operators that run subgraphs.
#include "interpreter/subgraph.h"

namespace cmsim {
namespace {

constexpr uint32_t kMaxSteps = 0x7FFF;
constexpr uint8_t kMaxHeight = 8;  // bounds the stack that invoke() needs

SubgraphCalls* read_calls(Context& context, const Table& options, uint8_t count, uint32_t subgraph_count) {
    static_assert(field::if_::kThen == 0 && field::if_::kElse == 1 && field::while_::kCond == 0 && field::while_::kBody == 1 &&
                  field::call_once::kInit == 0, "numbers of subgraphs are the first options");
    auto* calls = context.allocate<SubgraphCalls>();
    if (calls == nullptr) {
        context.fail(Status::kArenaTooSmall, "no room for the operators");
        return nullptr;
    }
    *calls = {count, {0, 0}, false};
    for (uint8_t i = 0; i < count; ++i) {
        const auto callee = options.scalar<int32_t>(i);
        if (callee < 0 || static_cast<uint32_t>(callee) >= subgraph_count) {
            context.fail(Status::kModelDamaged, "subgraph that does not exist");
            return nullptr;
        }
        calls->subgraphs[i] = static_cast<uint8_t>(callee);
        context.subgraphs[callee].reached = true;
    }
    return calls;
}

// Steps and nesting, which come from what a subgraph runs, then beginnings, which come from what runs it; each until nothing
// changes any more.
const char* order(Subgraph* subgraphs, uint32_t subgraph_count) {
    Subgraph* const end = subgraphs + subgraph_count;
    for (bool changed = true; changed;) {
        changed = false;
        for (Subgraph* subgraph = subgraphs; subgraph != end; ++subgraph) {
            uint32_t steps = 1;
            uint8_t height = 0;
            for (uint32_t i = 0; i < subgraph->node_count; ++i) {
                const Node& node = subgraph->nodes[i];
                steps += steps_of(node, subgraphs);
                const SubgraphCalls* calls = subgraph_calls(node);
                for (unsigned k = 0; calls != nullptr && k < calls->count; ++k) {
                    const uint8_t callee = subgraphs[calls->subgraphs[k]].height;
                    if (height <= callee) height = static_cast<uint8_t>(callee + 1);
                }
                if (height > kMaxHeight) return "subgraphs run themselves, or nest too deeply";
                if (steps > kMaxSteps) return "too many operators";
            }
            changed |= steps != subgraph->steps || height != subgraph->height;
            subgraph->steps = static_cast<uint16_t>(steps);
            subgraph->height = height;
            subgraph->first_begin = kMaxSteps;
        }
    }
    subgraphs->first_begin = 0;
    for (bool changed = true; changed;) {
        changed = false;
        for (const Subgraph* subgraph = subgraphs; subgraph != end; ++subgraph) {
            uint32_t step = 0;
            for (uint32_t i = 0; i < subgraph->node_count; ++i) {
                const SubgraphCalls* calls = subgraph_calls(subgraph->nodes[i]);
                uint32_t begin = step + 1;
                for (unsigned k = 0; calls != nullptr && k < calls->count; ++k) {
                    Subgraph& callee = subgraphs[calls->subgraphs[k]];
                    const uint32_t first = subgraph->first_begin + begin, last = subgraph->last_begin + begin;
                    begin += callee.steps;
                    if (callee.first_begin > first) callee.first_begin = static_cast<uint16_t>(first), changed = true;
                    if (callee.last_begin < last) callee.last_begin = static_cast<uint16_t>(last), changed = true;
                }
                step += steps_of(subgraph->nodes[i], subgraphs);
            }
        }
    }
    return nullptr;
}

}  // namespace

const Control kControl = {read_calls, order};

}  // namespace cmsim
