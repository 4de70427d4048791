/* What Unicorn calls in front of single instructions, where a block cannot tell enough by itself, and at exceptions. */
#include "module.h"

#include "hot.h"

/* In front of one instruction. */
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

int add_hooks(PyObject *module)
{
    return ADDRESS(on_instruction) || ADDRESS(on_sev) || ADDRESS(on_interrupt) || SIZE(access) || SIZE(hook);
}
