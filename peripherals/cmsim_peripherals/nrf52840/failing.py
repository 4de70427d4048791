"""Blocks that say in ERRORSRC why ERROR came: TWI, TWIM, TWIS, UART, UARTE (nRF52840 PS v1.8, chapter 6).

Not modelled: nothing here is a model of its own.
"""

from __future__ import annotations

from cmsim.nordic import Event, NordicPeripheral
from cmsim.registers import Latched


class Failing(NordicPeripheral):
    """A block that declares ERROR and ERRORSRC, each at its own offset."""

    ERROR: Event
    ERRORSRC: Latched

    def _fail(self, source: int) -> None:
        self.ERRORSRC |= source
        self.emit(self.ERROR)
