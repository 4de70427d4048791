"""What every part on a board is: I2C targets, lines, a supply, and the physical quantities that it senses.

`Part` is anything outside the chip; `Sensor` with its `SensorRegisters` is what most of them are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar, Protocol, TypeVar, runtime_checkable

from .i2c import I2cRegisterDevice, I2cTarget
from .kernel import Line, Scheduler
from .pins import Pin
from .registers import WORD
from .waves import WaveGroup

Signal = Callable[[int], float]
"""CPU cycle -> value in the channel's base unit."""
Block = TypeVar("Block", bound="SensorRegisters")


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


@runtime_checkable
class Storage(Protocol):
    """A part that keeps its content without power: it begins with that of a file, and leaves it in one."""

    @property
    def memory(self) -> bytearray:
        """What it holds."""

    def load(self, path: Path) -> None:
        """Hold the file's bytes. UsageError if it cannot be read, or is too large."""

    def save(self, path: Path) -> None:
        """Write all of it. UsageError if that fails."""


class SensorRegisters(I2cRegisterDevice):
    """Registers of a part that samples: lazily, so that a sensor that nobody reads costs nothing.

    A subclass declares registers, extends `reset`, and says in `catch_up` what happened since the last look. One with
    output pins sets them in `drive_pins` and names in `next_change` the moment at which they may move by themselves.
    """

    def __init__(self, part: Sensor) -> None:
        self.part, self.scheduler = part, part.scheduler
        self._alarm = part.scheduler.alarm(self.update)
        super().__init__()

    def reset(self) -> None:
        """Reset values, and nothing to wake for."""
        super().reset()
        self._alarm.cancel()

    def read(self, offset: int) -> int:
        """A register as it is now."""
        self.catch_up()
        return super().read(offset)

    def write(self, offset: int, value: int, mask: int = WORD) -> None:
        """A register write: what lies before it happened under the old settings."""
        self.catch_up()
        super().write(offset, value, mask)
        self.update()

    def update(self) -> None:
        """Bring samples, pins and the alarm up to date."""
        self.catch_up()
        self.drive_pins()
        moment = self.next_change()
        if moment is None:
            self._alarm.cancel()
        else:
            self._alarm.at(moment)

    def catch_up(self) -> None:
        """Let happen what is due between the last look and now."""

    def drive_pins(self) -> None:
        """Set the part's output pins."""

    def next_change(self) -> int | None:
        """The cycle at which a pin may change by itself, if one does: nothing is armed for any other reason."""
        return None


class Sensor(Part):
    """A part made of register blocks: `outputs` names its pins, `connect` puts a block at its I2C address."""

    outputs: ClassVar[Mapping[str, bool]] = {}
    """Output pin -> its level while nothing drives it."""

    def __init__(self, scheduler: Scheduler, name: str) -> None:
        super().__init__(scheduler, name)
        self.lines = {pin: Line(f"{name}.{pin}", level) for pin, level in self.outputs.items()}
        self._blocks: list[SensorRegisters] = []

    def connect(self, address: int, block: Block) -> Block:
        """Put `block` at the 7-bit `address`, and keep it in step with supply and senses."""
        self.i2c[address] = block
        self._blocks.append(block)
        block.update()
        return block

    def set_output(self, pin: str, level: bool, *, open_drain: bool = False) -> None:
        """Drive an output pin; `open_drain` says whether high means released from now on."""
        (self.open_drain.add if open_drain else self.open_drain.discard)(pin)
        self.lines[pin].set(level)

    def feed(self, channel: str, signal: Signal) -> None:
        """From now on `channel` follows `signal`, a pure function of the cycle; earlier samples keep the old one."""
        for block in self._blocks:
            block.catch_up()
        super().feed(channel, signal)

    def power_up(self) -> None:
        """Reset values."""
        for block in self._blocks:
            block.reset()
            block.update()

    def power_down(self) -> None:
        """Nothing runs, nothing drives a pin."""
        for block in self._blocks:
            block.reset()
        for pin, level in self.outputs.items():
            self.lines[pin].set(level)


def _constant(value: float) -> Signal:
    return lambda cycle: value
