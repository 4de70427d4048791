/* The hot path: what Unicorn calls once per translation block, and at the edge of the memory map.
 *
 * Python owns everything here; this file adds, compares and follows pointers. Time is charged a block at a time, from
 * a table that `learn` fills when a block is seen first. An access to a device happens at the moment of its instruction,
 * which PC and the block's list of places tell.
 *
 * Mirrored in hot.py; both sides check the sizes of the structures at import.
 */
#include "module.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unicorn/unicorn.h>

#include "stacks.h"

enum {
    BLOCK_WATCHED = 1,  /* somebody waits for this address */
    BLOCK_FP = 2,       /* contains floating-point instructions */
    BLOCK_MASKS = 4,    /* may change PRIMASK, FAULTMASK, BASEPRI or CONTROL */
    BLOCK_CHECKED = 8,  /* has alignment checks or divides */
    BLOCK_STACK = 16,   /* lowers SP */
    BLOCK_ALLOCA = 32,  /* changes SP by an amount that only running it tells */
    BLOCK_CHANGES = 64, /* its checks may come out differently when it follows itself */
    BLOCK_DRIFTS = 128, /* the alignment of its loads may be another when it follows itself */
    BLOCK_FAULTMASK = 512, /* may set or clear FAULTMASK, which decides whether the MPU counts */
    BLOCK_UNALIGNED = 256, /* it was seen to load from unaligned addresses, and is looked at each time; CHECKED too */
};

enum fetch_mode { FETCH_FREE, FETCH_LINES, FETCH_CACHED, FETCH_PROFILED };
#define CACHE_SETS 64
#define LINE_SHIFT 4
#define LONGEST_INTERVAL 64
#define LONGEST_ROUND ((CACHE_SETS - 1) << LINE_SHIFT) /* bytes of a block whose lines are in a set each */
#define NO_REGISTER 255
#define FARTHEST 0x4000 /* bytes below a stack that an overflow is looked for in */

#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define NOT_POLLED 1
#define SETTLED 0x80 /* of `resumed`: the block that was announced again has been charged */

enum stop {
    STOP_NONE, STOP_DEADLINE, STOP_WATCH, STOP_FP, STOP_ALIGNMENT, STOP_DIVIDE, STOP_RELEARN, STOP_HOOK, STOP_INTERRUPT,
    STOP_DENIED, STOP_STACK,
};

/* How an instruction forms its address. */
struct access {
    uint8_t base, index, shift, pad;
    int32_t displacement;
};

/* An address that must be aligned: (reg * times + other * other_times + add) & mask == 0 at the start of the block. */
struct check {
    uint8_t reg, times, other, other_times, add, mask;
    uint16_t ordinal;
};

/* A register (255: none) or the word of the stack at SP + offset, plus a constant, at the start of the block. */
struct operand {
    uint8_t reg, in_stack;
    uint16_t pad;
    int32_t offset, add;
};

struct divide {
    struct operand dividend, divisor;
    uint16_t ordinal;
    uint8_t is_signed, charges, traps;
    uint8_t spent; /* when the block ran last */
};

/* Where an instruction stands in its block. */
struct place {
    uint16_t start;   /* cycles from the start of the block */
    uint16_t ordinal; /* instructions before it */
    uint16_t probe;   /* number of the probe that it belongs to, from 1 on; 0: none */
    uint16_t pad;
};

/* Loads at reg + times * other + add, of one alignment. The register tells at the start of the block whether they wait for
 * flash, and for how many lines. `width`: 1 if they are never unaligned, or fault. */
struct probe {
    uint8_t reg, lines, other, times;
    uint16_t width, more; /* accesses that each of them needs more, the last time */
    int32_t add;
};

/* Cycles, and what they may be less and more. */
struct span {
    uint32_t best, below, above;
};

struct detail {
    const uint8_t *code;        /* what was learnt, to notice code that was overwritten */
    const struct place *places; /* one a halfword */
    const struct check *checks;
    struct probe *probes;
    struct divide *divides;
    uint32_t check_count, probe_count, divide_count, size;
    int32_t stack_low;          /* the deepest that the block takes SP, relative to SP at its start */
    uint32_t flash_lines;       /* that the block was seen to load from; in its cycles */
};

/* Two counters that are added to at once. */
typedef uint64_t pair __attribute__((vector_size(16), aligned(8), may_alias));

struct block {
    uint64_t cycles, instructions; /* straight through, entered without a jump */
    uint64_t bounds;       /* what the cycles may be less, and in the upper half more */
    uint64_t exit_bounds;  /* the same of `exit` */
    uint32_t exit;         /* when it goes on elsewhere than behind itself: refill */
    uint32_t jump;         /* more when a branch leads here */
    struct detail *detail;
    uint32_t key;          /* size, and flags in the upper half; 0: not learnt yet */
    uint16_t countdown;    /* executions until its loads are looked at again */
    uint16_t interval;
    uint64_t fetched;      /* `reordered` when all its lines were the ones used last of their sets */
                           /* a cache line each */
};

struct region {
    uint32_t base, size;
    struct block *blocks;  /* one slot a halfword */
    const uint8_t *memory; /* compared with what was learnt where code can change; NULL for flash */
};

/* Memory whose rights change within a page: its pages are mapped as devices, and asked for each access. */
struct guard {
    uint32_t physical, base, size; /* where Unicorn finds it, where the program finds it */
    uint8_t *memory;
    const uint8_t *rights;         /* one a granule of 32 bytes: 1 read, 2 write; 4, 8 the same unprivileged */
};

/* Two ways, the least recently used of which is replaced. */
struct cache_set {
    uint32_t last, other;
};

struct clock {
    uint64_t cycles, instructions;
    uint64_t limit;        /* of `cycles`: the deadline, or 0 when the next block needs a look in any case */
    uint64_t recent;       /* cycles may be so many less, and in the upper half more, since emu_start; added in one go */
    struct block *block;   /* that was charged last */
    uint32_t address;          /* of that block */
    uint32_t fall_through; /* where the next block starts unless something jumps */
    struct block *flash;   /* slots of the first region: most code runs there, and it cannot change */
    uint32_t flash_base, flash_size;
    uint32_t mask;         /* of a block's key: its size, and the flags that matter now */
    uint32_t fetch_mode;   /* enum fetch_mode */
    uint64_t round_cycles, round_instructions; /* what the block costs that has just followed itself, each time that it
                                                * does so again */
    uint64_t round_bounds;
    uint32_t round;        /* the address of that block; odd: none */
    uint32_t round_mask;   /* as `mask`, for that block */
    uint64_t reordered;    /* how often a line of the cache has become the one used last of its set */
    uint32_t polled;       /* a word of a device that reads the same until Python is asked for anything else; odd: none */
    uint32_t polled_value;
    uint64_t deadline;
    uint64_t now;          /* the moment of the device access under way */
    uint64_t now_instructions; /* instructions before it */
    uint64_t below, above; /* cycles may be so many less and more, besides `recent` */
    uint32_t resumed;      /* set before emu_start: 1 the block that we stopped in front of is announced again,
                            * 2 what it needed (FP state, alignment) has been seen to as well */
    uint32_t passed_hook;  /* watched instruction that we have just stopped at and that must now pass; odd: none */
    uint32_t masks_matter; /* an exception waits for a mask to go */
    uint32_t fp_trap;      /* FPU off, or state to be saved lazily: stop in front of FP blocks */
    uint32_t stop;         /* enum stop */
    uint32_t detail_value; /* interrupt number, ordinal of the misaligned instruction, hook number */
    uint32_t it_state;     /* ITSTATE at the last device access, in CPSR's bits */
    uint32_t pc;           /* the instruction of the device access under way, or of a hook */
    uint32_t look_at_sp;   /* the block before changed SP by an unknown amount */
    uint32_t sev;          /* the event register was set by SEV */
    uint32_t hook_at;      /* the instruction in front of which a hook has charged `hook_cycles` last, when the count of */
    int32_t hook_cycles;   /* instructions was `hook_instructions`; odd: none */
    uint64_t hook_instructions;
    uint32_t region_count, guard_count, stack_count;
    const struct region *regions;
    const struct guard *guards;
    struct stack *stacks, *last_stack;
    struct stack *deeper;  /* the one that was last used deeper than before; who follows calls clears it */
    uint32_t (*learn)(uint32_t address, uint32_t size); /* non-zero: stop and translate again */
    uint32_t (*read)(uint32_t address, uint32_t size);
    void (*write)(uint32_t address, uint32_t size, uint32_t value);
    uc_err (*emu_stop)(uc_engine *);
    uc_err (*reg_read)(uc_engine *, int, void *);
    uc_err (*reg_write)(uc_engine *, int, const void *);
    uint32_t paid, paid_size; /* a block that is charged already: the rest of one that we stopped in; odd: none */
    struct span flash_line, cache_miss, flash_load, peripheral_load, unaligned_load;
    uint64_t hits, misses;
    struct cache_set cache[CACHE_SETS];
};

#define IT_BITS 0x0600FC00u
#define ICSR 0xE000ED04u
#define NMIPENDSET 0x80000000u

static const int core_registers[16] = {
    UC_ARM_REG_R0, UC_ARM_REG_R1, UC_ARM_REG_R2, UC_ARM_REG_R3, UC_ARM_REG_R4, UC_ARM_REG_R5,
    UC_ARM_REG_R6, UC_ARM_REG_R7, UC_ARM_REG_R8, UC_ARM_REG_R9, UC_ARM_REG_R10, UC_ARM_REG_R11,
    UC_ARM_REG_R12, UC_ARM_REG_SP, UC_ARM_REG_LR, UC_ARM_REG_PC,
};

static uint32_t core_register(uc_engine *uc, const struct clock *clock, uint8_t number)
{
    uint32_t value = 0;
    clock->reg_read(uc, core_registers[number & 15], &value);
    return value;
}

static int privileged(uc_engine *uc, const struct clock *clock)
{
    uint32_t control = 0, ipsr = 0;
    clock->reg_read(uc, UC_ARM_REG_CONTROL, &control);
    clock->reg_read(uc, UC_ARM_REG_IPSR, &ipsr);
    return (ipsr & 0x1FF) != 0 || !(control & 1);
}

static void stop(uc_engine *uc, struct clock *clock, enum stop reason)
{
    clock->stop = reason;
    clock->emu_stop(uc);
}

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

static int misaligned(uc_engine *uc, struct clock *clock, const struct block *block)
{
    const struct detail *detail = block->detail;
    for (uint32_t i = 0; i < detail->check_count; i++) {
        const struct check *check = &detail->checks[i];
        uint32_t address = core_register(uc, clock, check->reg) * check->times + check->add;
        if (check->other_times)
            address += core_register(uc, clock, check->other) * check->other_times;
        if (address & check->mask) {
            clock->detail_value = check->ordinal;
            return 1;
        }
    }
    return 0;
}

/* A divide by operands, beyond the two cycles that its block was charged (facts: the compendium of i-0.nl). */
static uint32_t divide_cycles(uint32_t dividend, uint32_t divisor, int is_signed)
{
    if (is_signed) {
        dividend = (int32_t)dividend < 0 ? 0u - dividend : dividend;
        divisor = (int32_t)divisor < 0 ? 0u - divisor : divisor;
    }
    if (dividend == 0 || divisor == 0)
        return 0;
    int difference = __builtin_clz(divisor) - __builtin_clz(dividend);
    return difference < 0 ? 1 : 3 + (uint32_t)difference / 4;
}

static uint32_t operand_value(uc_engine *uc, const struct clock *clock, const struct operand *operand)
{
    uint32_t value = operand->reg == NO_REGISTER ? 0 : core_register(uc, clock, operand->reg);
    if (operand->in_stack) {
        const struct region *ram = &clock->regions[1];
        uint32_t at = value + (uint32_t)operand->offset - ram->base;
        value = 0;
        if (at < ram->size)
            memcpy(&value, ram->memory + at, sizeof value);
    }
    return value + (uint32_t)operand->add;
}

/* What the block's divides cost by their operands. */
static uint32_t divides(uc_engine *uc, const struct clock *clock, const struct detail *detail)
{
    uint32_t cycles = 0;
    for (uint32_t i = 0; i < detail->divide_count; i++) {
        struct divide *d = &detail->divides[i];
        if (d->charges)
            d->spent = (uint8_t)divide_cycles(operand_value(uc, clock, &d->dividend),
                                              operand_value(uc, clock, &d->divisor), d->is_signed);
        cycles += d->spent;
    }
    return cycles;
}

/* The part of that which is spent at or behind an instruction. */
static uint32_t divides_from(const struct detail *detail, uint32_t ordinal)
{
    uint32_t cycles = 0;
    for (uint32_t i = 0; i < detail->divide_count; i++)
        if (detail->divides[i].ordinal >= ordinal)
            cycles += detail->divides[i].spent;
    return cycles;
}

static int divides_by_zero(uc_engine *uc, struct clock *clock, const struct block *block)
{
    const struct detail *detail = block->detail;
    for (uint32_t i = 0; i < detail->divide_count; i++) {
        const struct divide *d = &detail->divides[i];
        if (d->traps && operand_value(uc, clock, &d->divisor) == 0) {
            clock->detail_value = d->ordinal;
            return 1;
        }
    }
    return 0;
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

/* Two figures that neither overflow when added to `recent`, since Python takes that away in time. */
static inline uint64_t both(uint32_t below, uint32_t above)
{
    return (uint64_t)above << 32 | below;
}

static inline void spend(struct clock *clock, const struct span *span, uint32_t times)
{
    clock->cycles += span->best * times;
    clock->recent += both(span->below * times, span->above * times);
}

/* The accesses that unaligned loads need more: one where a halfword or a word crosses a word or is at an odd halfword, two
 * where a word is at an odd address. */
static uint32_t unaligned_accesses(uc_engine *uc, const struct clock *clock, const struct detail *detail)
{
    uint32_t accesses = 0;
    for (uint32_t i = 0; i < detail->probe_count; i++) {
        struct probe *p = &detail->probes[i];
        if (p->width == 1)
            continue;
        uint32_t at = core_register(uc, clock, p->reg) + (uint32_t)p->add;
        if (p->times != 0)
            at += core_register(uc, clock, p->other) * p->times;
        p->more = (at & (p->width - 1u)) == 0 ? 0 : p->width == 4 && at & 1 ? 2 : 1;
        accesses += p->lines * p->more;
    }
    return accesses;
}

/* The cycles that unaligned loads cost more. Once there are any, they are looked at each time. */
static uint32_t look_at_alignment(uc_engine *uc, const struct clock *clock, struct block *block)
{
    uint32_t cycles = clock->unaligned_load.best;
    if (cycles != 0)
        cycles *= unaligned_accesses(uc, clock, block->detail);
    if (cycles != 0)
        block->key |= (BLOCK_UNALIGNED | BLOCK_CHECKED | (block->key >> 16 & BLOCK_DRIFTS ? BLOCK_CHANGES : 0)) << 16;
    return cycles;
}

/* What a block costs more by what is in its registers when it starts. */
static uint32_t operands(uc_engine *uc, const struct clock *clock, struct block *block)
{
    uint32_t cycles = divides(uc, clock, block->detail);
    return block->key >> 16 & BLOCK_UNALIGNED ? cycles + look_at_alignment(uc, clock, block) : cycles;
}

/* The accesses of unaligned loads at or behind `offset`. */
static uint32_t unaligned_from(const struct detail *detail, uint32_t offset)
{
    uint32_t accesses = 0;
    for (uint32_t n = offset >> 1; n < detail->size >> 1; n++)
        if (detail->places[n].probe != 0)
            accesses += detail->probes[detail->places[n].probe - 1].more;
    return accesses;
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
static inline void add(struct clock *clock, pair cost, uint64_t bounds)
{
    pair count;
    memcpy(&count, &clock->cycles, sizeof count);
    count += cost;
    memcpy(&clock->cycles, &count, sizeof count);
    clock->recent += bounds;
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
    add(clock, cost, bounds);
    clock->round = 1;
    if (address == clock->address && in_flash && size <= LONGEST_ROUND && clock->fetch_mode != FETCH_PROFILED) {
        memcpy(&clock->round_cycles, &cost, sizeof cost);
        clock->round_bounds = bounds;
        clock->round = address;
    }
    clock->block = block;
    clock->address = address;
    clock->fall_through = address + size;
}

/* When the next block needs a look, and at which of its flags. */
static void look_ahead(struct clock *clock)
{
    uint32_t flags = BLOCK_WATCHED | BLOCK_CHECKED | BLOCK_ALLOCA | BLOCK_FAULTMASK;
    flags |= (clock->fp_trap ? BLOCK_FP : 0) | (clock->masks_matter ? BLOCK_MASKS : 0);
    flags |= clock->stack_count ? BLOCK_STACK : 0;
    clock->mask = flags << 16 | 0xFFFF;
    clock->round_mask = (flags ^ BLOCK_CHECKED ^ BLOCK_CHANGES) << 16 | 0xFFFF;
    clock->limit = clock->resumed || clock->fetch_mode == FETCH_PROFILED ? 0 : clock->deadline;
}

static void attend(struct clock *clock)
{
    clock->deadline = clock->limit = 0;
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
            clock->address = address;
            clock->block = block;
            clock->fall_through = address + size;
            clock->round = 1;
            return;
        }
    }
    if (memory == NULL)
        fetch(clock, block, address, size);
    if (--block->countdown == 0)
        probe(uc, clock, block);
    uint32_t more = block->key >> 16 & BLOCK_CHECKED ? operands(uc, clock, block) : 0;
    charge(clock, block, address, size, memory == NULL, more);
}

/* Whether nothing is the matter with a block. */
static inline int ordinary(const struct clock *clock, const struct block *block, uint32_t mask, uint32_t size)
{
    return LIKELY((block->key & mask) == size && clock->cycles < clock->limit && block->countdown != 1);
}

static inline void follow(uc_engine *uc, uint32_t address, uint32_t size, struct clock *clock)
{
    uint32_t offset = address - clock->flash_base;
    if (LIKELY(offset < clock->flash_size)) {
        struct block *block = &clock->flash[offset >> 1];
        if (ordinary(clock, block, clock->mask, size) &&
            (LIKELY(block->fetched == clock->reordered) || in_place(clock, block, address, size))) {
            block->countdown--;
            charge(clock, block, address, size, 1, 0);
            return;
        }
    }
    announce(uc, address, size, clock);
}

static void on_block(uc_engine *uc, uint64_t address64, uint32_t size, void *user)
{
    struct clock *clock = user;
    uint32_t address = (uint32_t)address64;
    struct block *block = clock->block;

    /* a loop of one block: its lines are in the cache, and all that it costs is known */
    if (address == clock->round && ordinary(clock, block, clock->round_mask, size)) {
        pair cost;
        block->countdown--;
        memcpy(&cost, &clock->round_cycles, sizeof cost);
        add(clock, cost, clock->round_bounds);
        return;
    }
    follow(uc, address, size, clock);
}

/* The same for a timing model without bounds, to which all memories are alike: nothing but a block's own cost counts. */
static void on_plain_block(uc_engine *uc, uint64_t address64, uint32_t size, void *user)
{
    struct clock *clock = user;
    uint32_t address = (uint32_t)address64, offset = address - clock->flash_base;
    pair count, cost;

    if (address == clock->round && LIKELY((clock->block->key & clock->round_mask) == size) &&
        LIKELY(clock->cycles < clock->limit)) {
        memcpy(&cost, &clock->round_cycles, sizeof cost);
        memcpy(&count, &clock->cycles, sizeof count);
        count += cost;
        memcpy(&clock->cycles, &count, sizeof count);
        return;
    }
    if (LIKELY(offset < clock->flash_size)) {
        struct block *block = &clock->flash[offset >> 1];
        if (LIKELY((block->key & clock->mask) == size && clock->cycles < clock->limit)) {
            cost = *(const pair *)&block->cycles;
            if (address != clock->fall_through)
                cost += (pair){clock->block->exit + block->jump, 0};
            memcpy(&count, &clock->cycles, sizeof count);
            count += cost;
            memcpy(&clock->cycles, &count, sizeof count);
            memcpy(&clock->round_cycles, &cost, sizeof cost);
            clock->round = address | (address != clock->address);
            clock->block = block;
            clock->address = address;
            clock->fall_through = address + size;
            return;
        }
    }
    announce(uc, address, size, clock);
}

/* In front of one instruction, where a block cannot tell enough by itself. */
struct hook {
    struct clock *clock;
    const struct access *access; /* HOOK_ALIGNMENT: of this address */
    uint32_t number, kind, enabled;
    uint32_t operand; /* HOOK_ALIGNMENT: bits that must be 0; HOOK_DIVIDE: its second halfword and, above, its first;
                       * HOOK_SKIP: condition and mask of IT, and above, in six bits each, what its instructions save */
};

enum { DIVIDE_TRAPS = 1, DIVIDE_CHARGES = 2 }; /* `enabled` of HOOK_DIVIDE */
enum hook_kind { HOOK_WATCH, HOOK_ALIGNMENT, HOOK_DIVIDE, HOOK_BREAK, HOOK_SKIP };

static uint32_t effective_address(uc_engine *uc, const struct clock *clock, const struct access *access)
{
    uint32_t address = core_register(uc, clock, access->base) + (uint32_t)access->displacement;
    if (access->index != NO_REGISTER)
        address += core_register(uc, clock, access->index) << access->shift;
    return address;
}

static int passes(uint32_t condition, uint32_t cpsr)
{
    uint32_t n = cpsr >> 31, z = cpsr >> 30 & 1, c = cpsr >> 29 & 1, v = cpsr >> 28 & 1, result;
    switch (condition >> 1) {
    case 0: result = z; break;
    case 1: result = c; break;
    case 2: result = n; break;
    case 3: result = v; break;
    case 4: result = c && !z; break;
    case 5: result = n == v; break;
    case 6: result = n == v && !z; break;
    default: return 1;
    }
    return result != (condition & 1);
}

/* What an IT saves by skipping: its block was charged as if everything was executed. */
static uint32_t skipped_cycles(uc_engine *uc, const struct clock *clock, uint32_t operand)
{
    uint32_t condition = operand >> 4 & 15, mask = operand & 15, cpsr = 0, cycles = 0;
    uint32_t length = 4 - (uint32_t)__builtin_ctz(mask);
    clock->reg_read(uc, UC_ARM_REG_CPSR, &cpsr);
    for (uint32_t n = 0; n < length; n++) {
        uint32_t own = n == 0 ? condition : (condition & 14) | (mask >> (4 - n) & 1);
        if (!passes(own, cpsr))
            cycles += operand >> (8 + 6 * n) & 63;
    }
    return cycles;
}

/* What an instruction costs more, or less, than its block was charged; `Account.refund` takes it back if we stop here. */
static void charge_instruction(struct clock *clock, uint32_t address, int32_t cycles)
{
    clock->cycles += (uint64_t)(int64_t)cycles;
    clock->hook_at = address;
    clock->hook_cycles = cycles;
    clock->hook_instructions = clock->instructions;
}

static void on_instruction(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
    struct hook *hook = user;
    struct clock *clock = hook->clock;
    (void)size;
    if (clock->stop != STOP_NONE) { /* asked for inside the IT block before this instruction */
        clock->emu_stop(uc);
        return;
    }
    if (!hook->enabled)
        return;
    if (hook->kind == HOOK_SKIP) {
        charge_instruction(clock, (uint32_t)address, -(int32_t)skipped_cycles(uc, clock, hook->operand));
        return;
    }
    if (hook->kind == HOOK_WATCH && clock->passed_hook == (uint32_t)address) {
        clock->passed_hook = 1;
        return;
    }
    if (hook->kind == HOOK_ALIGNMENT && !(effective_address(uc, clock, hook->access) & hook->operand))
        return;
    if (hook->kind == HOOK_DIVIDE) {
        uint32_t word = hook->operand, divisor = core_register(uc, clock, (uint8_t)(word & 15));
        if (hook->enabled & DIVIDE_CHARGES) {
            uint32_t dividend = core_register(uc, clock, (uint8_t)(word >> 16 & 15));
            charge_instruction(clock, (uint32_t)address, (int32_t)divide_cycles(dividend, divisor, !(word >> 21 & 1)));
        }
        if (divisor != 0 || !(hook->enabled & DIVIDE_TRAPS))
            return;
    }
    clock->pc = (uint32_t)address;
    clock->detail_value = hook->number;
    attend(clock); /* inside an IT block Unicorn does not listen: the next block asks again */
    stop(uc, clock, STOP_HOOK);
}

static void on_sev(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
    (void)uc, (void)address, (void)size;
    ((struct clock *)user)->sev = 1;
}

static void on_interrupt(uc_engine *uc, uint32_t number, void *user)
{
    struct clock *clock = user;
    clock->detail_value = number;
    stop(uc, clock, STOP_INTERRUPT);
}

/* The devices are mapped without rights, so that Unicorn asks here first, with PC brought up to date: this tells which
 * instruction of the running block makes the access, and when. */
static int on_access(uc_engine *uc, uc_mem_type type, uint64_t physical, int size, int64_t value, void *user)
{
    struct clock *clock = user;
    uint32_t offset, cpsr = 0;

    clock->pc = core_register(uc, clock, 15);
    clock->now = clock->cycles;
    clock->now_instructions = clock->instructions;
    offset = clock->pc - clock->address;
    const struct block *block = clock->block;
    if (block != NULL && offset < block->detail->size) {
        const struct place *place = &block->detail->places[offset >> 1];
        clock->now -= (uint32_t)block->cycles - place->start + divides_from(block->detail, place->ordinal);
        if (block->key >> 16 & BLOCK_UNALIGNED)
            clock->now -= unaligned_from(block->detail, offset) * clock->unaligned_load.best;
        clock->now_instructions -= (uint32_t)block->instructions - place->ordinal;
    }
    if (type == UC_MEM_READ_PROT && (uint32_t)physical >> 29 == 2) /* 0x40000000 to 0x5FFFFFFF */
        spend(clock, &clock->peripheral_load, 1);
    clock->reg_read(uc, UC_ARM_REG_CPSR, &cpsr);
    clock->it_state = cpsr & IT_BITS;
    if (clock->it_state) { /* bringing PC up to date leaves ITSTATE behind, which would skip later code */
        cpsr &= ~IT_BITS;
        clock->reg_write(uc, UC_ARM_REG_CPSR, &cpsr);
    }
    if (type == UC_MEM_WRITE_PROT && (uint32_t)physical == ICSR && value & NMIPENDSET) {
        clock->detail_value = ICSR; /* refusals.py stores it, so that NMI comes exactly behind this instruction */
        clock->stop = STOP_DENIED;
        return 0;
    }
    for (uint32_t i = 0; i < clock->guard_count; i++) {
        const struct guard *guard = &clock->guards[i];
        uint32_t at = (uint32_t)physical - guard->physical;
        if (at < guard->size) {
            uint8_t rights = guard->rights[at >> 5] & guard->rights[(at + (uint32_t)size - 1) >> 5];
            uint8_t wanted = type == UC_MEM_WRITE_PROT ? 2 : 1;
            if (!privileged(uc, clock))
                wanted <<= 2;
            if (!(rights & wanted)) {
                clock->detail_value = guard->base + at;
                clock->stop = STOP_DENIED;
                return 0;
            }
        }
    }
    return 1;
}

static uint64_t on_guarded_read(uc_engine *uc, uint64_t offset, unsigned size, void *user)
{
    const struct guard *guard = user;
    uint64_t value = 0;
    (void)uc;
    memcpy(&value, guard->memory + offset, size);
    return value;
}

static void on_guarded_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value, void *user)
{
    const struct guard *guard = user;
    (void)uc;
    memcpy(guard->memory + offset, &value, size);
}

struct window {
    struct clock *clock;
    uint32_t base;
};

static uint64_t on_read(uc_engine *uc, uint64_t offset, unsigned size, void *user)
{
    const struct window *window = user;
    struct clock *clock = window->clock;
    uint32_t address = window->base + (uint32_t)offset;
    (void)uc;
    if (address == clock->polled && size == 4 && clock->now < clock->deadline)
        return clock->polled_value;
    clock->polled = NOT_POLLED;
    return clock->read(address, size);
}

static void on_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value, void *user)
{
    const struct window *window = user;
    (void)uc;
    window->clock->polled = NOT_POLLED;
    window->clock->write(window->base + (uint32_t)offset, size, (uint32_t)value);
}

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_hot", "Addresses of the native callbacks, for uc_hook_add.", -1, NULL, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__hot(void)
{
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL)
        return NULL;
    if (ADDRESS(on_block) || ADDRESS(on_plain_block) || ADDRESS(on_instruction) || ADDRESS(on_sev) || ADDRESS(on_interrupt) || ADDRESS(on_read) ||
        ADDRESS(on_write) || ADDRESS(on_access) || ADDRESS(on_guarded_read) || ADDRESS(on_guarded_write) ||
        SIZE(access) || SIZE(check) || SIZE(operand) || SIZE(divide) || SIZE(probe) || SIZE(span) ||
        SIZE(detail) || SIZE(block) || SIZE(region) || SIZE(clock) || SIZE(hook) || SIZE(window) || SIZE(place) ||
        SIZE(stack) || SIZE(guard) || add_calls(module) || add_stacks(module) || add_waves(module)) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
