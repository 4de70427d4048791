"""What rests on block counts: cycles by line, object and inlined function, and coverage, those that were asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..cortex_m.counts import BlockCounter
from .coverage import Coverage, coverage
from .lines import lines_record

if TYPE_CHECKING:
    from ..machine import Machine


class Counted:
    """Counts the blocks of a machine. Make it before anything has run."""

    def __init__(self, machine: Machine, *, lines: bool = True, covers: bool = True) -> None:
        self.machine, self.lines, self.covers = machine, lines, covers
        self.counter = BlockCounter(machine.cpu)
        machine.watches.on_forget.append(self.counter.reset)

    @property
    def coverage(self) -> Coverage | None:
        """What ran so far; None unless it was asked for."""
        return coverage(self.machine.image, self.counter) if self.covers else None

    def record(self) -> dict[str, Any]:
        """`lines`, `objects`, `inlined`, `coverage` of the record (docs/profile.md)."""
        record: dict[str, Any] = {}
        if self.lines:
            record |= lines_record(self.machine.image, self.counter, self.machine.cycles)
        found = self.coverage
        return record if found is None else record | {"coverage": found.to_record()}
