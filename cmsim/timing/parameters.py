"""What public sources do not settle, in one table: low, best and high of each figure, with where it comes from.

A run carries three sums: all parameters at `low`, at `best`, at `high`. Figures that the manuals settle stand in
`pipeline.py` as plain numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum


class Bound(IntEnum):
    """Which of the three values of each parameter."""

    LOW = 0
    BEST = 1
    HIGH = 2


@dataclass(frozen=True)
class Parameter:
    """One figure: cycles at its lowest, most likely and highest, and why."""

    low: int
    best: int
    high: int
    source: str

    def at(self, bound: Bound) -> int:
        """The value for one of the three sums."""
        return (self.low, self.best, self.high)[bound]


@dataclass(frozen=True)
class Parameters:
    """The open figures of a Cortex-M4F."""

    branch_refill: Parameter = Parameter(1, 1, 1, "measured: a taken direct branch costs 2 (compendium, RIOT PR 17980)")
    indirect_refill: Parameter = Parameter(
        1, 2, 3, "DDI 0439D table 3-1: P is 1 to 3; the target of BX LR is known a cycle later than a label"
    )
    load_pc_refill: Parameter = Parameter(
        1, 3, 3, "DDI 0337I 3.3.2: LDR PC takes at least five cycles, two for the load"
    )
    pop_pc_refill: Parameter = Parameter(
        1, 2, 3, "DDI 0439D: 1 + N + P; whether P hides behind the last word is not published"
    )
    table_branch: Parameter = Parameter(4, 6, 6, "DDI 0337I 3.3.2: at least six; the table of DDI 0439D says 2 + P")
    load_to_address: Parameter = Parameter(
        0, 0, 1, "DDI 0337I names only data processing results as late for addresses; jnk0le: any result"
    )
    literal_contention: Parameter = Parameter(
        0, 0, 1, "DDI 0337I 3.3.2: LDR literal might add a cycle (contention with the fetch unit)"
    )
    store_behind_loads: Parameter = Parameter(
        0, 0, 2, "a store behind several loads: free on an STM32F407 (jnk0le, Adomnicai), two in an STM32L4R5's SRAM3"
    )
    fp_load_overlap: Parameter = Parameter(
        0, 0, 1, "whether VLDR overlaps its neighbours as LDR does (0: it does, 1: a cycle each)"
    )
    fp_transfer_dual: Parameter = Parameter(2, 2, 3, "DDI 0439D table 7-1: 2; some kernels measured 3")
    system_register: Parameter = Parameter(1, 2, 2, "DDI 0439D table 3-1: MRS and MSR take 1 or 2")
    barrier_isb: Parameter = Parameter(2, 4, 5, "1 + B; ISB empties the pipeline")
    barrier_dsb: Parameter = Parameter(1, 3, 4, "1 + B; DSB waits for the write buffer")
    it_fold: Parameter = Parameter(0, 0, 1, "IT behind a 16-bit instruction folds to 0 cycles where decode runs ahead")

    def values(self, bound: Bound) -> Values:
        """The figures for one of the three sums."""
        return Values(**{f.name: getattr(self, f.name).at(bound) for f in fields(self)})

    def open(self, bound: Bound) -> frozenset[str]:
        """The names of figures that are something else at `bound` than at best."""
        figures = {f.name: getattr(self, f.name) for f in fields(self)}
        return frozenset(name for name, p in figures.items() if p.at(bound) != p.best)

    @property
    def settled(self) -> frozenset[str]:
        """The names of figures whose three values are the same."""
        figures = {f.name: getattr(self, f.name) for f in fields(self)}
        return frozenset(name for name, p in figures.items() if p.low == p.best == p.high)


@dataclass(frozen=True)
class Values:
    """One choice of the parameters, in cycles."""

    branch_refill: int
    indirect_refill: int
    load_pc_refill: int
    pop_pc_refill: int
    table_branch: int
    load_to_address: int
    literal_contention: int
    store_behind_loads: int
    fp_load_overlap: int
    fp_transfer_dual: int
    system_register: int
    barrier_isb: int
    barrier_dsb: int
    it_fold: int
