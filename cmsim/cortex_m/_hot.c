/* The hot path: what Unicorn calls once per translation block.
 *
 * Python owns everything here; this file adds, compares and follows pointers. Time is charged a block at a time, from
 * a table that `learn` fills when a block is seen first.
 */
#include "module.h"

#include "hot.h"

#define LINE_SHIFT 4
#define LONGEST_INTERVAL 64
#define LONGEST_ROUND ((CACHE_SETS - 1) << LINE_SHIFT) /* bytes of a block whose lines are in a set each */
#define FARTHEST 0x4000 /* bytes below a stack that an overflow is looked for in */
#define SETTLED 0x80 /* of `resumed`: the block that was announced again has been charged */
#define LIKELY(condition) __builtin_expect(!!(condition), 1)

static struct block *slot(const struct clock *clock, uint32_t address, const uint8_t **memory)
{
    for (uint32_t i = 0; i < clock->region_count; i++) {
        const struct region *region = &clock->regions[i];
        uint32_t offset = address - region->base;
        if (offset < region->size) {
            *memory = region->memory == NULL ? NULL : region->memory + offset;
            return &region->blocks[offset >> 1];
        }
    }
    return NULL;
}

/* SP at the start of a block, and how much further down the block will take it. 1 if that is below the stack's limit. */
static int deepen(uc_engine *uc, struct clock *clock, uint32_t address, int32_t further)
{
    uint32_t sp = core_register(uc, clock, 13);
    uint32_t low = sp + (uint32_t)further;
    struct stack *stack = find_stack(clock->stacks, clock->stack_count, clock->last_stack, sp);
    if (stack == NULL && clock->look_at_sp && clock->last_stack != NULL && clock->last_stack->low - sp < FARTHEST)
        stack = clock->last_stack; /* an array of variable size that has no room */
    if (stack == NULL)
        return 0;
    clock->last_stack = stack;
    if (low >= stack->deepest)
        return 0;
    stack->deepest = low;
    stack->at = address;
    clock->deeper = stack;
    return low < stack->guard;
}

/* What is special about a block; 0 if we stop in front of it. */
static int admit(uc_engine *uc, struct clock *clock, const struct block *block, uint32_t flags, uint32_t address,
                 uint32_t resumed)
{
    enum stop reason = STOP_NONE;
    if (flags & BLOCK_WATCHED && !(resumed && clock->passed_hook == address))
        reason = STOP_WATCH;
    else if (flags & BLOCK_FP && clock->fp_trap && resumed < 2)
        reason = STOP_FP;
    else if (flags & BLOCK_CHECKED && resumed < 2 && misaligned(uc, clock, block))
        reason = STOP_ALIGNMENT;
    else if (flags & BLOCK_CHECKED && resumed < 2 && divides_by_zero(uc, clock, block))
        reason = STOP_DIVIDE;
    else if (flags & BLOCK_STACK && clock->stack_count && deepen(uc, clock, address, block->detail->stack_low))
        reason = STOP_STACK;
    if (reason != STOP_NONE) {
        stop(uc, clock, reason);
        return 0;
    }
    if (flags & BLOCK_STACK && clock->stack_count) {
        if (flags & BLOCK_ALLOCA) { /* by how much is seen in front of the next block */
            clock->look_at_sp = 1;
            clock->resumed = SETTLED;
        }
    }
    if (flags & BLOCK_FAULTMASK || (flags & BLOCK_MASKS && clock->masks_matter))
        clock->deadline = 0; /* the exception that waits may be taken behind this block */
    return 1;
}

/* What a block costs more by what is in its registers when it starts. */
static uint32_t operands(uc_engine *uc, const struct clock *clock, struct block *block)
{
    uint32_t cycles = divides(uc, clock, block->detail);
    return block->key >> 16 & BLOCK_UNALIGNED ? cycles + look_at_alignment(uc, clock, block) : cycles;
}

/* Which of the block's loads hit flash: seen once in a while, since it hardly ever changes; what it may have been since
 * the last look is in the bounds. */
static __attribute__((noinline)) void probe(uc_engine *uc, struct clock *clock, struct block *block)
{
    struct detail *detail = block->detail;
    uint32_t lines = 0;
    for (uint32_t i = 0; i < detail->probe_count; i++) {
        const struct probe *p = &detail->probes[i];
        if (core_register(uc, clock, p->reg) + (uint32_t)p->add < clock->flash_size)
            lines += p->lines;
    }
    if (!(block->key >> 16 & BLOCK_UNALIGNED))
        clock->recent += both(0, (block->interval - 1u) * look_at_alignment(uc, clock, block));
    const struct span *load = &clock->flash_load;
    if (lines != detail->flash_lines) {
        uint32_t since = block->interval - 1u;
        int more = (int)(lines - detail->flash_lines);
        clock->recent += more > 0 ? both(0, since * (uint32_t)more * (load->best + load->above))
                                  : both(since * (uint32_t)-more * load->best, 0);
        block->cycles += (uint64_t)((int64_t)more * load->best);
        block->bounds += (uint64_t)((int64_t)more * (int64_t)both(load->below, load->above));
        detail->flash_lines = lines;
        block->interval = 1;
    } else if (detail->probe_count == 0) {
        block->interval = UINT16_MAX - 1;
    } else if (block->interval < LONGEST_INTERVAL) {
        block->interval = (uint16_t)(2 * block->interval);
    }
    block->countdown = block->interval;
}

/* A line that was not the last one used of its set. */
static __attribute__((noinline)) void touch(struct clock *clock, struct cache_set *set, uint32_t line)
{
    if (set->other != line) {
        clock->misses++;
        spend(clock, &clock->cache_miss, 1);
    }
    set->other = set->last;
    set->last = line;
    clock->reordered++;
}

/* Whether the lines of a block, which are two at most, are the ones used last of their sets; then it is not asked again until
 * some line becomes that. */
static int in_place(const struct clock *clock, struct block *block, uint32_t address, uint32_t size)
{
    uint32_t first = address >> LINE_SHIFT, last = (address + size - 1) >> LINE_SHIFT;
    if (clock->fetch_mode != FETCH_CACHED || last - first > 1 || clock->cache[first % CACHE_SETS].last != first ||
        clock->cache[last % CACHE_SETS].last != last)
        return 0;
    block->fetched = clock->reordered;
    return 1;
}

static void fetch(struct clock *clock, struct block *block, uint32_t address, uint32_t size)
{
    uint32_t first = address >> LINE_SHIFT, last = (address + size - 1) >> LINE_SHIFT;
    if (clock->fetch_mode == FETCH_PROFILED)
        clock->hits += ((address + size + 3) >> 2) - (address >> 2);
    if (clock->fetch_mode > FETCH_LINES)
        for (uint32_t line = first; line <= last; line++) {
            struct cache_set *set = &clock->cache[line % CACHE_SETS];
            if (set->last != line)
                touch(clock, set, line);
        }
    if (size <= LONGEST_ROUND) /* no two of its lines in a set */
        block->fetched = clock->reordered;
}

/* The counters are read and written whole: a store of a part would hold up the next load of all. */
static inline void count(struct clock *clock, pair cost)
{
    pair sum;
    memcpy(&sum, &clock->cycles, sizeof sum);
    sum += cost;
    memcpy(&clock->cycles, &sum, sizeof sum);
}

static inline void enter(struct clock *clock, struct block *block, uint32_t address, uint32_t size)
{
    clock->block = block;
    clock->address = address;
    clock->fall_through = address + size;
}

/* What DWT's profiling counters want to know of a block that is about to run. */
static void note(struct clock *clock, const struct block *block)
{
    const struct detail *detail = block->detail;
    clock->folded += detail->folded;
    clock->load_store += detail->load_store + detail->flash_lines * clock->flash_load.best;
    if (block->key >> 16 & BLOCK_UNALIGNED)
        clock->load_store += unaligned_from(detail, 0) * clock->unaligned_load.best;
}

static inline void charge(struct clock *clock, struct block *block, uint32_t address, uint32_t size, int in_flash,
                          uint32_t more)
{
    pair cost = *(const pair *)&block->cycles + (pair){more, 0};
    uint32_t before = clock->fall_through;
    uint64_t bounds = block->bounds;
    if (in_flash && clock->fetch_mode == FETCH_LINES && address >> LINE_SHIFT != (before - 1) >> LINE_SHIFT) {
        cost += (pair){clock->flash_line.best, 0};
        bounds += both(clock->flash_line.below, clock->flash_line.above);
    }
    if (address != before) {
        cost += (pair){clock->block->exit + block->jump, 0};
        bounds += clock->block->exit_bounds;
    }
    count(clock, cost);
    clock->recent += bounds;
    clock->round = 1;
    if (address == clock->address && in_flash && size <= LONGEST_ROUND && clock->fetch_mode != FETCH_PROFILED) {
        memcpy(&clock->round_cycles, &cost, sizeof cost);
        clock->round_bounds = bounds;
        clock->round = address;
    }
    enter(clock, block, address, size);
}

/* When the next block needs a look, and at which of its flags. */
static void look_ahead(struct clock *clock)
{
    uint32_t flags = BLOCK_WATCHED | BLOCK_CHECKED | BLOCK_ALLOCA | BLOCK_FAULTMASK;
    flags |= (clock->fp_trap ? BLOCK_FP : 0) | (clock->masks_matter ? BLOCK_MASKS : 0);
    flags |= clock->stack_count ? BLOCK_STACK : 0;
    clock->mask = flags << 16 | 0xFFFF;
    clock->round_mask = (flags ^ BLOCK_CHECKED ^ BLOCK_CHANGES) << 16 | 0xFFFF;
    clock->limit = clock->resumed || clock->fetch_mode == FETCH_PROFILED || clock->counting ? 0 : clock->deadline;
}

/* Everything that can be the matter with a block: kept apart, so that the ordinary one needs no registers saved. */
static __attribute__((noinline)) void announce(uc_engine *uc, uint32_t address, uint32_t size, struct clock *clock)
{
    uint32_t resumed = clock->resumed;

    if (resumed == SETTLED) { /* who comes to a watched place again stops again */
        clock->passed_hook = 1;
        clock->resumed = resumed = 0;
        int overflow = clock->look_at_sp && deepen(uc, clock, address, 0);
        clock->look_at_sp = 0;
        if (overflow) {
            stop(uc, clock, STOP_STACK);
            return;
        }
    }
    if (clock->cycles >= clock->deadline && !resumed) {
        if (clock->stop != STOP_NONE) /* asked for inside an IT block, where Unicorn does not listen */
            clock->emu_stop(uc);
        else
            stop(uc, clock, STOP_DEADLINE); /* in front of the block: it is charged when it is announced again */
        return;
    }
    const uint8_t *memory;
    struct block *block = slot(clock, address, &memory);
    if (block == NULL)
        return; /* a fetch from nowhere faults by itself */
    int known = (block->key & 0xFFFF) == size;
    int changed = known && memory != NULL && memcmp(memory, block->detail->code, size) != 0;
    if (!known || changed) {
        uint32_t again = clock->learn(address, size);
        if (again || changed) { /* what Unicorn translated may be the old code */
            stop(uc, clock, STOP_RELEARN);
            return;
        }
    }
    uint32_t flags = block->key >> 16;
    if (flags && !admit(uc, clock, block, flags, address, resumed))
        return;
    if (resumed)
        clock->resumed = SETTLED;
    look_ahead(clock);
    if (clock->paid == address) {
        clock->paid = 1;
        if (clock->paid_size == size) { /* the rest of a block that was charged as a whole */
            divides(uc, clock, block->detail); /* for who asks in its middle */
            look_at_alignment(uc, clock, block);
            enter(clock, block, address, size);
            clock->round = 1;
            return;
        }
    }
    if (memory == NULL)
        fetch(clock, block, address, size);
    if (--block->countdown == 0)
        probe(uc, clock, block);
    uint32_t more = block->key >> 16 & BLOCK_CHECKED ? operands(uc, clock, block) : 0;
    if (clock->counting)
        note(clock, block);
    charge(clock, block, address, size, memory == NULL, more);
}

/* Whether nothing is the matter with a block. */
static inline int ordinary(const struct clock *clock, const struct block *block, uint32_t mask, uint32_t size)
{
    return LIKELY((block->key & mask) == size && clock->cycles < clock->limit && block->countdown != 1);
}

static void on_block(uc_engine *uc, uint64_t address64, uint32_t size, void *user)
{
    struct clock *clock = user;
    uint32_t address = (uint32_t)address64, offset = address - clock->flash_base;
    struct block *block = clock->block;

    /* a loop of one block: its lines are in the cache, and all that it costs is known */
    if (address == clock->round && ordinary(clock, block, clock->round_mask, size)) {
        pair cost;
        block->countdown--;
        memcpy(&cost, &clock->round_cycles, sizeof cost);
        count(clock, cost);
        clock->recent += clock->round_bounds;
        return;
    }
    if (LIKELY(offset < clock->flash_size)) {
        block = &clock->flash[offset >> 1];
        if (ordinary(clock, block, clock->mask, size) &&
            (LIKELY(block->fetched == clock->reordered) || in_place(clock, block, address, size))) {
            block->countdown--;
            charge(clock, block, address, size, 1, 0);
            return;
        }
    }
    announce(uc, address, size, clock);
}

/* The same for a timing model without bounds, to which all memories are alike: nothing but a block's own cost counts. */
static void on_plain_block(uc_engine *uc, uint64_t address64, uint32_t size, void *user)
{
    struct clock *clock = user;
    uint32_t address = (uint32_t)address64, offset = address - clock->flash_base;
    pair cost;

    if (address == clock->round && LIKELY((clock->block->key & clock->round_mask) == size) &&
        LIKELY(clock->cycles < clock->limit)) {
        memcpy(&cost, &clock->round_cycles, sizeof cost);
        count(clock, cost);
        return;
    }
    if (LIKELY(offset < clock->flash_size)) {
        struct block *block = &clock->flash[offset >> 1];
        if (LIKELY((block->key & clock->mask) == size && clock->cycles < clock->limit)) {
            cost = *(const pair *)&block->cycles;
            if (address != clock->fall_through)
                cost += (pair){clock->block->exit + block->jump, 0};
            count(clock, cost);
            memcpy(&clock->round_cycles, &cost, sizeof cost);
            clock->round = address | (address != clock->address);
            enter(clock, block, address, size);
            return;
        }
    }
    announce(uc, address, size, clock);
}

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_hot", "Addresses of the native callbacks, for uc_hook_add.", -1, NULL, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__hot(void)
{
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL)
        return NULL;
    if (ADDRESS(on_block) || ADDRESS(on_plain_block) || SIZE(check) || SIZE(operand) || SIZE(divide) || SIZE(probe) ||
        SIZE(span) || SIZE(detail) || SIZE(block) || SIZE(region) || SIZE(clock) || SIZE(stack) || add_hooks(module) ||
        add_devices(module) || add_calls(module) || add_areas(module) || add_stacks(module) || add_waves(module)) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
