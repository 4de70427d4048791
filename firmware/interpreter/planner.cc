#include "interpreter/planner.h"

namespace cmsim {
namespace {

class Planner {
public:
    Planner(Block* blocks, uint32_t count, uint32_t alignment)
        : blocks_(blocks), count_(count), mask_(alignment - 1) {}

    size_t run() {
        for (uint32_t i = 0; i < count_; ++i) {
            Block& block = blocks_[i];
            if (*block.where != nullptr || block.place == Block::kNoPlace) continue;
            if (!is_free(block, block.place)) return SIZE_MAX;
            insert(i);
        }
        for (Block* block = largest(); block != nullptr; block = largest()) {
            block->place = lowest(*block);
            insert(static_cast<uint32_t>(block - blocks_));
        }
        return end_;
    }

private:
    uint32_t end_of(const Block& block) const { return (block.place + block.bytes + mask_) & ~mask_; }

    // The largest block that has no place yet; of equals the one that is needed first, then the first.
    Block* largest() const {
        Block* found = nullptr;
        for (uint32_t i = 0; i < count_; ++i) {
            Block& block = blocks_[i];
            if (block.place != Block::kNoPlace || *block.where != nullptr) continue;
            if (found == nullptr || block.bytes > found->bytes || (block.bytes == found->bytes && block.first < found->first)) {
                found = &block;
            }
        }
        return found;
    }

    static bool lifetimes_meet(const Block& a, const Block& b) { return a.first <= b.last && b.first <= a.last; }

    bool partners(const Block& a, const Block& b) const {
        return (a.share != Block::kNone && &blocks_[a.share] == &b) || (b.share != Block::kNone && &blocks_[b.share] == &a);
    }

    // Whether nothing that lives at the same time is in the way, apart from a partner at exactly this place.
    bool is_free(const Block& block, uint32_t place) const {
        for (uint16_t i = first_; i != Block::kNone; i = blocks_[i].next) {
            const Block& other = blocks_[i];
            if (!lifetimes_meet(block, other) || (other.place == place && partners(block, other))) continue;
            if (other.place < place + block.bytes && place < end_of(other)) return false;
        }
        return true;
    }

    uint32_t lowest(const Block& block) const {
        // The blocks that have a place are linked in order of it: the first gap between those that live now.
        uint32_t place = 0;
        for (uint16_t i = first_; i != Block::kNone; i = blocks_[i].next) {
            const Block& other = blocks_[i];
            if (!lifetimes_meet(block, other)) continue;
            if (other.place >= place && other.place - place >= block.bytes) break;
            if (end_of(other) > place) place = end_of(other);
        }
        // Perhaps lower still where a partner lies.
        for (uint16_t i = first_; i != Block::kNone; i = blocks_[i].next) {
            const Block& other = blocks_[i];
            if (other.place >= place) break;
            if (partners(block, other) && is_free(block, other.place)) return other.place;
        }
        return place;
    }

    void insert(uint32_t index) {
        Block& block = blocks_[index];
        uint16_t* link = &first_;
        while (*link != Block::kNone && blocks_[*link].place < block.place) link = &blocks_[*link].next;
        block.next = *link;
        *link = static_cast<uint16_t>(index);
        if (end_of(block) > end_) end_ = end_of(block);
    }

    Block* blocks_;
    uint32_t count_;
    uint32_t mask_;
    uint32_t end_ = 0;
    uint16_t first_ = Block::kNone;
};

}  // namespace

size_t plan_memory(Block* blocks, uint32_t count, uint32_t alignment) { return Planner(blocks, count, alignment).run(); }

}  // namespace cmsim
