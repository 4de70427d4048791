/* Cycles of the blocks that lie in a stretch of memory: code in RAM draws another current than code in flash.
 *
 * While that is asked for, `on_area_block` stands in front of whichever block hook there is, and calls it; otherwise
 * nothing here runs. Mirrored in code_areas.py; both sides check the size of the structure at import.
 */
#include "module.h"

#include <unicorn/unicorn.h>

struct code_area {
    const uint64_t *cycles; /* of the clock */
    void (*inner)(uc_engine *, uint64_t, uint32_t, void *);
    void *inner_user;
    uint64_t spent;
    uint32_t base, size;
};

static void on_area_block(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
    struct code_area *area = user;
    uint64_t before = *area->cycles;
    area->inner(uc, address, size, area->inner_user);
    if ((uint32_t)address - area->base < area->size)
        area->spent += *area->cycles - before;
}

int add_areas(PyObject *module)
{
    return ADDRESS(on_area_block) || SIZE(code_area);
}
