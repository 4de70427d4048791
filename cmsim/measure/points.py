"""A point in a run, as options name it: a function that is entered, or a text that appears on a console."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import UsageError

if TYPE_CHECKING:
    from ..machine import Machine

CHANNELS = ("uart0", "uart1", "usb0", "semihosting", "itm0")


class Point:
    """`what` is a symbol of the firmware, or else a text; "text:..." is a text whatever the symbols are.

    `callback` is called each time it is reached. UsageError for a symbol that names several functions.
    """

    def __init__(self, machine: Machine, what: str, callback: Callable[[], None]) -> None:
        self.machine, self.what = machine, what
        self.reached: int | None = None
        """The cycle at which it was reached first."""
        self._callback = callback
        self._undo: list[Callable[[], None]] = []
        text = what.removeprefix("text:")
        if not text:
            raise UsageError(f"{what!r}: name a function of the firmware or a text that it prints")
        address = None if text != what else self._function(what)
        self.is_text = address is None
        if address is not None:
            self._undo.append(machine.watches.on_entry(address, self._reach))
        else:
            for name in dict.fromkeys((*CHANNELS, *machine.soc.serial)):
                self._listen(name, text.encode())

    def _function(self, name: str) -> int | None:
        symbols = self.machine.image.symbols
        known = name[:2].lower() == "0x" or symbols.get(name) is not None
        if not known and not any(name in (symbol.qualified, symbol.demangled) for symbol in symbols.functions):
            return None
        return self.machine.image.find(name).address & ~1

    def _listen(self, channel: str, text: bytes) -> None:
        port = self.machine.soc.serial_port(channel)
        start = len(port.output)

        def hear(data: bytes) -> None:
            if port.output.find(text, max(start, len(port.output) - len(data) - len(text) + 1)) >= 0:
                self._reach()

        self._undo.append(port.listen(hear))

    def _reach(self) -> None:
        if self.reached is None:
            self.reached = self.machine.cycles
        self._callback()

    def close(self) -> None:
        """Look no more."""
        for undo in self._undo:
            undo()
        self._undo.clear()

    def __str__(self) -> str:
        return f"the text {self.what.removeprefix('text:')!r}" if self.is_text else self.what
