"""The Cortex-M4F pipeline over a straight run of instructions: fetch, decode, execute, load/store unit, FPU.

Follows Arm DDI 0439D (cycle table 3-1, section 3.3.2, table 7-1), DDI 0337I section 3.3.2 for the pairing of loads and
stores, and measurements on silicon of others (jnk0le, "cortex-m3/m4"; the compendium of i-0.nl, branch timing and
instruction alignment). What they leave open is in `parameters.py`.

The pipeline has three stages. An instruction starts to execute when the one before has finished, its halfwords have
arrived a cycle earlier, and its operands are there: an address that the instruction just before has computed comes a
cycle late. A load takes two cycles, of which the second is free for the address of a following load or store.

Not modelled: loads that fail to overlap because they hit another memory. Unaligned loads and
operand-dependent divides are charged where they happen, not here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..cortex_m.decode import FLOATING_POINT, NO_REGISTER, PC, Instruction, Kind
from .operands import FPSCR, fp_operands
from .parameters import Values

FIFO_WORDS = 3
FIFO_STREAMING, FIFO_RESTART = 2, 4
"""Cycles from taking a word out of the prefetch buffer to the arrival of the word that replaces it: while it streams,
and when it was full, so that fetching had stopped. They reproduce what was measured: behind a full buffer three wide
instructions in a row that straddle words cost one cycle, aligned ones none; behind a refill only the first does."""
FP_LATENCY = 2
LOADS_THAT_DELAY = 2
DIVIDE_FP = 14

SIMPLE = frozenset(
    {Kind.ALU, Kind.MUL, Kind.MLA, Kind.LONG_MUL, Kind.NOP, Kind.SEV, Kind.CPS, Kind.CLREX, Kind.SVC, Kind.BKPT,
     Kind.UNDEFINED, Kind.WFI, Kind.WFE, Kind.YIELD, Kind.BRANCH, Kind.BRANCH_CONDITIONAL, Kind.BRANCH_LINK,
     Kind.BRANCH_INDIRECT, Kind.COMPARE_BRANCH}
)  # fmt: skip
DATA_PROCESSING = frozenset({Kind.ALU, Kind.MUL, Kind.MLA, Kind.LONG_MUL, Kind.DIV, Kind.MRS, Kind.FP_TRANSFER,
                             Kind.FP_TRANSFER_DUAL})  # fmt: skip
OVERLAPPING_LOADS = frozenset({Kind.LOAD, Kind.LOAD_EXCLUSIVE, Kind.STORE_EXCLUSIVE})
OVERLAPPING = OVERLAPPING_LOADS | {Kind.STORE}
WAIT_FOR_STORE = OVERLAPPING_LOADS | {Kind.FP_LOAD, Kind.LOAD_MULTIPLE, Kind.FP_LOAD_MULTIPLE, Kind.LOAD_DUAL,
                                      Kind.TABLE_BRANCH}  # fmt: skip
FP_SINGLE = frozenset({Kind.FP_LOAD, Kind.FP_STORE})
BY_WORDS = frozenset({Kind.LOAD_MULTIPLE, Kind.STORE_MULTIPLE, Kind.FP_LOAD_MULTIPLE, Kind.FP_STORE_MULTIPLE,
                      Kind.FP_LOAD, Kind.FP_STORE})  # fmt: skip
THREE_CYCLES = frozenset({Kind.LOAD_DUAL, Kind.STORE_DUAL, Kind.FP_MAC})
FP_ARITHMETIC = frozenset({Kind.FP_SIMPLE, Kind.FP_MAC, Kind.FP_DIV})


@dataclass(slots=True)
class Step:
    """One instruction in time: it starts at `start`; `stalls` says what it waited for, and how long."""

    instruction: Instruction
    start: int
    stalls: Sequence[tuple[str, int]] = ()


class Fetch:
    """When each word of code is there, counted from the cycle in which the first instruction could execute at best."""

    def __init__(self, address: int, wait: Sequence[int] | None = None, *, ahead: int = 0) -> None:
        self.first = address >> 2
        self._ahead = ahead
        """Words that are in the buffer already: the run was reached without a branch."""
        self._arrivals: list[int] = []
        self._taken: list[int] = []
        self._wait = wait

    def start(self, instruction: Instruction, earliest: int) -> int:
        """When `instruction` starts: its last halfword arrived by then. The words that it ends leave the buffer."""
        end = instruction.address + instruction.size
        word = (end - 1 >> 2) - self.first
        arrivals = self._arrivals
        if word >= len(arrivals):
            self._fetch(word)
        start = max(earliest, arrivals[word])
        done = (end >> 2) - self.first - len(self._taken)
        if done > 0:
            self._taken += [start - 1] * done  # for decode
        return start

    def _fetch(self, word: int) -> None:
        """Up to `word`."""
        arrivals, taken, wait = self._arrivals, self._taken, self._wait
        for n in range(len(arrivals), word + 1):
            if n < self._ahead:
                arrivals.append(0)
                continue
            arrival = arrivals[-1] + 1 if n else 0
            if n >= FIFO_WORDS and len(taken) > n - FIFO_WORDS:
                left = taken[n - FIFO_WORDS]
                if left + FIFO_STREAMING > arrival:  # the buffer was full and fetching had stopped
                    arrival = max(arrival, left + FIFO_RESTART)
            arrivals.append(arrival if wait is None else arrival + wait[n])

    def delay(self, steps: Sequence[Step]) -> int:
        """How much later `steps`, which never waited for a fetch, end if this one brings their instructions.

        Whoever waits makes all wait that are behind it: but for the FPU, a step depends on those just before it only.
        """
        late = 0
        for step in steps:
            late = self.start(step.instruction, step.start + late) - step.start
        return late


@dataclass(frozen=True, slots=True)
class Traits:
    """The sets above, as one kind of instruction sees them: looked up once an instruction."""

    kind: Kind
    overlaps: bool
    loads: bool
    waits_for_store: bool
    fp: bool
    fp_single: bool
    computes: bool
    fp_computes: bool

    @classmethod
    def of(cls, kind: Kind) -> Traits:
        """The traits of `kind`."""
        return cls(
            kind, kind in OVERLAPPING, kind in OVERLAPPING_LOADS, kind in WAIT_FOR_STORE, kind in FLOATING_POINT,
            kind in FP_SINGLE, kind in DATA_PROCESSING, kind in FP_ARITHMETIC,
        )  # fmt: skip


TRAITS = {kind: Traits.of(kind) for kind in Kind}


@dataclass(slots=True)
class Pipeline:
    """The state between two instructions. Cycles count from the entry of the run."""

    values: Values
    asked: set[str] = field(default_factory=set)
    """The open figures that mattered so far; "fetch" too if it was waited for, "VDIV" if there is one."""
    overlap: int = 0
    """Earliest start of a load or store that can use the second cycle of a load before it."""
    free: int = 0
    """Earliest start of anything else."""
    late: int = 0
    """Core registers that the instruction before wrote: too late for an address."""
    loaded: int = 0
    """Core registers that loads are still bringing."""
    step_base: int = NO_REGISTER
    """The base that the load or store before wrote back."""
    after_store: bool = False
    load_run: int = 0
    """Overlapping loads just before."""
    eats_nop: bool = False
    fpu_free: int = 0
    fp_ready: dict[int, int] = field(default_factory=dict)
    folds: bool = False
    """The instruction before was a 16-bit one, so that an IT folds onto it."""

    def run(self, instructions: Sequence[Instruction], fetch: Fetch | None) -> list[Step]:
        """Execute `instructions` one after the other; the end is `self.free`. None: fetching never holds them up."""
        return [self._step(instruction, TRAITS[instruction.kind], fetch) for instruction in instructions]

    def _step(self, i: Instruction, traits: Traits, fetch: Fetch | None) -> Step:
        stalls: tuple[tuple[str, int], ...] = ()
        start = self._structural(i, traits)
        if traits.overlaps and start > self.overlap:
            stalls = (("load/store unit", start - self.overlap),)
        if i.base < PC and (until := self._address(i, start)) > start:
            stalls = (*stalls, ("address hazard", until - start))
            start = until
        if traits.fp and (until := self._fpu(i)) > start:
            stalls = (*stalls, ("FPU", until - start))
            start = until
        if fetch is not None and (until := fetch.start(i, start)) > start:
            stalls = (*stalls, ("fetch", until - start))
            self.asked.add("fetch")
            start = until
        self._execute(i, traits, start)
        return Step(i, start, stalls)

    def _figure(self, name: str) -> int:
        """An open figure."""
        self.asked.add(name)
        figure: int = getattr(self.values, name)
        return figure

    def _structural(self, i: Instruction, traits: Traits) -> int:
        """When the execute stage is free for this kind of instruction."""
        if traits.kind is Kind.NOP and (self.overlap < self.free or self.eats_nop):
            return self.free - 1  # it executes in the stall cycle of the load or store before
        overlaps = traits.overlaps
        if traits.fp_single and i.words == 1:
            overlaps = self._figure("fp_load_overlap") == 0
        start = self.overlap if overlaps and (self.step_base != i.base or i.base == NO_REGISTER) else self.free
        if self.load_run >= LOADS_THAT_DELAY and traits.kind is Kind.STORE:
            start += self._figure("store_behind_loads")
        return start + 1 if self.after_store and traits.waits_for_store else start

    def _address(self, i: Instruction, start: int) -> int:
        """When the address operands, of which there is a base, can be used."""
        operands = 1 << i.base
        if i.index != NO_REGISTER:
            operands |= 1 << i.index
        if operands & self.loaded:
            return max(start, self.free + self._figure("load_to_address"))
        if operands & self.late:
            return max(start, self.free + 1)
        return start

    def _fpu(self, i: Instruction) -> int:
        """When the FPU and its registers are there."""
        until = self.fpu_free
        if self.fp_ready:
            reads = fp_operands(i).reads
            until = max(until, *(ready for register, ready in self.fp_ready.items() if reads & register), 0)
        return until

    def _execute(self, i: Instruction, traits: Traits, start: int) -> None:
        kind = traits.kind
        if self.fp_ready:
            self.fp_ready = {register: ready for register, ready in self.fp_ready.items() if ready > start}
        loaded = 0
        step_base = NO_REGISTER
        after_store = eats_nop = False
        if traits.loads:
            end = start + 2
            overlap = end
            if not (kind is Kind.LOAD and i.writes >> PC & 1):
                overlap = start + 1
                if i.base == PC:
                    contention = self._figure("literal_contention")
                    overlap, end = overlap + contention, end + contention
                loaded = i.writes
                step_base = i.base if i.base_step else NO_REGISTER
        elif kind is Kind.STORE:
            eats_nop = i.index != NO_REGISTER
            end = overlap = start + (2 if eats_nop else 1)
            after_store = True
            step_base = i.base if i.base_step else NO_REGISTER
        elif traits.fp_single and i.words == 1:
            loads = kind is Kind.FP_LOAD
            separate = self._figure("fp_load_overlap")
            end = start + (2 if loads or separate else 1)
            overlap = start + 1 if loads and not separate else end
            after_store = not loads
        else:
            end = overlap = start + self._length(i)
            after_store = kind is Kind.STORE_MULTIPLE or kind is Kind.STORE_DUAL
        self.late = i.writes if traits.computes else 0
        self.load_run = self.load_run + 1 if traits.loads else 0
        if traits.fp_computes:
            self._note_fp(i, start)
        self.overlap, self.free = overlap, max(end, self.free)
        self.loaded, self.step_base = loaded, step_base
        self.after_store, self.eats_nop = after_store, eats_nop
        self.folds = i.size == 2 and kind is not Kind.IT

    def _length(self, i: Instruction) -> int:  # noqa: PLR0911
        """Cycles in the execute stage of what neither overlaps nor depends on operands' values."""
        kind = i.kind
        if kind in SIMPLE:
            return 1
        if kind in BY_WORDS:
            return 1 + i.words
        if kind in THREE_CYCLES:
            return 3
        if kind is Kind.DIV:
            return 2  # the rest depends on the operands
        if kind is Kind.IT:
            return self._figure("it_fold") if self.folds else 1
        if kind is Kind.TABLE_BRANCH:
            return self._figure("table_branch")
        if kind in (Kind.MRS, Kind.MSR):
            return self._figure("system_register")
        if kind is Kind.BARRIER:
            return self._figure("barrier_isb" if i.word >> 4 & 15 == 6 else "barrier_dsb")
        if kind is Kind.FP_TRANSFER_DUAL:
            return self._figure("fp_transfer_dual")
        return 1

    def _note_fp(self, i: Instruction, start: int) -> None:
        length = {Kind.FP_MAC: 3, Kind.FP_DIV: DIVIDE_FP}.get(i.kind, 1)
        self.fp_ready[fp_operands(i).writes] = start + length + FP_LATENCY - 1
        if i.kind is Kind.FP_DIV:
            self.asked.add("VDIV")
            self.fpu_free = start + DIVIDE_FP


def refill(i: Instruction, values: Values) -> int:
    """Cycles between the end of the taken branch `i` and the start of its target, the target being aligned."""
    kind = i.kind
    if kind is Kind.TABLE_BRANCH:
        return 0  # in its length
    if kind is Kind.LOAD:
        return values.load_pc_refill
    if kind is Kind.LOAD_MULTIPLE:
        return values.pop_pc_refill
    if kind is Kind.BRANCH_INDIRECT:
        return values.indirect_refill
    return values.branch_refill


__all__ = ["FPSCR", "Fetch", "Pipeline", "Step", "refill"]
