"""The cycle table of the Cortex-M4 manual (Arm DDI 0439D, sections 3.3.1, 3.3.3 and 7.2.3), zero wait states.

Each instruction costs what the table says by itself; a taken branch adds one refill cycle (P = 1, measured on
silicon for direct branches). Exceptions: 12 cycles in, 10 out, 6 tail-chained (Arm KA 103489845).

Not modelled: overlap of neighbouring loads and stores, operand-dependent divides (the middle of 2 to 12 is charged),
skipped instructions of an IT block (charged as executed), fetch of misaligned targets, flash wait states, cache.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..cortex_m.decode import Instruction, Kind
from .model import NO_COSTS, BlockCost, Code, Cycles, accumulate

FIXED = {
    Kind.ALU: 1,
    Kind.MUL: 1,
    Kind.MLA: 1,
    Kind.LONG_MUL: 1,
    Kind.DIV: 7,
    Kind.LOAD: 2,
    Kind.STORE: 2,
    Kind.LOAD_DUAL: 3,
    Kind.STORE_DUAL: 3,
    Kind.LOAD_EXCLUSIVE: 2,
    Kind.STORE_EXCLUSIVE: 2,
    Kind.CLREX: 1,
    Kind.TABLE_BRANCH: 2,
    Kind.BRANCH: 1,
    Kind.BRANCH_CONDITIONAL: 1,
    Kind.BRANCH_LINK: 1,
    Kind.BRANCH_INDIRECT: 1,
    Kind.COMPARE_BRANCH: 1,
    Kind.IT: 1,
    Kind.NOP: 1,
    Kind.SEV: 1,
    Kind.WFI: 1,
    Kind.WFE: 1,
    Kind.YIELD: 1,
    Kind.BARRIER: 1,
    Kind.MRS: 2,
    Kind.MSR: 2,
    Kind.CPS: 1,
    Kind.SVC: 1,
    Kind.BKPT: 1,
    Kind.UNDEFINED: 1,
    Kind.FP_TRANSFER: 1,
    Kind.FP_TRANSFER_DUAL: 2,
    Kind.FP_SYSTEM: 1,
    Kind.FP_SIMPLE: 1,
    Kind.FP_MAC: 3,
    Kind.FP_DIV: 14,
}
PER_WORD = frozenset(
    {Kind.LOAD_MULTIPLE, Kind.STORE_MULTIPLE, Kind.FP_LOAD, Kind.FP_STORE, Kind.FP_LOAD_MULTIPLE,
     Kind.FP_STORE_MULTIPLE}
)


def cost(instruction: Instruction) -> int:
    """Cycles of one instruction by the manual's table, not counting the refill of a taken branch."""
    if instruction.kind in PER_WORD:
        return 1 + instruction.words
    return FIXED[instruction.kind]


class Manual:
    """`--timing manual`."""

    name = "manual"
    exception_entry, exception_entry_fp = 12, 29
    exception_return, exception_return_fp = 10, 27
    tail_chain = 6
    data_dependent = False
    memory = NO_COSTS
    plain = True

    def block(self, instructions: Sequence[Instruction], code: Code = Code.RAM_ALIAS) -> BlockCost:
        """The sum of the table's entries, wherever the code runs."""
        return accumulate([cost(i) for i in instructions])

    def refill(self, last: Instruction) -> Cycles:
        """P = 1."""
        return Cycles(1)

    def fetch_stalls(self, instructions: Sequence[Instruction], code: Code) -> Sequence[int]:
        """None: the table knows of no fetch."""
        return [0] * len(instructions)
