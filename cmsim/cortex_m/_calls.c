/* The call tree: which function each cycle belongs to, by following control from block to block.
 *
 * While profiling, `on_profiled_block` stands in for `on_block` and calls it; otherwise nothing here runs. Blocks inside
 * the running function pass by two comparisons. Any other arrival is a call (LR points behind the block before), a
 * return (to a frame's return address with its SP), a longjmp (frames below SP are gone) or a tail call.
 *
 * A context is one flow of control: a thread, or an exception that is being handled. Python tells of exceptions.
 * Cycles go to a node as the difference of the clock between two transfers, so that all nodes together have every
 * cycle, whatever charged it.
 *
 * Mirrored in calls.py; both sides check the sizes of the structures at import.
 */
#include "calls.h"

#include <stdint.h>
#include <string.h>
#include <unicorn/unicorn.h>

enum { DEPTH = 512, CONTEXTS = 64, NESTING = 64 };
enum { NO_FUNCTION, SLEEP, MAIN, FIRST_THREAD, LAST_THREAD = FIRST_THREAD + 63 }; /* pseudo-functions */
enum { ENTER, CHAIN, RETURN };
#define NOWHERE 0xFFFFFFFFu /* an odd return address: nothing arrives there */

struct call_node {
    uint32_t parent, function;
    uint64_t cycles, instructions, calls;
};

struct call_function {
    uint32_t entry, end; /* code without a gap from its entry */
};

struct call_frame {
    uint32_t node, function, back, sp; /* SP as it was at the entry */
};

struct call_context {
    uint32_t used, depth, previous_end, sp; /* the latter two while it is suspended */
    struct call_frame frames[DEPTH];
};

struct call_region {
    uint32_t base, size;
    uint16_t *functions;         /* one a halfword; 0: no symbol covers it */
    uint64_t *runs, *cost, *fell; /* of the block that starts there; NULL unless lines are counted. `fell`: how often
                                   * the block was followed by the next one in memory */
};

struct calls {
    const uint64_t *cycles, *instructions;
    void (*inner)(uc_engine *, uint64_t, uint32_t, void *);
    void *inner_user;
    uc_err (*reg_read)(uc_engine *, int, void *);
    uint64_t marked_cycles, marked_instructions; /* up to here everything belongs to some node */
    uint64_t *previous_fell;
    uint32_t low, span, back; /* of the running function, without its entry */
    uint32_t previous_end;    /* of the block before */
    uint32_t current, nested, threads;
    uint32_t node_count, node_limit, function_count, function_limit, hash_mask, region_count, lost;
    struct call_node *nodes;
    uint32_t *hash;           /* node + 1 by (parent, function) */
    struct call_function *functions;
    struct call_region *regions;
    struct call_context *contexts;
    uint32_t nesting[NESTING];
};

static uint32_t child(struct calls *calls, uint32_t parent, uint32_t function)
{
    uint32_t at = (parent * 0x9E3779B1u ^ function * 0x85EBCA6Bu) >> 7;
    for (;; at++) {
        uint32_t found = calls->hash[at & calls->hash_mask];
        if (found == 0)
            break;
        if (calls->nodes[found - 1].parent == parent && calls->nodes[found - 1].function == function)
            return found - 1;
    }
    if (calls->node_count == calls->node_limit) { /* its cycles stay with the caller */
        calls->lost++;
        return parent;
    }
    struct call_node *node = &calls->nodes[calls->node_count];
    *node = (struct call_node){.parent = parent, .function = function};
    calls->hash[at & calls->hash_mask] = ++calls->node_count;
    return calls->node_count - 1;
}

static struct call_frame *top(const struct calls *calls)
{
    struct call_context *context = &calls->contexts[calls->current];
    return &context->frames[context->depth - 1];
}

static void settle(struct calls *calls, uint64_t cycles, uint64_t instructions)
{
    struct call_node *node = &calls->nodes[top(calls)->node];
    node->cycles += cycles - calls->marked_cycles; /* modulo 2^64: a refund after the mark is fine */
    node->instructions += instructions - calls->marked_instructions;
    calls->marked_cycles = cycles;
    calls->marked_instructions = instructions;
}

/* What the fast path compares with. */
static void refresh(struct calls *calls)
{
    const struct call_frame *frame = top(calls);
    const struct call_function *function = &calls->functions[frame->function];
    calls->low = function->entry + 2;
    calls->span = function->end > calls->low ? function->end - calls->low : 0;
    calls->back = frame->back;
}

static void push(struct calls *calls, uint32_t function, uint32_t back, uint32_t sp)
{
    struct call_context *context = &calls->contexts[calls->current];
    if (context->depth == DEPTH) { /* its cycles stay with the caller */
        calls->lost++;
        return;
    }
    uint32_t node = child(calls, top(calls)->node, function);
    calls->nodes[node].calls++;
    context->frames[context->depth++] = (struct call_frame){node, function, back, sp};
}

static void begin_context(struct calls *calls, uint32_t number, uint32_t function)
{
    struct call_context *context = &calls->contexts[number];
    uint32_t node = child(calls, 0, function);
    calls->nodes[node].calls++;
    context->used = context->depth = 1;
    context->frames[0] = (struct call_frame){node, function, NOWHERE, NOWHERE};
    calls->current = number;
    calls->previous_end = 0;
    calls->previous_fell = NULL;
}

static int waits(const struct calls *calls, uint32_t number)
{
    for (uint32_t i = 0; i < calls->nested; i++)
        if (calls->nesting[i] == number)
            return 1;
    return 0;
}

/* A free context, or that of a thread which sleeps: what it was doing is forgotten, not what it cost. */
static uint32_t free_context(struct calls *calls)
{
    for (uint32_t i = 0; i < CONTEXTS; i++)
        if (!calls->contexts[i].used)
            return i;
    calls->lost++;
    for (uint32_t i = 0; i < CONTEXTS; i++)
        if (i != calls->current && !waits(calls, i))
            return i;
    return calls->current;
}

static uint32_t reg(uc_engine *uc, const struct calls *calls, int number)
{
    uint32_t value = 0;
    calls->reg_read(uc, number, &value);
    return value;
}

/* A function that no symbol names begins where it is called. */
static uint32_t nameless(struct calls *calls, uint32_t address, uint16_t *slot)
{
    if (slot == NULL || calls->function_count == calls->function_limit)
        return NO_FUNCTION;
    calls->functions[calls->function_count] = (struct call_function){address, address};
    *slot = (uint16_t)calls->function_count;
    return calls->function_count++;
}

static const struct call_region *find(const struct calls *calls, uint32_t address)
{
    for (uint32_t i = 0; i < calls->region_count; i++)
        if (address - calls->regions[i].base < calls->regions[i].size)
            return &calls->regions[i];
    return NULL;
}

static __attribute__((noinline)) void arrive(uc_engine *uc, struct calls *calls, uint32_t address, uint64_t cycles,
                                             uint64_t instructions)
{
    const struct call_region *region = find(calls, address);
    uint16_t *slot = region == NULL ? NULL : &region->functions[(address - region->base) >> 1];
    uint32_t function = slot == NULL ? NO_FUNCTION : *slot;
    int at_entry = function != NO_FUNCTION && calls->functions[function].entry == address;
    struct call_context *context = &calls->contexts[calls->current];
    const struct call_frame *frame = top(calls);

    if (function != NO_FUNCTION && function == frame->function && !at_entry && address != frame->back)
        return;
    uint32_t sp = reg(uc, calls, UC_ARM_REG_SP);
    if (address == frame->back && sp == frame->sp && !at_entry) { /* the ordinary return: LR need not be asked for */
        settle(calls, cycles, instructions);
        context->depth--;
        refresh(calls);
        return;
    }
    uint32_t lr = reg(uc, calls, UC_ARM_REG_LR) & ~1u;
    int called = address != calls->previous_end && calls->previous_end != 0 && lr == calls->previous_end;
    settle(calls, cycles, instructions);
    if (!called)
        for (uint32_t i = context->depth; i-- > 1 && context->frames[i].sp <= sp;)
            if (context->frames[i].back == address && context->frames[i].sp == sp) {
                context->depth = i;
                refresh(calls);
                return;
            }
    while (context->depth > 1 && context->frames[context->depth - 1].sp < sp)
        context->depth--;
    if (called) {
        if (function == NO_FUNCTION)
            function = nameless(calls, address, slot);
        push(calls, function, lr, sp);
    } else if (context->depth == 1) { /* the first function of its context */
        if (function == NO_FUNCTION)
            function = nameless(calls, address, slot);
        push(calls, function, NOWHERE, sp);
    } else if (function != NO_FUNCTION && function != top(calls)->function) { /* a tail call, or falling into the next */
        struct call_frame *tail = top(calls);
        tail->node = child(calls, context->frames[context->depth - 2].node, function);
        tail->function = function;
        calls->nodes[tail->node].calls += (uint32_t)at_entry;
    }
    refresh(calls);
}

static void on_profiled_block(uc_engine *uc, uint64_t address64, uint32_t size, void *user)
{
    struct calls *calls = user;
    uint32_t address = (uint32_t)address64;
    uint64_t cycles = *calls->cycles, instructions = *calls->instructions;

    calls->inner(uc, address64, size, calls->inner_user);
    if (*calls->instructions == instructions)
        return; /* not now: it is announced again when its time comes */
    if (address - calls->low >= calls->span || address == calls->back)
        arrive(uc, calls, address, cycles, instructions);
    if (calls->regions[0].runs != NULL) {
        const struct call_region *region = find(calls, address);
        if (region != NULL) {
            uint32_t at = (address - region->base) >> 1;
            if (calls->previous_fell != NULL && address == calls->previous_end)
                ++*calls->previous_fell;
            region->runs[at]++;
            region->cost[at] += *calls->cycles - cycles;
            calls->previous_fell = &region->fell[at];
        }
    }
    calls->previous_end = address + size;
}

/* An exception begins (ENTER; `sp` of what it interrupts), follows another (CHAIN) or returns (`sp` behind it). Cycles
 * up to `began` belong to what ran before. */
static void calls_switch(struct calls *calls, uint32_t kind, uint32_t function, uint32_t sp, uint64_t began)
{
    settle(calls, began, *calls->instructions);
    if (kind == CHAIN) {
        begin_context(calls, calls->current, function);
    } else if (kind == ENTER) {
        struct call_context *context = &calls->contexts[calls->current];
        context->sp = sp;
        context->previous_end = calls->previous_end;
        if (calls->nested < NESTING)
            calls->nesting[calls->nested++] = calls->current;
        begin_context(calls, free_context(calls), function);
    } else if (calls->nested > 0) {
        uint32_t next = calls->nesting[--calls->nested];
        calls->contexts[calls->current].used = 0;
        if (calls->nested == 0 && calls->contexts[next].sp != sp) { /* another thread goes on */
            for (next = 0; next < CONTEXTS; next++)
                if (calls->contexts[next].used && calls->contexts[next].sp == sp)
                    break;
        }
        if (next == CONTEXTS) {
            uint32_t thread = FIRST_THREAD + calls->threads;
            if (thread < LAST_THREAD)
                calls->threads++;
            begin_context(calls, free_context(calls), thread);
        } else {
            calls->current = next;
            calls->previous_end = calls->contexts[next].previous_end;
            calls->previous_fell = NULL;
        }
    }
    refresh(calls);
}

static void calls_sleep(struct calls *calls, uint32_t asleep)
{
    struct call_context *context = &calls->contexts[calls->current];
    settle(calls, *calls->cycles, *calls->instructions);
    if (asleep)
        push(calls, SLEEP, NOWHERE, 0);
    else if (context->depth > 1 && top(calls)->function == SLEEP)
        context->depth--;
    refresh(calls);
}

/* Everything up to now belongs to its node: before anybody reads. */
static void calls_settle(struct calls *calls)
{
    settle(calls, *calls->cycles, *calls->instructions);
}

/* A reset: no call returns. Node 0 is the root of all. */
static void calls_reset(struct calls *calls)
{
    if (calls->node_count == 0)
        calls->nodes[calls->node_count++] = (struct call_node){.parent = NOWHERE};
    else
        settle(calls, *calls->cycles, *calls->instructions);
    for (uint32_t i = 0; i < CONTEXTS; i++)
        calls->contexts[i].used = 0;
    calls->nested = 0;
    begin_context(calls, 0, MAIN);
    refresh(calls);
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

int add_calls(PyObject *module)
{
    return ADD(on_profiled_block) || ADD(calls_switch) || ADD(calls_sleep) || ADD(calls_settle) || ADD(calls_reset) ||
           SIZE(call_node) || SIZE(call_function) || SIZE(call_context) || SIZE(call_region) || SIZE(calls);
}
