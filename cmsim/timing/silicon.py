"""`--timing silicon`: the Cortex-M4F pipeline and the nRF52840's memories, with bounds.

A block is run through the pipeline (pipeline.py) at the best value of every open figure, and at the lowest and highest
where it depends on them. What only running it can tell (which memory a load hits, a divide's operands, cache misses)
is added by native code, from `memory` and by the rule of `operand_divide`.

Not modelled: what the end of one block leaves for the next one besides its fetched words (a load that the next block's
first load could overlap, an FP result still under way: both are in the bounds), instructions of an IT block that are
skipped (charged as executed; the lower bound counts them as skipped), unaligned accesses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..cortex_m.decode import PC, Instruction, Kind
from .manual import Manual
from .memory import LINE, MemoryParameters, fetch_waits
from .model import BlockCost, Code, Cycles, MemoryCosts
from .parameters import Bound, Parameters
from .pipeline import Fetch, Pipeline, Step, refill

OPEN_BELOW = frozenset({Kind.MRS, Kind.MSR, Kind.BARRIER, Kind.TABLE_BRANCH})
"""Kinds whose lowest figure differs from the best."""
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
    operand_divide: bool = True

    def __post_init__(self) -> None:
        self.values = {bound: self.parameters.values(bound) for bound in Bound}
        self._memory_values = {bound: self.memory_parameters.values(bound) for bound in Bound}
        self.memory: MemoryCosts = self.memory_parameters.costs()

    def steps(
        self, instructions: Sequence[Instruction], code: Code, bound: Bound = Bound.BEST, *, jumped: bool = False
    ) -> tuple[list[Step], int]:
        """Each instruction in time, and when the last one has finished."""
        first, last = instructions[0], instructions[-1]
        waits = fetch_waits(first.address, last.end - first.address, code, self._memory_values[bound])
        fetch = Fetch(first.address, waits, ahead=0 if jumped else 2)
        pipeline = Pipeline(self.values[bound])
        steps = pipeline.run(instructions, fetch)
        return steps, max(pipeline.free, steps[-1].start)

    def block(self, instructions: Sequence[Instruction], code: Code = Code.RAM_ALIAS) -> BlockCost:
        """The pipeline's answer, with bounds."""
        if not instructions:
            return BlockCost((0, 1))
        steps, end = self.steps(instructions, code)
        low, high = end, end
        kinds = {i.kind for i in instructions}
        lines = code is Code.FLASH and (instructions[0].address ^ instructions[-1].end - 1) >= LINE
        if kinds & OPEN_BELOW or (lines and self.memory.flash_line.below):
            low = self.steps(instructions, code, Bound.LOW)[1]
        if not kinds <= SETTLED or (lines and self.memory.flash_line.above):
            high = self.steps(instructions, code, Bound.HIGH)[1]
        below, above = max(0, end - low), max(0, high - end)
        below += _skippable(instructions) + (instructions[-1].kind in LASTING)
        if Kind.FP_DIV in kinds:
            above += _under_way(instructions)
        jump = 0
        if any(i.size == 4 for i in instructions) or code is Code.RAM:
            jump = max(0, self.steps(instructions, code, jumped=True)[1] - end)
        starts = []
        latest = 0
        for step in steps:  # what overlaps may start before the one before has finished, never before it started
            latest = max(latest, step.start)
            starts.append(latest)
        return BlockCost((*starts, end), below, above, jump)

    def refill(self, last: Instruction) -> Cycles:
        """By the kind of branch."""
        return Cycles.of(*(refill(last, self.values[bound]) for bound in Bound))


SETTLED = frozenset(
    {Kind.ALU, Kind.MUL, Kind.MLA, Kind.LONG_MUL, Kind.NOP, Kind.SEV, Kind.CPS, Kind.CLREX, Kind.SVC, Kind.BKPT,
     Kind.DIV, Kind.BRANCH, Kind.BRANCH_CONDITIONAL, Kind.BRANCH_LINK, Kind.BRANCH_INDIRECT, Kind.COMPARE_BRANCH,
     Kind.STORE, Kind.FP_SIMPLE, Kind.FP_MAC, Kind.FP_DIV, Kind.FP_TRANSFER, Kind.STORE_MULTIPLE,
     Kind.WFI, Kind.WFE, Kind.YIELD}
)  # fmt: skip
"""Kinds for which no figure is open. (A load may feed an address, which is.)"""


def _skippable(instructions: Sequence[Instruction]) -> int:
    """Cycles that would be saved if every conditional instruction were skipped, at one cycle each."""
    saved = 0
    for i in instructions:
        if i.in_it and i.kind in (Kind.LOAD, Kind.FP_LOAD) and not i.writes >> PC & 1:
            saved += 1
        elif i.in_it and i.kind in (Kind.LOAD_MULTIPLE, Kind.STORE_MULTIPLE, Kind.FP_LOAD_MULTIPLE,
                                    Kind.FP_STORE_MULTIPLE, Kind.LOAD_DUAL, Kind.STORE_DUAL):  # fmt: skip
            saved += i.words
    return saved


def _under_way(instructions: Sequence[Instruction]) -> int:
    """How long a divide or square root may still be under way when the block ends: integer code hides it."""
    behind = 0
    for i in reversed(instructions):
        if i.kind is Kind.FP_DIV:
            break
        behind += 1
    return max(0, 13 - behind)
