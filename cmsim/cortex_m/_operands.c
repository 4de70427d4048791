/* What a block does and costs by the values that are in registers when it starts: faults of alignment, divides by zero,
 * divides by their operands, unaligned loads.
 */
#include "hot.h"

int misaligned(uc_engine *uc, struct clock *clock, const struct block *block)
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
uint32_t divide_cycles(uint32_t dividend, uint32_t divisor, int is_signed)
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
uint32_t divides(uc_engine *uc, const struct clock *clock, const struct detail *detail)
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
uint32_t divides_from(const struct detail *detail, uint32_t ordinal)
{
    uint32_t cycles = 0;
    for (uint32_t i = 0; i < detail->divide_count; i++)
        if (detail->divides[i].ordinal >= ordinal)
            cycles += detail->divides[i].spent;
    return cycles;
}

int divides_by_zero(uc_engine *uc, struct clock *clock, const struct block *block)
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
uint32_t look_at_alignment(uc_engine *uc, const struct clock *clock, struct block *block)
{
    uint32_t cycles = clock->unaligned_load.best;
    if (cycles != 0)
        cycles *= unaligned_accesses(uc, clock, block->detail);
    if (cycles != 0)
        block->key |= (BLOCK_UNALIGNED | BLOCK_CHECKED | (block->key >> 16 & BLOCK_DRIFTS ? BLOCK_CHANGES : 0)) << 16;
    return cycles;
}

/* The accesses of unaligned loads at or behind `offset`. */
uint32_t unaligned_from(const struct detail *detail, uint32_t offset)
{
    uint32_t accesses = 0;
    for (uint32_t n = offset >> 1; n < detail->size >> 1; n++)
        if (detail->places[n].probe != 0)
            accesses += detail->probes[detail->places[n].probe - 1].more;
    return accesses;
}
