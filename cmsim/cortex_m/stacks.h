/* Stacks: what `_hot.c`, `_calls.c` and `_stacks.c` have in common. */
#ifndef CMSIM_STACKS_H
#define CMSIM_STACKS_H
#include <stddef.h>
#include <stdint.h>

enum { STACK_PATHS = 6 };

/* A stack whose deepest use is wanted. */
struct stack {
    uint32_t low, high, deepest;
    uint32_t guard; /* SP below it is an overflow; 0: the limit is not known, or passed already */
    uint32_t at;    /* the block in which SP came down to `deepest` */
    uint32_t paths; /* of `nodes`, which lead there in the call tree: what was interrupted on this stack, then who runs */
    uint32_t nodes[STACK_PATHS];
};

/* The stack that `sp` points into, `last` if that is one: at a border both neighbours could be meant. The lower one is,
 * empty as yet, if `last` was never seen to be full. */
static inline struct stack *find_stack(struct stack *stacks, uint32_t count, struct stack *last, uint32_t sp)
{
    if (last != NULL && sp - last->low <= last->high - last->low && (sp != last->low || last->deepest <= sp))
        return last;
    for (uint32_t i = 0; i < count; i++)
        if (sp - stacks[i].low <= stacks[i].high - stacks[i].low)
            return &stacks[i];
    return NULL;
}

#endif
