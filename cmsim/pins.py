"""Package pins: who drives them, who pulls them, which are wired together, and the level that results."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any

from .errors import UsageError
from .kernel import Line, Rate
from .waves import WaveGroup


class Pull(IntEnum):
    """PIN_CNF.PULL."""

    NONE, DOWN, UP = 0, 1, 3


class Pin:
    """One pin. `line.level` is what everybody sees; drivers that disagree make it low, as a wired AND does.

    On the chip's side one peripheral may `claim` the pin (PSEL, GPIOTE), and then GPIO's output no longer counts.
    """

    def __init__(self, name: str) -> None:
        self.line = Line(name)
        self.pull = Pull.NONE
        self._board_pull = Pull.NONE
        self._chip: dict[str, bool | None] = {}
        self._board: dict[str, bool | None] = {}
        self._owner: str | None = None
        self._clocks: dict[str, Rate] = {}
        self._clock: Rate | None = None
        self._clock_listeners: list[Callable[[Rate | None], None]] = []
        self.function: str | None = None
        """What the pad is instead of a GPIO ("NFC", "nRESET"); no block of the chip can select it then."""
        self.net: Net | None = None
        """The wires that end here; None without one."""
        self.driven: bool | None = None
        """What this pin puts on its net; None while nobody drives it here."""
        self._hearers: dict[str, Callable[[Any], None]] = {}
        self.wave: tuple[WaveGroup, int] | None = None
        """What drives the pin from the board as a function of time, and which of its wires."""
        self.driven_by_chip = False
        """Whether the chip's side drives the pin high or low."""
        self.on_driven: Callable[[], None] = lambda: None
        """Called when `driven_by_chip` has changed: whoever reads a wave shows the output from then on."""

    @property
    def name(self) -> str:
        """"P0.13", as the data sheet writes it."""
        return self.line.name

    @property
    def level(self) -> bool:
        """The resolved level."""
        return self.line.level

    @property
    def owner(self) -> str | None:
        """The peripheral that claimed the pin, if any."""
        return self._owner

    def drive(self, source: str, level: bool | None) -> None:
        """The chip's side (GPIO or a peripheral, by name) drives high, low, or lets go (None)."""
        self._chip[source] = level
        self._resolve()

    def drive_from_board(self, source: str, level: bool | None) -> None:
        """Something outside the chip drives high, low, or lets go (None)."""
        self._board[source] = level
        self._resolve()

    def drive_clock(self, source: str, period: Rate | None) -> None:
        """The chip's side puts out a square wave, one tick of `period` a full period, or ends it (None).

        For waves with too many edges to tell one by one (PWM, I2S MCK); `level` does not follow them.
        """
        if period is None:
            self._clocks.pop(source, None)
        else:
            self._clocks[source] = period
        self._resolve_clock()

    @property
    def clock(self) -> Rate | None:
        """The declared wave that leaves the chip here, if one does."""
        return self._clock

    def on_clock(self, listener: Callable[[Rate | None], None]) -> None:
        """Hear every change of `clock`."""
        self._clock_listeners.append(listener)

    @property
    def wired(self) -> tuple[Pin, ...]:
        """The pins that wires join with this one, itself among them."""
        return (self,) if self.net is None else self.net.pins

    def joins(self, other: Pin | None) -> bool:
        """Whether `other` is this pin, or a wire leads there."""
        return other is self or (self.net is not None and other is not None and other.net is self.net)

    def hear(self, source: str, hearer: Callable[[Any], None]) -> None:
        """Until `source` releases the pin: be told what others `tell` at the far ends of its wires."""
        self._hearers[source] = hearer

    def tell(self, message: object) -> None:
        """Put on the wires what travels as a whole and not by its edges (the frame of a UART)."""
        for pin in self.wired:
            for hearer in tuple(pin._hearers.values()):
                hearer(message)

    def _resolve_clock(self) -> None:
        waves = [v for pin in self.wired for k, v in pin._clocks.items() if pin._owner in (None, k)]
        clock = waves[0] if len(waves) == 1 else None  # two drivers on one wire make no clock
        for pin in self.wired:
            pin._set_clock(clock)

    def _set_clock(self, clock: Rate | None) -> None:
        if clock != self._clock:
            self._clock = clock
            for listener in self._clock_listeners:
                listener(clock)

    def follow(self, group: WaveGroup, wire: int) -> None:
        """From the board side the pin follows wire `wire` of `group`."""
        self.wave = group, wire
        source = group.lines[wire].name
        group.lines[wire].listen(lambda level: self.drive_from_board(source, level))

    @property
    def fast_wave(self) -> bool:
        """Whether the pin follows a wave with too many edges to tell one by one."""
        return self.wave is not None and bool(self.wave[0].fast >> self.wave[1] & 1)

    def watch(self) -> Callable[[], None]:
        """Have every edge told to the listeners of `line`, also those of a wave; call the result to let go."""
        if self.wave is None:
            return lambda: None
        group, wire = self.wave
        return group.watch(wire)

    def claim(self, source: str) -> None:
        """From now on only `source` drives from the chip's side."""
        self._owner = source
        self._resolve()
        self._resolve_clock()

    def release(self, source: str) -> None:
        """Give the pin back to GPIO."""
        self._chip.pop(source, None)
        if self._owner == source:
            self._owner = None
        self._clocks.pop(source, None)
        self._hearers.pop(source, None)
        self._resolve()
        self._resolve_clock()

    def set_pull(self, pull: Pull) -> None:
        """The chip's own pull resistor."""
        self.pull = pull
        self._resolve()

    def set_board_pull(self, pull: Pull) -> None:
        """A resistor on the board."""
        self._board_pull = pull
        self._resolve()

    def _resolve(self) -> None:
        owner = self._owner
        levels = [v for k, v in self._chip.items() if v is not None and (owner is None or k == owner)]
        if self.driven_by_chip != bool(levels):
            self.driven_by_chip = bool(levels)
            self.on_driven()
        levels += [v for v in self._board.values() if v is not None]
        if self.net is not None:
            self.driven = all(levels) if levels else None
            self.net.settle()
        elif levels:
            self.line.set(all(levels))
        else:
            self.line.set(self.pulled_up)

    @property
    def pulled_up(self) -> bool:
        """Whether a resistor of the chip or the board pulls up here; it wins over one that pulls down."""
        return Pull.UP in (self._board_pull, self.pull)


class Net:
    """Pins that wires join to one level: low where anybody drives low, else high where anybody drives or pulls high.

    Of what a part on the board drives as a function of time (`Pin.wave`), a net carries one; with two, each pin keeps
    its own.
    """

    def __init__(self, pins: tuple[Pin, ...], on_conflict: Callable[[Pin, Pin], None]) -> None:
        self.pins = pins
        self._on_conflict = on_conflict
        self._told: set[tuple[Pin, Pin]] = set()
        waves = [pin.wave for pin in pins if pin.wave is not None]
        for pin in pins:
            pin.net = self
            if len(waves) == 1:
                pin.wave = waves[0]
                pin.on_driven()
        for pin in pins:
            pin._resolve()
            pin._resolve_clock()

    @property
    def level(self) -> bool:
        """What stands on the wires."""
        driven = self._driven()
        return all(driven) if driven else any(pin.pulled_up for pin in self.pins)

    @property
    def driven_high(self) -> bool:
        """Whether somebody drives the wires high, and nobody low."""
        driven = self._driven()
        return bool(driven) and all(driven)

    def _driven(self) -> list[bool]:
        return [pin.driven for pin in self.pins if pin.driven is not None]

    def settle(self) -> None:
        """Bring every pin to the level; asked again for each, because whoever hears one may drive another."""
        for pin in self.pins:
            pin.line.set(self.level)
        if (high := self._driver(True)) and (low := self._driver(False)) and (high, low) not in self._told:
            self._told.add((high, low))
            self._on_conflict(high, low)

    def _driver(self, level: bool) -> Pin | None:
        return next((pin for pin in self.pins if pin.driven is level), None)


class Pins:
    """All pins of the package: number 32 * port + pin, as PSEL registers count them."""

    DISCONNECTED = 1 << 31
    """PSEL.CONNECT."""

    def __init__(self, count: int = 48) -> None:
        self.pins = tuple(Pin(f"P{n >> 5}.{n & 31:02d}") for n in range(count))
        self.wires: list[tuple[Pin, Pin]] = []
        """What `wire` has joined."""
        self.on_conflict: Callable[[Pin, Pin], None] = lambda high, low: None
        """Told once that of two wired pins the first drives high and the second low; set before the wires."""

    def __getitem__(self, n: int) -> Pin:
        return self.pins[n]

    def __len__(self) -> int:
        return len(self.pins)

    def selected(self, psel: int) -> Pin | None:
        """The pin that a PSEL register names, or None while it is disconnected, names none, or the pad is no GPIO."""
        n = psel & 0x3F
        if psel & self.DISCONNECTED or n >= len(self.pins) or self.pins[n].function is not None:
            return None
        return self.pins[n]

    def wire(self, one: Pin, other: Pin) -> None:
        """Join two pins from now on. UsageError if it is one pin, or they have such a wire."""
        if one is other:
            raise UsageError(f"{one.name} is at both ends")
        if (one, other) in self.wires or (other, one) in self.wires:
            raise UsageError(f"{one.name} and {other.name} are wired already")
        self.wires.append((one, other))
        if not one.joins(other):
            Net(one.wired + other.wired, self.on_conflict)

    @staticmethod
    def number(name: str) -> int:
        """"P1.03" -> 35."""
        port, dot, pin = name.removeprefix("P").partition(".")
        if not (name.startswith("P") and dot and port.isdigit() and pin.isdigit() and int(pin) < 32):
            raise UsageError(f"pin {name!r}: write it as P<port>.<pin>, for example P0.13")
        return 32 * int(port) + int(pin)
