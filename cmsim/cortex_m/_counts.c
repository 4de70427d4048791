/* How often each block ran, what it cost, and how it was left: behind line profiles and coverage.
 *
 * While counting, `on_counted_block` stands in front of whichever block hook there is, and calls it; otherwise nothing
 * here runs. Every cycle of the clock goes to the block that ran when it was charged, a refill to the block that jumped;
 * Python settles at exceptions and sleep, which are no block's.
 *
 * Mirrored in counts.py; both sides check the sizes of the structures at import.
 */
#include "module.h"

#include <stdint.h>
#include <string.h>
#include <unicorn/unicorn.h>

struct block_count {
    uint64_t runs, cycles;
    uint64_t fell, left; /* the block behind it in memory came next, or another one */
};

struct count_region {
    uint32_t base, size;
    struct block_count *counts; /* one a halfword */
};

struct counts {
    /* Of the clock: what was charged so far, and the block that was charged last. */
    const uint64_t *cycles, *instructions;
    const uint32_t *address, *fall_through;
    const uint8_t *const *block;
    void (*inner)(uc_engine *, uint64_t, uint32_t, void *);
    void *inner_user;
    uint64_t seen;                /* instructions up to the end of the block that was counted last */
    uint64_t marked;              /* up to here every cycle has its place */
    uint64_t elsewhere;           /* cycles of no block */
    struct block_count *previous; /* the block that was counted last; NULL behind an exception or a reset */
    uint32_t previous_start, previous_end;
    uint32_t exit, key;           /* of these fields within a slot of the block table */
    uint32_t region_count, previous_exit;
    const struct count_region *regions;
};

static struct block_count *slot(const struct counts *counts, uint32_t address)
{
    for (uint32_t i = 0; i < counts->region_count; i++)
        if (address - counts->regions[i].base < counts->regions[i].size)
            return &counts->regions[i].counts[(address - counts->regions[i].base) >> 1];
    return NULL;
}

/* The block that was charged last has run, up to `cycles`. */
static inline void count(struct counts *counts, uint64_t cycles)
{
    uint32_t address = *counts->address;
    uint64_t cost = cycles - counts->marked; /* modulo 2^64: a refund is fine */
    struct block_count *previous = counts->previous, *now = slot(counts, address);

    counts->seen = *counts->instructions;
    counts->marked = cycles;
    if (previous != NULL) {
        int fell = address == counts->previous_end;
        uint32_t refill = fell ? 0 : counts->previous_exit;
        previous->fell += (uint32_t)fell;
        previous->left += (uint32_t)!fell;
        previous->cycles += refill;
        cost -= refill;
    }
    counts->previous = now;
    if (now == NULL) {
        counts->elsewhere += cost;
        return;
    }
    uint32_t size;
    memcpy(&size, *counts->block + counts->key, sizeof size);
    size &= 0xFFFF;
    now->runs++;
    now->cycles += cost;
    memcpy(&counts->previous_exit, *counts->block + counts->exit, sizeof counts->previous_exit);
    counts->previous_start = address;
    counts->previous_end = address + size;
    if (*counts->fall_through != address + size) /* Python went on elsewhere, for instance behind a store to flash */
        counts->previous = NULL;
}

/* The same for a block that follows itself: its refill, like all else, is its own. */
static inline void count_again(struct counts *counts, uint64_t cycles)
{
    struct block_count *block = counts->previous;
    block->runs++;
    block->left++;
    block->cycles += cycles - counts->marked;
    counts->seen = *counts->instructions;
    counts->marked = cycles;
}

/* In front of each block: the one before has run by now. */
static void on_counted_block(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
    struct counts *counts = user;
    if (*counts->instructions != counts->seen) {
        if (counts->previous != NULL && *counts->address == counts->previous_start &&
            *counts->fall_through == counts->previous_end)
            count_again(counts, *counts->cycles);
        else
            count(counts, *counts->cycles);
    }
    counts->inner(uc, address, size, counts->inner_user);
}

/* Cycles up to `cycle` belong to the block that ran last; from there on they are no block's, until `resume`. */
static void counts_settle(struct counts *counts, uint64_t cycle)
{
    if (*counts->instructions != counts->seen)
        count(counts, cycle);
    uint64_t *spender = counts->previous == NULL ? &counts->elsewhere : &counts->previous->cycles;
    *spender += cycle - counts->marked;
    counts->marked = cycle;
}

/* Python has dealt with the cycles up to now. `lost`: what comes next does not follow the block that ran last. */
static void counts_resume(struct counts *counts, uint32_t lost)
{
    counts->marked = *counts->cycles;
    if (lost)
        counts->previous = NULL;
}

/* An exception came in front of `next`, which tells how the block that ran last was left. */
static void counts_interrupted(struct counts *counts, uint32_t next)
{
    uint32_t inside = next - counts->previous_start;
    if (counts->previous == NULL)
        return;
    if (next == counts->previous_end)
        counts->previous->fell++;
    else if (inside == 0 || inside >= counts->previous_end - counts->previous_start)
        counts->previous->left++;
}

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_counts", "Addresses of the native callbacks of counts.py.", -1, NULL, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__counts(void)
{
    PyObject *module = PyModule_Create(&definition);
    if (module != NULL && (ADDRESS(on_counted_block) || ADDRESS(counts_settle) || ADDRESS(counts_resume) || ADDRESS(counts_interrupted) ||
                           SIZE(block_count) || SIZE(count_region) || SIZE(counts))) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
