"""One cycle an instruction and nothing else, to compare with tools that count so."""

from __future__ import annotations

from collections.abc import Sequence

from ..cortex_m.decode import Instruction
from .model import NO_COSTS, BlockCost, Code, Cycles


class Instructions:
    """`--timing instructions`."""

    name = "instructions"
    exception_entry = exception_entry_fp = exception_return = exception_return_fp = tail_chain = 0
    data_dependent = False
    memory = NO_COSTS
    plain = True

    def block(self, instructions: Sequence[Instruction], code: Code = Code.RAM_ALIAS) -> BlockCost:
        """1 each."""
        return BlockCost(tuple(range(len(instructions) + 1)))

    def refill(self, last: Instruction) -> Cycles:
        """Nothing."""
        return Cycles(0)

    def fetch_stalls(self, instructions: Sequence[Instruction], code: Code) -> Sequence[int]:
        """None."""
        return [0] * len(instructions)
