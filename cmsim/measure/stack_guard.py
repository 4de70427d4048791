"""A run that ends where a stack would overflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..record import Stop
from ..report.text_measures import overflow
from .stacks import Area

if TYPE_CHECKING:
    from ..machine import Machine


class StackGuard:
    """Ends the run of `machine` in front of what would take a stack below its limit, before anything is overwritten."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.failure: str | None = None
        """The stack and who overflows it; None if none has."""
        machine.checks.append(self)
        assert machine.memory_meter is not None
        self._stacks = machine.memory_meter.stacks
        self._stacks.on_overflow.append(self._overflow)

    def _overflow(self, area: Area) -> None:
        told = overflow(self._stacks.row(area))
        if self.failure is None:
            self.failure = f"stack overflow: {told}"
        self.machine.end(Stop("stack overflow", told))
