"""Package pins: who drives them, who pulls them, and the level that results."""

from __future__ import annotations

from enum import IntEnum

from .errors import UsageError
from .kernel import Line


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

    def claim(self, source: str) -> None:
        """From now on only `source` drives from the chip's side."""
        self._owner = source
        self._resolve()

    def release(self, source: str) -> None:
        """Give the pin back to GPIO."""
        self._chip.pop(source, None)
        if self._owner == source:
            self._owner = None
        self._resolve()

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
        levels += [v for v in self._board.values() if v is not None]
        if levels:
            self.line.set(all(levels))
        else:
            self.line.set(Pull.UP in (self._board_pull, self.pull))


class Pins:
    """All pins of the package: number 32 * port + pin, as PSEL registers count them."""

    DISCONNECTED = 1 << 31
    """PSEL.CONNECT."""

    def __init__(self, count: int = 48) -> None:
        self.pins = tuple(Pin(f"P{n >> 5}.{n & 31:02d}") for n in range(count))

    def __getitem__(self, n: int) -> Pin:
        return self.pins[n]

    def __len__(self) -> int:
        return len(self.pins)

    def selected(self, psel: int) -> Pin | None:
        """The pin that a PSEL register names, or None while it is disconnected or names none."""
        n = psel & 0x3F
        return None if psel & self.DISCONNECTED or n >= len(self.pins) else self.pins[n]

    @staticmethod
    def number(name: str) -> int:
        """"P1.03" -> 35."""
        port, dot, pin = name.removeprefix("P").partition(".")
        if not (name.startswith("P") and dot and port.isdigit() and pin.isdigit() and int(pin) < 32):
            raise UsageError(f"pin {name!r}: write it as P<port>.<pin>, for example P0.13")
        return 32 * int(port) + int(pin)
