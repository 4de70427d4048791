/* How often each block ran, what it cost, and how it was left: behind line profiles and coverage.
 *
 * While counting, `on_counted_block` stands in front of whichever block hook there is, and calls it; otherwise nothing
 * here runs. Every cycle of the clock goes to the block that ran when it was charged, a refill to the block that jumped;
 * Python settles at exceptions and sleep, which are no block's.
 *
 * Mirrored in counts.py; both sides check the sizes of the structures at import.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <unicorn/unicorn.h>

struct block_count {
    uint64_t runs, cycles;
    uint64_t fell, left; /* the block behind it in memory came next, or another one */
};

struct count_region {
    uint32_t base, size;
    struct block_count *counts; /* one a halfword */
    const uint8_t *exits;       /* what a jump from the block costs: one a slot of the block table */
};

struct counts {
    const uint64_t *cycles, *instructions;
    const uint32_t *fall_through;
    void (*inner)(uc_engine *, uint64_t, uint32_t, void *);
    void *inner_user;
    uint64_t marked;              /* up to here every cycle has its place */
    uint64_t elsewhere;           /* cycles of no block */
    struct block_count *previous; /* the block that ran last; NULL behind an exception or a reset */
    const uint8_t *previous_exit;
    uint32_t previous_end, previous_start;
    uint32_t stride;              /* of a region's `exits` */
    uint32_t region_count;
    const struct count_region *regions;
};

static const struct count_region *find(const struct counts *counts, uint32_t address)
{
    for (uint32_t i = 0; i < counts->region_count; i++)
        if (address - counts->regions[i].base < counts->regions[i].size)
            return &counts->regions[i];
    return NULL;
}

static inline uint64_t *spender(struct counts *counts)
{
    return counts->previous == NULL ? &counts->elsewhere : &counts->previous->cycles;
}

static void on_counted_block(uc_engine *uc, uint64_t address64, uint32_t size, void *user)
{
    struct counts *counts = user;
    uint32_t address = (uint32_t)address64, expected = *counts->fall_through;
    uint64_t before = *counts->cycles, instructions = *counts->instructions;

    counts->inner(uc, address64, size, counts->inner_user);
    if (*counts->instructions == instructions)
        return; /* not now, or the rest of a block that was counted as a whole */
    uint64_t own = *counts->cycles - before;
    *spender(counts) += before - counts->marked; /* modulo 2^64: a refund is fine */
    if (counts->previous != NULL && expected == counts->previous_end) {
        if (address == expected) {
            counts->previous->fell++;
        } else {
            counts->previous->left++;
            counts->previous->cycles += *counts->previous_exit;
            own -= *counts->previous_exit;
        }
    }
    counts->marked = *counts->cycles;
    const struct count_region *region = find(counts, address);
    if (region == NULL) {
        counts->previous = NULL;
        counts->elsewhere += own;
        return;
    }
    uint32_t slot = (address - region->base) >> 1;
    counts->previous = &region->counts[slot];
    counts->previous->runs++;
    counts->previous->cycles += own;
    counts->previous_exit = region->exits + (uint64_t)slot * counts->stride;
    counts->previous_start = address;
    counts->previous_end = address + size;
}

/* Cycles up to `cycle` belong to the block that ran last; from there on they are no block's, until `resume`. */
static void counts_settle(struct counts *counts, uint64_t cycle)
{
    *spender(counts) += cycle - counts->marked;
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
    if (counts->previous == NULL)
        return;
    if (next == counts->previous_end)
        counts->previous->fell++;
    else if (next - counts->previous_start >= counts->previous_end - counts->previous_start || next == counts->previous_start)
        counts->previous->left++;
}

static int add(PyObject *module, const char *name, void (*function)(void))
{
    PyObject *value = PyLong_FromVoidPtr((void *)(uintptr_t)function);
    int failed = value == NULL || PyModule_AddObjectRef(module, name, value) < 0;
    Py_XDECREF(value);
    return failed;
}

#define ADD(name) add(module, #name, (void (*)(void))name)
#define SIZE(name) PyModule_AddIntConstant(module, "sizeof_" #name, (long)sizeof(struct name)) < 0

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_counts", "Addresses of the native callbacks of counts.py.", -1, NULL, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__counts(void)
{
    PyObject *module = PyModule_Create(&definition);
    if (module != NULL && (ADD(on_counted_block) || ADD(counts_settle) || ADD(counts_resume) || ADD(counts_interrupted) ||
                           SIZE(block_count) || SIZE(count_region) || SIZE(counts))) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
