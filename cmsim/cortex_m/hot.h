/* The structures that native code and Python share, and what its files use of each other.
 *
 * Mirrored in hot.py; both sides check the sizes at import.
 */
#ifndef CMSIM_HOT_H
#define CMSIM_HOT_H
#include <stdint.h>
#include <string.h>
#include <unicorn/unicorn.h>

#include "stacks.h"

enum {
    BLOCK_WATCHED = 1,  /* somebody waits for this address */
    BLOCK_FP = 2,       /* contains floating-point instructions */
    BLOCK_MASKS = 4,    /* may change PRIMASK, FAULTMASK, BASEPRI or CONTROL */
    BLOCK_CHECKED = 8,  /* has alignment checks, divides or unaligned loads */
    BLOCK_STACK = 16,   /* lowers SP */
    BLOCK_ALLOCA = 32,  /* changes SP by an amount that only running it tells */
    BLOCK_CHANGES = 64, /* its checks may come out differently when it follows itself */
    BLOCK_DRIFTS = 128, /* the alignment of its loads may be another when it follows itself */
    BLOCK_UNALIGNED = 256, /* it was seen to load from unaligned addresses, and is looked at each time; CHECKED too */
    BLOCK_FAULTMASK = 512, /* may set or clear FAULTMASK, which decides whether the MPU counts */
};

enum fetch_mode { FETCH_FREE, FETCH_LINES, FETCH_CACHED, FETCH_PROFILED };
#define CACHE_SETS 64
#define NO_REGISTER 255
#define MOST_POLLED 8

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
    uint32_t load_store, folded; /* what the block adds to the counters of that name */
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
    uint32_t polled_count; /* words of devices that read the same until Python is asked for anything that may change them */
    uint32_t polled[MOST_POLLED], polled_values[MOST_POLLED];
    uint64_t load_store, folded; /* cycles of loads and stores beyond their first, instructions of none; while `counting` */
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
    uint32_t counting, pad; /* what DWT's profiling counters count beyond cycles and instructions is wanted */
    uint32_t paid, paid_size; /* a block that is charged already: the rest of one that we stopped in; odd: none */
    struct span flash_line, cache_miss, flash_load, peripheral_load, unaligned_load;
    uint64_t hits, misses;
    struct cache_set cache[CACHE_SETS];
};

static const int core_registers[16] = {
    UC_ARM_REG_R0, UC_ARM_REG_R1, UC_ARM_REG_R2, UC_ARM_REG_R3, UC_ARM_REG_R4, UC_ARM_REG_R5,
    UC_ARM_REG_R6, UC_ARM_REG_R7, UC_ARM_REG_R8, UC_ARM_REG_R9, UC_ARM_REG_R10, UC_ARM_REG_R11,
    UC_ARM_REG_R12, UC_ARM_REG_SP, UC_ARM_REG_LR, UC_ARM_REG_PC,
};

static inline uint32_t core_register(uc_engine *uc, const struct clock *clock, uint8_t number)
{
    uint32_t value = 0;
    clock->reg_read(uc, core_registers[number & 15], &value);
    return value;
}

static inline int privileged(uc_engine *uc, const struct clock *clock)
{
    uint32_t control = 0, ipsr = 0;
    clock->reg_read(uc, UC_ARM_REG_CONTROL, &control);
    clock->reg_read(uc, UC_ARM_REG_IPSR, &ipsr);
    return (ipsr & 0x1FF) != 0 || !(control & 1);
}

static inline void stop(uc_engine *uc, struct clock *clock, enum stop reason)
{
    clock->stop = reason;
    clock->emu_stop(uc);
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

/* The next block needs a look in any case. */
static inline void attend(struct clock *clock)
{
    clock->deadline = clock->limit = 0;
}

/* _operands.c */
int misaligned(uc_engine *uc, struct clock *clock, const struct block *block);
int divides_by_zero(uc_engine *uc, struct clock *clock, const struct block *block);
uint32_t divide_cycles(uint32_t dividend, uint32_t divisor, int is_signed);
uint32_t divides(uc_engine *uc, const struct clock *clock, const struct detail *detail);
uint32_t divides_from(const struct detail *detail, uint32_t ordinal);
uint32_t look_at_alignment(uc_engine *uc, const struct clock *clock, struct block *block);
uint32_t unaligned_from(const struct detail *detail, uint32_t offset);

#endif
