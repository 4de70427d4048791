"""Blocks that ENABLE = 0 stops at once, as a reset does: PDM, SAADC, I2S, PWM, QDEC, COMP, LPCOMP (nRF52840 PS v1.8,
chapter 6).

Not modelled: nothing here is a model of its own.
"""

from __future__ import annotations

from typing import ClassVar

from cmsim.nordic import NordicPeripheral
from cmsim.registers import Register


class Switched(NordicPeripheral):
    """A block with a switch; `_halt` says what it means to be off."""

    ENABLED: ClassVar[int] = 1
    """What ENABLE holds while the block is on."""
    ENABLE = Register(0x500, writable=0x1)

    def _halt(self) -> None:
        """Stop everything that goes on, whatever the registers say."""

    def reset(self) -> None:
        """Off, registers at their reset values."""
        self._halt()
        super().reset()

    @ENABLE.on_write
    def _enable(self, value: int) -> None:
        if self.ENABLE != self.ENABLED:
            self._halt()
