"""What each instruction cost and how often it ran, out of what its blocks cost.

A block's cycles are shared out as the timing model prices its instructions; a refill belongs to the branch behind which
it came, what is left (waits for the flash, for a peripheral) to the block's first instruction. The sum is the block's
cycles, to the cycle.

Not modelled: which instruction of a block it was that waited; conditional instructions in IT blocks count as run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from ..cortex_m.counts import BlockCounter, BlockRuns
from ..cortex_m.decode import Instruction, Kind

CONDITIONAL = frozenset({Kind.BRANCH_CONDITIONAL, Kind.COMPARE_BRANCH})


@dataclass
class Executed:
    """Everything that ran, by the instruction's address."""

    runs: dict[int, int] = field(default_factory=dict)
    cycles: dict[int, int] = field(default_factory=dict)
    branches: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Conditional branch -> (how often it was taken, how often not)."""


def executed(counter: BlockCounter) -> Executed:
    """Share out what the blocks cost so far."""
    found = Executed()
    for ran in counter.blocks():
        instructions = ran.block.instructions
        for instruction, cycles in zip(instructions, _shares(ran), strict=True):
            address = instruction.address
            found.runs[address] = found.runs.get(address, 0) + ran.runs
            found.cycles[address] = found.cycles.get(address, 0) + cycles
        if is_conditional_branch(instructions[-1]):
            taken, not_taken = found.branches.get(instructions[-1].address, (0, 0))
            found.branches[instructions[-1].address] = taken + ran.left, not_taken + ran.fell
    return found


def is_conditional_branch(instruction: Instruction) -> bool:
    """Whether it goes one of two ways; within an IT block any branch does."""
    branches = instruction.in_it and (instruction.kind in (Kind.BRANCH, Kind.BRANCH_INDIRECT, Kind.BRANCH_LINK)
                                      or bool(instruction.writes >> 15 & 1))
    return instruction.kind in CONDITIONAL or branches


def _shares(ran: BlockRuns) -> list[int]:
    """Of the cycles of a block, those of each of its instructions."""
    starts = ran.block.starts
    prices = [later - earlier for earlier, later in pairwise(starts)]
    refills = ran.left * ran.exit
    straight = ran.cycles - refills
    if straight >= ran.runs * sum(prices):
        shares = [price * ran.runs for price in prices]
    else:  # it was cheaper for a while (cache off), or did not run to its end (a fault)
        shares = [price * straight // max(1, sum(prices)) for price in prices]
    shares[0] += straight - sum(shares)
    shares[-1] += refills
    return shares
