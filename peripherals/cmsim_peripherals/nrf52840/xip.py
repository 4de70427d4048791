"""XIP: the window at 0x12000000, through which the CPU reads and executes the flash behind QSPI (nRF52840 PS, 6.19).

The window shows the flash from XIPOFFSET on, by READOC's command, while QSPI is active, idle and not in power-down; a
store to it is a bus fault. What a load gets while QSPI is not ready is not documented: it is reported, and reads as 0;
an instruction fetch then is a bus fault. What the CPU sees is filled in by the KB when it is asked for, and void when
QSPI does anything else, so that programmed and erased bytes show.

Not modelled: the time that a fetch or load takes on the wire, so that cycles of code in the window are a lower bound: a
word that does not follow the one before takes at least 64 SCK periods by FASTREAD and 20 by READ4IO, 2 and more CPU
cycles each; how long QSPI keeps the flash selected for the words that follow is not published. The window beyond 8 MB.
"""

from __future__ import annotations

from collections.abc import Callable

from cmsim.kernel import Line
from cmsim.registers import WORD
from cmsim.soc import SHOWN_PAGE, Soc

from .qspi import Qspi

SIZE = 8 << 20
"""Of the row in the chip's table."""


class Xip:
    """The window, as a block of the memory map (`MemoryWindow`)."""

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self.soc, self.name, self.base = soc, name, base
        self.irq = Line(f"{name}.irq")
        self.shown = bytearray(SIZE)
        self.on_change: Callable[[], None] = lambda: None
        self._filled: set[int] = set()
        self._qspi = next(block for block in soc.blocks.values() if isinstance(block, Qspi))
        self._qspi.on_change = self._forget

    @property
    def irq_number(self) -> int:
        """Never raised."""
        return self._qspi.irq_number

    def reset(self) -> None:
        """Nothing of its own."""

    def _forget(self) -> None:
        if self._filled:
            self._filled.clear()
            self.on_change()

    def show(self, offset: int) -> bool:
        """Fill the page at `offset` of `shown`; False while QSPI or the flash is not ready."""
        page = offset & -SHOWN_PAGE
        if page not in self._filled:
            if not self._qspi.idle:
                return False
            self.shown[page : page + SHOWN_PAGE] = self._qspi.fetch(page, SHOWN_PAGE)
            self._filled.add(page)
        return True

    def read(self, offset: int) -> int:
        """A word of the flash, while it cannot be shown."""
        if not self._qspi.ready:
            self.soc.report_unmodelled(self.name, offset & -4096, "read while QSPI is not ready")
            return 0
        if self._qspi.idle:
            self.on_change()  # from now on it can
        return int.from_bytes(self._qspi.fetch(offset, 4), "little")

    def write(self, offset: int, value: int, mask: int = WORD) -> None:
        """The CPU's stores are refused before they come here."""
        self.soc.report_unmodelled(self.name, offset & -4096, "write")

    def subscribe(self, event_offset: int, subscriber: Callable[[], None]) -> Callable[[], None]:
        """No event ever comes."""
        return lambda: None

    def trigger(self, task_offset: int) -> None:
        """There is no task."""
