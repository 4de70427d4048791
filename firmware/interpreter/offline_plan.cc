// A memory plan that comes with the model: the buffer of the metadata named OfflineMemoryAllocation holds, as int32, a version,
// a subgraph number, the number of tensors in all subgraphs, and for each the place in the arena, -1 to have it planned.
#include "interpreter/interpreter.h"
#include "interpreter/planner.h"

namespace cmsim {
namespace {

constexpr char kName[] = "OfflineMemoryAllocation";
constexpr uint32_t kHeader = 3;            // words before the places
constexpr int32_t kMaxPlace = 0x20000000;

// Also a name that does not end in a zero byte.
bool is_plan(const Vector<char>& name) {
    if (name.size() != sizeof kName - 1) return false;
    return __builtin_memcmp(name.bytes(), kName, sizeof kName - 1) == 0;
}

}  // namespace

Status Interpreter::place_offline(Reader& reader, const Table& model) {
    const uint32_t count = model.table_count(field::model::kMetadata);
    for (uint32_t i = 0; i < count; ++i) {
        const Table metadata = model.table_at(field::model::kMetadata, i);
        if (!is_plan(metadata.vector<char>(field::metadata::kName))) continue;
        const Table buffer = model.table_at(field::model::kBuffers, metadata.scalar<uint32_t>(field::metadata::kBuffer));
        const Vector<uint8_t> plan = buffer.vector<uint8_t>(field::buffer::kData);
        if (!reader.ok || plan.size() < kHeader * sizeof(int32_t)) return fail(Status::kModelDamaged, "offline memory plan");
        const auto word = [&plan](uint32_t index) { return trusted<int32_t>(plan.bytes() + index * sizeof(int32_t)); };
        uint32_t tensor_count = 0;
        for (uint32_t k = 0; k < subgraph_count_; ++k) {
            tensor_count += model.table_at(field::model::kSubgraphs, k).table_count(field::subgraph::kTensors);
            if (!reader.ok) return fail(Status::kModelDamaged, "subgraph table");
        }
        if (word(2) < 0 || static_cast<uint32_t>(word(2)) != tensor_count ||
            tensor_count > plan.size() / sizeof(int32_t) - kHeader) {
            return fail(Status::kModelDamaged, "offline memory plan of another model");
        }
        // The places of a subgraph follow those of the subgraphs before it, also of any that are never run.
        uint32_t first = kHeader;
        uint32_t subgraph = 0;
        for (uint32_t k = 0; k < context_.block_count; ++k) {
            Block& block = context_.blocks()[k];
            for (; subgraph < block.subgraph; ++subgraph) {
                first += model.table_at(field::model::kSubgraphs, subgraph).table_count(field::subgraph::kTensors);
            }
            const int32_t place = word(first + block.tensor);
            if (place == -1) continue;
            const uint32_t element = type_size(context_.subgraphs[subgraph].tensors[block.tensor].type);
            const uint32_t alignment = element > 4 ? element : 4;
            if (place < 0 || place > kMaxPlace || static_cast<uint32_t>(place) % alignment != 0) {
                return fail(Status::kModelDamaged, "place in the offline memory plan");
            }
            block.place = static_cast<uint32_t>(place);
        }
    }
    return Status::kOk;
}

}  // namespace cmsim
