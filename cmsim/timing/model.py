"""The question that every timing model answers: what does this straight run of instructions cost?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple, Protocol

from ..cortex_m.decode import Instruction


class Code(Enum):
    """Where code runs, as far as fetching is concerned."""

    FLASH = auto()
    FLASH_CACHED = auto()
    RAM = auto()
    RAM_ALIAS = auto()


class Cycles(NamedTuple):
    """A figure with its bounds: the likely one, and what to subtract and to add for the lowest and the highest."""

    best: int
    below: int = 0
    above: int = 0

    @classmethod
    def of(cls, low: int, best: int, high: int) -> Cycles:
        """From three sums; bounds that cross are widened to hold the best."""
        return cls(best, max(0, best - low), max(0, high - best))


@dataclass(frozen=True)
class BlockCost:
    """Cycles of one translation block, entered without a jump and run to its end."""

    starts: tuple[int, ...]
    """Cycles from the start of the block to the start of each instruction; one more entry for the end."""
    below: int = 0
    above: int = 0
    """What the block may take less and more."""
    jump: int = 0
    """What it takes more when a branch leads to it, besides the branch's refill."""

    @property
    def cycles(self) -> int:
        """The whole block."""
        return self.starts[-1]


@dataclass(frozen=True)
class MemoryCosts:
    """What memories add, by access; native code charges all but `dma_word`."""

    flash_line: Cycles = Cycles(0)
    """The first fetch from another 16-byte line of flash, cache off."""
    cache_miss: Cycles = Cycles(0)
    flash_load: Cycles = Cycles(0)
    """A word loaded from flash."""
    peripheral_load: Cycles = Cycles(0)
    unaligned_load: Cycles = Cycles(0)
    """Each access that an unaligned load needs more than an aligned one."""
    dma_word: Cycles = Cycles(0)
    """A word that EasyDMA moves while the CPU runs."""


NO_COSTS = MemoryCosts()


class TimingModel(Protocol):
    """A core's cycle costs."""

    name: str
    exception_entry: int
    """Stacking, vector fetch and first instruction fetch."""
    exception_entry_fp: int
    """The same with the floating-point frame stacked eagerly."""
    exception_return: int
    exception_return_fp: int
    tail_chain: int
    data_dependent: bool
    """Whether native code charges what only data tells: a divide by its operands, beyond the two cycles in its block;
    one cycle for what an IT block skips."""
    memory: MemoryCosts
    plain: bool
    """Whether a block costs the same wherever it lies and whatever ran before, and without bounds."""

    def block(self, instructions: Sequence[Instruction], code: Code = Code.RAM_ALIAS) -> BlockCost:
        """The cost of `instructions`, which follow each other in memory and in time."""

    def refill(self, last: Instruction) -> Cycles:
        """What a block that ends in `last` adds when it goes on elsewhere than behind itself."""

    def fetch_stalls(self, instructions: Sequence[Instruction], code: Code) -> Sequence[int]:
        """How many cycles each of `instructions` waits for its fetch: `block` has them, DWT counts them apart."""


def accumulate(costs: Sequence[int]) -> BlockCost:
    """A `BlockCost` from the cost of each instruction."""
    starts = [0]
    for cost in costs:
        starts.append(starts[-1] + cost)
    return BlockCost(tuple(starts))
