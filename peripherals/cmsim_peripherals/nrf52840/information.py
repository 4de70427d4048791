"""What FICR and UICR have in common: a page of words without tasks, events or interrupt (nRF52840 PS v1.8, 4.4, 4.5).

A word that no table names reads as erased flash.

Not modelled: nothing here is a model of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from cmsim.kernel import Line
from cmsim.registers import WORD, RegisterBlock
from cmsim.soc import Soc

ERASED = WORD


class InformationPage(RegisterBlock):
    """Words at `base`, kept over every reset."""

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self.soc, self.name, self.base = soc, name, base
        self.irq = Line(f"{name}.irq")
        super().__init__()

    @property
    def irq_number(self) -> int:
        """Never raised."""
        return self.base >> 12 & 0xFF

    def reset(self) -> None:
        """Non-volatile: only the first reset fills in the values."""
        for offset, slot in self.registers.items():
            self.values.setdefault(offset, slot.reset)

    def unmapped_read(self, offset: int) -> int:
        """A word without a name."""
        return self.values.get(offset, ERASED)

    def subscribe(self, event_offset: int, subscriber: Callable[[], None]) -> Callable[[], None]:
        """No event ever comes."""
        return lambda: None

    def trigger(self, task_offset: int) -> None:
        """There is no task."""
        self.soc.report_unmodelled(self.name, task_offset, "write")
