/* Context switches put registers on a thread's stack while a handler runs on another one: STMDB and VSTMDB through the
 * register that holds PSP. A hook in front of such an instruction tells how deep that is; there are one or two of them
 * in a kernel. Mirrored in stack_saves.py, where both sides' sizes are compared.
 */
#include "module.h"
#include "stacks.h"

#include <unicorn/unicorn.h>

/* One such instruction. */
struct stack_save {
    uc_err (*reg_read)(uc_engine *, int, void *);
    struct stack *stacks, **deeper;
    const uint32_t *count;
    uint32_t base, size; /* Unicorn's number of the register, bytes that are stored below it */
};

static void on_stack_save(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
    const struct stack_save *save = user;
    uint32_t pointer = 0;
    (void)size;
    save->reg_read(uc, (int)save->base, &pointer);
    struct stack *stack = find_stack(save->stacks, *save->count, NULL, pointer);
    if (stack == NULL || pointer - save->size >= stack->deepest)
        return;
    stack->deepest = pointer - save->size;
    stack->at = (uint32_t)address;
    *save->deeper = stack;
}

int add_stacks(PyObject *module)
{
    return ADDRESS(on_stack_save) || SIZE(stack_save);
}
