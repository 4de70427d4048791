"""`--timing silicon`: the Cortex-M4F pipeline and the nRF52840's memories, with bounds.

A block is run through the pipeline (pipeline.py) at the best value of every open figure, and at the lowest and highest
where it depends on them. What only running it can tell (which memory a load hits, whether it is aligned, a divide's
operands, what an IT block skips, cache misses) is added by native code, from `memory` and as `data_dependent` says.

Not modelled: what the end of one block leaves for the next one besides its fetched words (a load that the next block's
first load could overlap, an FP result still under way: both are in the bounds), what skipping an instruction of an IT
block changes for those behind it, unaligned loads from addresses that the block itself loads or multiplies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from ..cortex_m.decode import FLOATING_POINT, Instruction, Kind
from .manual import Manual
from .memory import LINE, MemoryParameters, fetch_waits
from .model import BlockCost, Code, Cycles, MemoryCosts
from .parameters import Bound, Parameters
from .pipeline import Fetch, Pipeline, Step, refill

LASTING = frozenset({Kind.LOAD, Kind.LOAD_EXCLUSIVE, Kind.FP_LOAD})
"""Kinds whose second cycle the next block could use."""


@dataclass
class Silicon:
    """A Cortex-M4F in an nRF52840."""

    parameters: Parameters = field(default_factory=Parameters)
    memory_parameters: MemoryParameters = field(default_factory=MemoryParameters)
    name: str = "silicon"
    exception_entry: int = Manual.exception_entry
    exception_entry_fp: int = Manual.exception_entry_fp
    exception_return: int = Manual.exception_return
    exception_return_fp: int = Manual.exception_return_fp
    tail_chain: int = Manual.tail_chain
    data_dependent: bool = True
    plain: bool = False

    def __post_init__(self) -> None:
        self.values = {bound: self.parameters.values(bound) for bound in Bound}
        self._open = {bound: self.parameters.open(bound) for bound in (Bound.LOW, Bound.HIGH)}
        self._memory_values = {bound: self.memory_parameters.values(bound) for bound in Bound}
        self._refills: dict[Kind, Cycles] = {}
        self.memory: MemoryCosts = self.memory_parameters.costs()

    def steps(
        self, instructions: Sequence[Instruction], code: Code, bound: Bound = Bound.BEST, *, jumped: bool = False
    ) -> tuple[list[Step], int]:
        """Each instruction in time, and when the last one has finished."""
        return self._run(instructions, code, bound, jumped=jumped)[:2]

    def _run(
        self, instructions: Sequence[Instruction], code: Code, bound: Bound, *, jumped: bool = False
    ) -> tuple[list[Step], int, set[str]]:
        """Steps, end, and the open figures that mattered."""
        fetch = None
        if code in WAITS or not _outruns(instructions):
            fetch = self._fetch(instructions, code, bound, jumped=jumped)
        pipeline = Pipeline(self.values[bound])
        steps = pipeline.run(instructions, fetch)
        return steps, max(pipeline.free, steps[-1].start), pipeline.asked

    def _fetch(self, instructions: Sequence[Instruction], code: Code, bound: Bound, *, jumped: bool) -> Fetch:
        first, last = instructions[0], instructions[-1]
        waits = fetch_waits(first.address, last.end - first.address, code, self._memory_values[bound])
        return Fetch(first.address, waits, ahead=0 if jumped else 2)

    def block(self, instructions: Sequence[Instruction], code: Code = Code.RAM_ALIAS) -> BlockCost:
        """The pipeline's answer, with bounds."""
        if not instructions:
            return BlockCost((0, 1))
        steps, end, asked = self._run(instructions, code, Bound.BEST)
        low, high = end, end
        lines = code is Code.FLASH and (instructions[0].address ^ instructions[-1].end - 1) >= LINE
        if asked & self._open[Bound.LOW] or (lines and "fetch" in asked and self.memory.flash_line.below):
            low = self.steps(instructions, code, Bound.LOW)[1]
        if asked & self._open[Bound.HIGH] or (lines and self.memory.flash_line.above):
            high = self.steps(instructions, code, Bound.HIGH)[1]
        below, above = max(0, end - low), max(0, high - end)
        below += instructions[-1].kind in LASTING
        if "VDIV" in asked:
            above += _under_way(instructions)
        jump = 0
        if not _is_narrow(instructions) or code is Code.RAM:
            late = self._fetch(instructions, code, Bound.BEST, jumped=True).delay(steps)
            if late and ("fetch" in asked or any(i.kind in FLOATING_POINT for i in instructions)):
                late = self.steps(instructions, code, jumped=True)[1] - end
            jump = max(0, late)
        if instructions[-1].word in BRANCHES_TO_NEXT:  # native code sees no jump
            more = self.refill(instructions[-1])
            end, below, above = end + more.best, below + more.below, above + more.above
        # what overlaps may start before the one before has finished, never before it started
        starts = accumulate((step.start for step in steps), max)
        return BlockCost((*starts, end), below, above, jump)

    def refill(self, last: Instruction) -> Cycles:
        """By the kind of branch."""
        known = self._refills.get(last.kind)
        if known is None:
            known = self._refills[last.kind] = Cycles.of(*(refill(last, self.values[bound]) for bound in Bound))
        return known

    def fetch_stalls(self, instructions: Sequence[Instruction], code: Code) -> Sequence[int]:
        """As `timing explain` shows them."""
        return [dict(step.stalls).get("fetch", 0) for step in self.steps(instructions, code)[0]]


BRANCHES_TO_NEXT = frozenset({0xE7FF, 0xF000_B800})
"""B.N and B.W to the instruction behind them."""
WAITS = frozenset({Code.FLASH, Code.RAM})
"""Where fetches wait."""


def _outruns(instructions: Sequence[Instruction]) -> bool:
    """Whether fetching is never behind: two 16-bit instructions arrive a cycle, and start a cycle apart or more."""
    return _is_narrow(instructions) and all(i.kind is not Kind.IT for i in instructions)


def _is_narrow(instructions: Sequence[Instruction]) -> bool:
    return instructions[-1].end - instructions[0].address == 2 * len(instructions)


def _under_way(instructions: Sequence[Instruction]) -> int:
    """How long the last divide or square root may still be under way when the block ends: integer code hides it."""
    behind = next(n for n, i in enumerate(reversed(instructions)) if i.kind is Kind.FP_DIV)
    return max(0, 13 - behind)
