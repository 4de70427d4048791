"""What CryptoCell's engines have in common: registers without tasks, events or INTEN (nRF52840 PS v1.8, section 6.6).

Not modelled: nothing here is a model of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from cmsim.kernel import Line
from cmsim.registers import RegisterBlock
from cmsim.soc import Soc

IRQ_NUMBER = 42


class CcBlock(RegisterBlock):
    """Registers behind CRYPTOCELL.ENABLE."""

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self.soc, self.scheduler, self.name, self.base = soc, soc.scheduler, name, base
        self.irq = Line(f"{name}.irq")
        super().__init__()

    @property
    def irq_number(self) -> int:
        """CRYPTOCELL's."""
        return IRQ_NUMBER

    def interrupts_changed(self) -> None:
        """An engine's interrupt status is another now."""

    def subscribe(self, event_offset: int, subscriber: Callable[[], None]) -> Callable[[], None]:
        """There is no event."""
        return lambda: None

    def trigger(self, task_offset: int) -> None:
        """There is no task."""
        self.soc.report_unmodelled(self.name, task_offset, "write")

    def unmapped_read(self, offset: int) -> int:
        """Reported, 0."""
        self.soc.report_unmodelled(self.name, offset, "read")
        return 0

    def unmapped_write(self, offset: int, value: int) -> None:
        """Reported and dropped."""
        self.soc.report_unmodelled(self.name, offset, "write")
