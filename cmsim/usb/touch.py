"""The 1200-baud touch as something that happens in a run: how an Arduino is asked for its bootloader."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import RunError, UsageError

if TYPE_CHECKING:
    from ..machine import Machine
    from ..scenario import Deed


@dataclass(frozen=True)
class Touch:
    """The computer opens the serial port at 1200 baud and closes it again, at `at` seconds from power-on."""

    at: float

    def bind(self, machine: Machine) -> Iterator[Deed]:
        """One deed. UsageError where no computer is plugged in."""
        if machine.usb is None:
            raise UsageError(f"--touch: no computer is at the USB connector of board {machine.board.name}")
        yield self.at, self._touch

    def _touch(self, machine: Machine) -> None:
        if machine.usb is None or not machine.usb.touch():
            raise RunError(f"--touch: at {self.at:g} s the firmware has no serial port over USB")
