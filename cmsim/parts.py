"""What every part on a board is: I2C targets, lines, a supply, and the physical quantities that it senses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from .i2c import I2cTarget
from .kernel import Line, Scheduler
from .pins import Pin
from .waves import WaveGroup

Signal = Callable[[int], float]
"""CPU cycle -> value in the channel's base unit."""


class Part:
    """A part outside the chip. Subclasses fill `i2c` and `lines` and read `signal(channel)`."""

    channels: ClassVar[Mapping[str, tuple[str, float]]] = {}
    """Channel name -> (base unit, value while no trace feeds it), for example "accel z": ("g", 1.0)."""

    def __init__(self, scheduler: Scheduler, name: str) -> None:
        self.scheduler, self.name = scheduler, name
        self.i2c: dict[int, I2cTarget] = {}
        """7-bit address -> target."""
        self.lines: dict[str, Line] = {}
        """Output pins by the data sheet's name."""
        self.waves: dict[str, tuple[WaveGroup, int]] = {}
        """Output pins that are functions of time: the group, and which of its wires."""
        self.inputs: dict[str, Callable[[Pin], None]] = {}
        """Input pins: called once with the chip's pin that is wired there."""
        self.open_drain: set[str] = set()
        """Those of the lines that only pull low: while high they are released."""
        self.powered = True
        self._signals: dict[str, Signal] = {
            channel: _constant(rest) for channel, (_, rest) in self.channels.items()
        }

    def feed(self, channel: str, signal: Signal) -> None:
        """From now on `channel` follows `signal`."""
        if channel not in self.channels:
            raise KeyError(f"{self.name} senses {', '.join(self.channels)}, not {channel}")
        self._signals[channel] = signal

    def sense(self, channel: str, cycle: int | None = None) -> float:
        """The quantity at `cycle` (now, if None), in its base unit."""
        return self._signals[channel](self.scheduler.now if cycle is None else cycle)

    def drives(self, line: str) -> bool | None:
        """What the output `line` does to the wire on it: high, low, or nothing (None)."""
        level = self.lines[line].level
        return None if not self.powered or (level and line in self.open_drain) else level

    def answers(self, address: int) -> bool:
        """Whether the I2C target at `address` takes part in the bus."""
        return self.powered

    def set_power(self, on: bool) -> None:
        """The supply came or went; a part that comes up starts from its reset values."""
        if on and not self.powered:
            self.powered = True
            self.power_up()
        elif not on and self.powered:
            self.powered = False
            self.power_down()

    def power_up(self) -> None:
        """Reset values, as after power-on."""

    def power_down(self) -> None:
        """Stop every clock of the part."""


def _constant(value: float) -> Signal:
    return lambda cycle: value
