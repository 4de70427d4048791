"""`--timing cortex-m3`: what the same code would cost on a Cortex-M3, zero wait states, with bounds.

Follows the cycle table of the Cortex-M3 manual (Arm DDI 0337I, table 3-1, and DDI 0337E, section 18.2, for the ranges
of long multiplications): no single-cycle multiply-accumulate, long multiplications and divides by their operands, a
refill of one to three cycles behind a taken branch. Where the manual gives a range, the bounds are its ends.

Not modelled: overlap of neighbouring loads and stores, IT folding, flash and cache. A Cortex-M3 has neither the DSP
instructions nor an FPU: firmware that uses them is priced as on a Cortex-M4, but would not run there.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..cortex_m.decode import Instruction, Kind
from .manual import Manual, cost
from .model import BlockCost, Code, Cycles, accumulate

MULTIPLY_ACCUMULATE = 2
LONG_MULTIPLY = Cycles.of(3, 4, 5)
LONG_ACCUMULATE = Cycles.of(4, 5, 7)
DIVIDE = Cycles.of(2, 7, 12)
REFILL = Cycles.of(1, 2, 3)
_ACCUMULATES = 1 << 22
"""Of a 32-bit long multiplication: SMLAL and UMLAL, not SMULL and UMULL."""


def cycles(instruction: Instruction) -> Cycles:
    """One instruction, without the refill of a taken branch."""
    match instruction.kind:
        case Kind.MLA:
            return Cycles(MULTIPLY_ACCUMULATE)
        case Kind.LONG_MUL:
            return LONG_ACCUMULATE if instruction.word & _ACCUMULATES else LONG_MULTIPLY
        case Kind.DIV:
            return DIVIDE
        case Kind.MRS | Kind.MSR:
            return Cycles(1)
        case _:
            return Cycles(cost(instruction))


class CortexM3(Manual):
    """The table of the Cortex-M3 instead of the Cortex-M4's; exceptions cost the same."""

    name = "cortex-m3"
    plain = False  # it has bounds

    def block(self, instructions: Sequence[Instruction], code: Code = Code.RAM_ALIAS) -> BlockCost:
        """The sum of the table's entries, wherever the code runs."""
        costs = [cycles(i) for i in instructions]
        best = accumulate([c.best for c in costs])
        return BlockCost(best.starts, sum(c.below for c in costs), sum(c.above for c in costs))

    def refill(self, last: Instruction) -> Cycles:
        """P = 1 to 3."""
        return REFILL
