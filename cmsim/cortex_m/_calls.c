/* The call tree: which function each cycle belongs to, by following control from block to block.
 *
 * While profiling, `on_profiled_block` stands in for `on_block` and calls it; otherwise nothing here runs. Blocks inside
 * the running function pass by two comparisons. Any other arrival is a call (LR points behind the block before), a
 * return (to a frame's return address with its SP), a longjmp (frames below SP are gone) or a tail call. What a way
 * between two blocks was once found to be, it is again: `edges` remembers calls, tail calls and loops to an entry.
 *
 * A context is one flow of control: a thread, or an exception that is being handled. Python tells of exceptions, and of
 * Thread mode's going on to another stack by itself. There the running function goes on in a frame of its own, under
 * which nothing is gone whatever SP is, until SP is again what it was.
 * Cycles go to a node as the difference of the clock between two transfers, so that all nodes together have every
 * cycle, whatever charged it.
 *
 * Mirrored in calls.py; both sides check the sizes of the structures at import.
 */
#include "module.h"
#include "stacks.h"

#include <stdint.h>
#include <string.h>
#include <unicorn/unicorn.h>

enum { DEPTH = 512, CONTEXTS = 64, NESTING = 64, MOVES = 16, EDGES = 4096, RECENT = 64 };
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
    uint32_t low, span;                /* of the function, without its entry */
};

/* The way from a block that ends at `from` to the one at `to`, while `node` runs: what it was found to be. */
struct call_edge {
    uint32_t from, to, node, kind; /* enum edge_kind */
    struct call_frame frame;       /* that it leads to; SP is each time's own */
};

enum edge_kind { EDGE_NONE, EDGE_LOOP, EDGE_CALL, EDGE_TAIL, EDGE_RETURN };

struct call_entry {
    uint64_t cycles;
    uint32_t node, unused;
};

struct call_context {
    uint32_t used, depth, previous_end, sp, pc; /* the latter three while it is suspended */
    struct call_frame frames[DEPTH];
};

struct call_region {
    uint32_t base, size;
    uint16_t *functions; /* one a halfword; 0: no symbol covers it */
};

/* How a thread began. */
struct call_begin {
    uint32_t sp, pc;
};

struct calls {
    const uint64_t *cycles, *instructions;
    void (*inner)(uc_engine *, uint64_t, uint32_t, void *);
    void *inner_user;
    uc_err (*reg_read)(uc_engine *, int, void *);
    struct stack **deeper;    /* that of the clock */
    uint64_t marked_cycles, marked_instructions; /* up to here everything belongs to some node */
    struct call_frame *top;   /* of the running function; what the context's `depth` was last is older */
    struct call_frame *deepest; /* the last that the context has room for */
    struct call_node *node;
    uint32_t previous_end;    /* of the block before */
    uint32_t loop_from, loop_to; /* the last EDGE_LOOP that was taken */
    uint32_t current, nested, threads;
    uint32_t node_count, node_limit, function_count, function_limit, hash_mask, region_count, lost;
    struct call_node *nodes;
    uint32_t *hash;           /* node + 1 by (parent, function) */
    struct call_function *functions;
    struct call_region *regions;
    struct call_context *contexts;
    struct call_edge *edges;
    uint64_t entered;         /* functions so far: the last ones are in `recent` */
    uint32_t nesting[NESTING];
    struct call_begin began[LAST_THREAD - FIRST_THREAD]; /* of each thread */
    struct call_entry recent[RECENT];
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

static void settle(struct calls *calls, uint64_t cycles, uint64_t instructions)
{
    struct call_node *node = calls->node;
    node->cycles += cycles - calls->marked_cycles; /* modulo 2^64: a refund after the mark is fine */
    node->instructions += instructions - calls->marked_instructions;
    calls->marked_cycles = cycles;
    calls->marked_instructions = instructions;
}

/* What the fast path works with, after any change of the innermost frame. */
static void refresh(struct calls *calls)
{
    struct call_context *context = &calls->contexts[calls->current];
    calls->top = &context->frames[context->depth - 1];
    calls->deepest = &context->frames[DEPTH - 1];
    calls->node = &calls->nodes[calls->top->node];
}

/* The current context, with `depth` brought up to date. */
static struct call_context *context_of(struct calls *calls)
{
    struct call_context *context = &calls->contexts[calls->current];
    context->depth = (uint32_t)(calls->top - context->frames) + 1;
    return context;
}

/* A stack came to a new depth since anybody looked: it was the innermost function's doing, on top of what handlers have
 * interrupted on the same stack. */
static __attribute__((noinline)) void deepen_path(struct calls *calls)
{
    struct stack *stack = *calls->deeper;
    uint32_t count = 0;
    for (uint32_t i = 0; i < calls->nested && count < STACK_PATHS - 1; i++) {
        const struct call_context *context = &calls->contexts[calls->nesting[i]];
        if (context->sp - stack->low <= stack->high - stack->low)
            stack->nodes[count++] = context->frames[context->depth - 1].node;
    }
    stack->nodes[count++] = calls->top->node;
    stack->paths = count;
    *calls->deeper = NULL;
}

static struct call_frame frame_of(const struct calls *calls, uint32_t node, uint32_t function, uint32_t back,
                                  uint32_t sp)
{
    const struct call_function *f = &calls->functions[function];
    uint32_t low = f->entry + 2;
    return (struct call_frame){node, function, back, sp, low, f->end > low ? f->end - low : 0};
}

static void remember(struct calls *calls, uint64_t cycles, uint32_t node)
{
    calls->nodes[node].calls++;
    calls->recent[calls->entered++ % RECENT] = (struct call_entry){cycles, node, 0};
}

/* 0 if there is no room: its cycles stay with the caller. */
static int push(struct calls *calls, struct call_frame frame)
{
    struct call_context *context = &calls->contexts[calls->current];
    if (context->depth == DEPTH) {
        calls->lost++;
        return 0;
    }
    context->frames[context->depth++] = frame;
    return 1;
}

static void begin_context(struct calls *calls, uint32_t number, uint32_t function)
{
    struct call_context *context = &calls->contexts[number];
    uint32_t node = child(calls, 0, function);
    calls->nodes[node].calls++;
    context->used = context->depth = 1;
    context->frames[0] = (struct call_frame){node, function, NOWHERE, NOWHERE, 0, 0};
    calls->current = number;
    calls->previous_end = 0;
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

/* The context that was suspended at `sp`, and at `pc` unless that is 0; CONTEXTS if there is none. */
static uint32_t suspended(const struct calls *calls, uint32_t sp, uint32_t pc)
{
    uint32_t i = 0;
    while (i < CONTEXTS && !(calls->contexts[i].used && calls->contexts[i].sp == sp && !waits(calls, i) &&
                             i != calls->current && (pc == 0 || calls->contexts[i].pc == pc)))
        i++;
    return i;
}

/* A thread begins. Where one began before it is that one's stack, and what was left there is gone. */
static void begin_thread(struct calls *calls, uint32_t sp, uint32_t pc)
{
    uint32_t n = 0;
    while (n < calls->threads && calls->began[n].sp != sp)
        n++;
    for (uint32_t i = 0; i < CONTEXTS && n < calls->threads; i++)
        if (calls->contexts[i].frames[0].function == FIRST_THREAD + n && !waits(calls, i))
            calls->contexts[i].used = 0;
    if (n == calls->threads && n < LAST_THREAD - FIRST_THREAD) /* the last number is that of all further ones */
        calls->began[calls->threads++] = (struct call_begin){sp, pc};
    begin_context(calls, free_context(calls), FIRST_THREAD + n);
}

static int began(const struct calls *calls, uint32_t sp, uint32_t pc)
{
    for (uint32_t n = 0; n < calls->threads; n++)
        if (calls->began[n].sp == sp && calls->began[n].pc == pc)
            return 1;
    return 0;
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

static int is_entry(const struct calls *calls, uint32_t address)
{
    const struct call_region *region = find(calls, address);
    uint32_t function = region == NULL ? NO_FUNCTION : region->functions[(address - region->base) >> 1];
    return function != NO_FUNCTION && calls->functions[function].entry == address;
}

static struct call_edge *edge_of(const struct calls *calls, uint32_t address)
{
    uint32_t mixed = calls->previous_end * 0x9E3779B1u ^ address * 0x85EBCA6Bu ^ calls->top->node * 0xC2B2AE35u;
    return &calls->edges[mixed >> 16 & (EDGES - 1)];
}

static int matches(const struct call_edge *edge, const struct calls *calls, uint32_t address)
{
    return edge->to == address && edge->from == calls->previous_end && edge->node == calls->top->node;
}

static void note(const struct calls *calls, uint32_t address, uint32_t node, uint32_t kind, struct call_frame frame)
{
    if (calls->previous_end != 0)
        *edge_of(calls, address) = (struct call_edge){calls->previous_end, address, node, kind, frame};
}

/* Whatever is neither a return to the innermost frame nor a way that was judged before. */
static __attribute__((noinline)) void arrive(uc_engine *uc, struct calls *calls, uint32_t address, uint64_t cycles,
                                             uint64_t instructions)
{
    const struct call_region *region = find(calls, address);
    uint16_t *slot = region == NULL ? NULL : &region->functions[(address - region->base) >> 1];
    uint32_t function = slot == NULL ? NO_FUNCTION : *slot;
    int at_entry = function != NO_FUNCTION && calls->functions[function].entry == address;
    struct call_context *context = context_of(calls);
    const struct call_frame *frame = calls->top;

    if (function != NO_FUNCTION && function == frame->function && !at_entry && address != frame->back) {
        note(calls, address, frame->node, EDGE_LOOP, *frame); /* a part of the function that lies elsewhere */
        return;
    }
    uint32_t sp = reg(uc, calls, UC_ARM_REG_SP), lr = reg(uc, calls, UC_ARM_REG_LR) & ~1u;
    int called = address != calls->previous_end && calls->previous_end != 0 && lr == calls->previous_end;
    settle(calls, cycles, instructions);
    if (!called)
        for (uint32_t i = context->depth; i-- > 1 && context->frames[i].sp <= sp;)
            if (context->frames[i].back == address && context->frames[i].sp == sp) {
                context->depth = i;
                refresh(calls);
                return;
            }
    uint32_t depth = context->depth, from = frame->node, lost = calls->lost;
    while (context->depth > 1 && context->frames[context->depth - 1].sp < sp)
        context->depth--;
    int popped = context->depth != depth;
    refresh(calls);
    if (called || context->depth == 1) { /* the latter: the first function of its context */
        if (function == NO_FUNCTION)
            function = nameless(calls, address, slot);
        uint32_t node = child(calls, calls->top->node, function);
        uint32_t back = called && !is_entry(calls, lr) ? lr : NOWHERE; /* a call that nothing follows never returns */
        struct call_frame entered = frame_of(calls, node, function, back, sp);
        if (called && !popped && calls->lost == lost)
            note(calls, address, from, EDGE_CALL, entered);
        remember(calls, cycles, node);
        push(calls, entered);
    } else if (function != NO_FUNCTION && function != calls->top->function) { /* a tail call, or falling into the next */
        struct call_frame *tail = calls->top;
        uint32_t node = child(calls, context->frames[context->depth - 2].node, function);
        struct call_frame entered = frame_of(calls, node, function, tail->back, tail->sp);
        if (at_entry && !popped && calls->lost == lost)
            note(calls, address, from, EDGE_TAIL, entered);
        *tail = entered;
        if (at_entry)
            remember(calls, cycles, node);
    } else if (at_entry && !popped) {
        note(calls, address, from, EDGE_LOOP, *calls->top);
    }
    refresh(calls);
}

/* To where the innermost frame returns to, or along a way that is known: 0 if it must be looked at. */
static inline int arrive_quickly(uc_engine *uc, struct calls *calls, uint32_t address, uint64_t cycles,
                                 uint64_t instructions)
{
    struct call_frame *top = calls->top;
    const struct call_edge *edge = edge_of(calls, address);
    int known = matches(edge, calls, address);
    if (address == top->back) {
        if (!known || edge->kind != EDGE_RETURN) {
            if (reg(uc, calls, UC_ARM_REG_SP) != top->sp)
                return 0;
            note(calls, address, top->node, EDGE_RETURN, *top);
        }
        settle(calls, cycles, instructions);
        calls->top = --top;
        calls->node = &calls->nodes[top->node];
        return 1;
    }
    if (!known || edge->kind == EDGE_RETURN)
        return 0;
    if (edge->kind == EDGE_LOOP) {
        calls->loop_from = edge->from;
        calls->loop_to = edge->to;
        return 1;
    }
    uint32_t sp = reg(uc, calls, UC_ARM_REG_SP);
    if (sp > top->sp)
        return 0; /* frames are gone */
    settle(calls, cycles, instructions);
    remember(calls, cycles, edge->frame.node);
    if (edge->kind == EDGE_TAIL) {
        uint32_t back = top->back;
        sp = top->sp;
        *top = edge->frame;
        top->back = back;
    } else if (top == calls->deepest) {
        calls->lost++;
        return 1;
    } else {
        *++top = edge->frame;
        calls->top = top;
    }
    top->sp = sp;
    calls->node = &calls->nodes[top->node];
    return 1;
}

/* Whether a block at `address` goes on with the running function, as far as a look tells. */
static inline int stays(const struct calls *calls, uint32_t address)
{
    const struct call_frame *top = calls->top;
    return (address - top->low < top->span && address != top->back) ||
           (address == calls->loop_to && calls->previous_end == calls->loop_from);
}

static __attribute__((noinline)) void on_arrival(uc_engine *uc, uint32_t address, uint32_t size, struct calls *calls)
{
    uint64_t cycles = *calls->cycles, instructions = *calls->instructions;

    if (*calls->deeper != NULL) /* since the last arrival */
        deepen_path(calls);
    calls->inner(uc, address, size, calls->inner_user);
    if (*calls->instructions == instructions)
        return; /* not now: it is announced again when its time comes */
    if (!stays(calls, address) && !arrive_quickly(uc, calls, address, cycles, instructions))
        arrive(uc, calls, address, cycles, instructions);
    if (*calls->deeper != NULL)
        deepen_path(calls);
    calls->previous_end = address + size;
}

static void on_profiled_block(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
    struct calls *calls = user;

    if (stays(calls, (uint32_t)address)) {
        calls->previous_end = (uint32_t)address + size;
        calls->inner(uc, address, size, calls->inner_user);
    } else {
        on_arrival(uc, (uint32_t)address, size, calls);
    }
}

/* An exception begins (ENTER; `sp` and `pc` of what it interrupts), follows another (CHAIN) or returns (both behind it).
 * Cycles up to `until` belong to what ran before. */
static void calls_switch(struct calls *calls, uint32_t kind, uint32_t function, uint32_t sp, uint32_t pc,
                         uint64_t until)
{
    settle(calls, until, *calls->instructions);
    context_of(calls);
    if (*calls->deeper != NULL)
        deepen_path(calls);
    if (kind == CHAIN) {
        begin_context(calls, calls->current, function);
    } else if (kind == ENTER) {
        struct call_context *context = &calls->contexts[calls->current];
        context->sp = sp;
        context->pc = pc;
        context->previous_end = calls->previous_end;
        if (calls->nested < NESTING)
            calls->nesting[calls->nested++] = calls->current;
        begin_context(calls, free_context(calls), function);
    } else if (calls->nested > 0) {
        uint32_t next = calls->nesting[--calls->nested];
        calls->contexts[calls->current].used = 0;
        if (calls->nested == 0 && calls->contexts[next].sp != sp) { /* another thread goes on */
            next = suspended(calls, sp, pc);
            if (next == CONTEXTS && !began(calls, sp, pc)) /* its kernel may let it go on elsewhere */
                next = suspended(calls, sp, 0);
        }
        if (next == CONTEXTS) {
            begin_thread(calls, sp, pc);
        } else {
            calls->current = next;
            calls->previous_end = calls->contexts[next].previous_end;
        }
    }
    refresh(calls);
}

static void calls_sleep(struct calls *calls, uint32_t asleep)
{
    struct call_context *context = context_of(calls);
    settle(calls, *calls->cycles, *calls->instructions);
    if (asleep) {
        uint32_t node = child(calls, calls->top->node, SLEEP);
        calls->nodes[node].calls++;
        push(calls, (struct call_frame){node, SLEEP, NOWHERE, 0, 0, 0});
    } else if (calls->top->function == SLEEP) {
        context->depth--;
    }
    refresh(calls);
}

/* The next instruction takes SP from `left` to `sp`, on another stack: back to where a function left it, or onwards. */
static void calls_moved(struct calls *calls, uint32_t left, uint32_t sp)
{
    struct call_context *context = context_of(calls);
    uint32_t moves = 0;
    for (uint32_t i = context->depth; i-- > 1;)
        if (context->frames[i].sp == NOWHERE && ++moves && context->frames[i].back == (sp | 1)) {
            settle(calls, *calls->cycles, *calls->instructions);
            context->depth = i; /* what waits on the stack that is left is forgotten, not what it cost */
            refresh(calls);
            return;
        }
    struct call_frame moved = *calls->top;
    moved.back = left | 1; /* odd: nothing arrives there */
    moved.sp = NOWHERE;
    if (moves < MOVES)
        push(calls, moved);
    refresh(calls);
}

/* Everything up to now belongs to its node: before anybody reads. */
static void calls_settle(struct calls *calls)
{
    settle(calls, *calls->cycles, *calls->instructions);
    if (*calls->deeper != NULL)
        deepen_path(calls);
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

int add_calls(PyObject *module)
{
    return ADDRESS(on_profiled_block) || ADDRESS(calls_switch) || ADDRESS(calls_sleep) || ADDRESS(calls_moved) ||
           ADDRESS(calls_settle) || ADDRESS(calls_reset) || SIZE(call_node) || SIZE(call_function) || SIZE(call_context) || SIZE(call_edge) ||
           SIZE(call_entry) || SIZE(call_region) || SIZE(calls);
}
