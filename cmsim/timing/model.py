"""The question that every timing model answers: what does this straight run of instructions cost?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ..cortex_m.decode import Instruction


@dataclass(frozen=True)
class BlockCost:
    """Cycles of one translation block, entered without a jump and run to its end."""

    starts: tuple[int, ...]
    """Cycles from the start of the block to the start of each instruction; one more entry for the end."""

    @property
    def cycles(self) -> int:
        """The whole block."""
        return self.starts[-1]


class TimingModel(Protocol):
    """A core's cycle costs."""

    name: str
    refill: int
    """Cycles that a taken branch adds, whatever its target."""
    exception_entry: int
    """Stacking, vector fetch and first instruction fetch."""
    exception_entry_fp: int
    """The same with the floating-point frame stacked eagerly."""
    exception_return: int
    exception_return_fp: int
    tail_chain: int

    def block(self, instructions: Sequence[Instruction]) -> BlockCost:
        """The cost of `instructions`, which follow each other in memory and in time."""


def accumulate(costs: Sequence[int]) -> BlockCost:
    """A `BlockCost` from the cost of each instruction."""
    starts = [0]
    for cost in costs:
        starts.append(starts[-1] + cost)
    return BlockCost(tuple(starts))


class Instructions:
    """One cycle per instruction, nothing else: `--timing instructions` compares with tools that count so."""

    name = "instructions"
    refill = 0
    exception_entry = exception_entry_fp = exception_return = exception_return_fp = tail_chain = 0

    def block(self, instructions: Sequence[Instruction]) -> BlockCost:
        """1 each."""
        return BlockCost(tuple(range(len(instructions) + 1)))
