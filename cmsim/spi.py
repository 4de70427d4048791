"""The SPI bus at the edge of the chip: targets that exchange bytes while they are selected.

Not modelled: clock polarity and phase, bit order on the wire (a byte is a byte), contention on MISO (the first selected
target is heard).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from .pins import Pin


class SpiTarget(Protocol):
    """Something with SCK, MOSI and MISO."""

    def exchange(self, byte: int) -> int:
        """A byte in, a byte out, at the same time."""


@runtime_checkable
class SpiPart(Protocol):
    """A part on a board that has an SPI interface."""

    @property
    def spi(self) -> SpiTarget:
        """What exchanges bytes."""

    @property
    def selected(self) -> bool:
        """Whether its chip select is active, and it has a supply."""


class SpiBus:
    """Three wires, with targets on them."""

    IDLE = 0x00
    """What a controller reads while nobody drives MISO."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._targets: list[tuple[SpiTarget, Callable[[], bool]]] = []

    def attach(self, target: SpiTarget, selected: Callable[[], bool] = lambda: True) -> None:
        """Put `target` on the bus; it takes part only while `selected()` (its chip select is active)."""
        self._targets.append((target, selected))

    def exchange(self, byte: int) -> int:
        """Every selected target hears `byte`; the answer of the first counts."""
        answers = [target.exchange(byte) for target, selected in self._targets if selected()]
        return answers[0] & 0xFF if answers else self.IDLE


@dataclass
class WiredByte:
    """Eight clocks on a wire that leads from SCK to another pin of the chip (`Pin.tell`)."""

    mosi: Pin | None
    miso: Pin | None
    byte: int
    answer: int = SpiBus.IDLE
    """What a selected target at the far ends has put on MISO."""


class Loopback:
    """A wire from MOSI to MISO."""

    def exchange(self, byte: int) -> int:
        """What was sent."""
        return byte
