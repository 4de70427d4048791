/* What Unicorn calls at the edge of the memory map: an access to a device happens at the moment of its instruction, which
 * PC and the block's list of places tell.
 */
#include "module.h"

#include "hot.h"

#define IT_BITS 0x0600FC00u
#define ICSR 0xE000ED04u
#define NMIPENDSET 0x80000000u

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
    if (type == UC_MEM_READ_PROT && (uint32_t)physical >> 29 == 2) { /* 0x40000000 to 0x5FFFFFFF */
        spend(clock, &clock->peripheral_load, 1);
        clock->load_store += clock->peripheral_load.best;
    }
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
    if (clock->now >= clock->deadline)
        clock->polled_count = 0;
    for (uint32_t i = 0; i < clock->polled_count; i++)
        if (address == clock->polled[i] && size == 4)
            return clock->polled_values[i];
    return clock->read(address, size);
}

static void on_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value, void *user)
{
    const struct window *window = user;
    (void)uc;
    window->clock->polled_count = 0;
    window->clock->write(window->base + (uint32_t)offset, size, (uint32_t)value);
}

int add_devices(PyObject *module)
{
    return ADDRESS(on_access) || ADDRESS(on_read) || ADDRESS(on_write) || ADDRESS(on_guarded_read) ||
           ADDRESS(on_guarded_write) || SIZE(window) || SIZE(guard) || SIZE(place);
}
