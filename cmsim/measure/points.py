"""A point in a run, as options name it: a function that is entered or returns, or a text that appears on a console."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import UsageError

if TYPE_CHECKING:
    from ..machine import Machine

RETURN = "return of "
CHANNELS = ("uart0", "uart1", "usb0", "semihosting", "itm0")


class Point:
    """`what` is a function of the firmware, "return of" one, or else a text; "text:..." is a text in any case.

    `callback` is called each time it is reached. UsageError for a name of several functions, or "return of" none.
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
        function = what.removeprefix(RETURN)
        addresses = [] if text != what else self._functions(function, function != what)
        self.is_text = not addresses
        for address in addresses:
            self._undo.append(machine.watches.on_entry(address, self._enter if function != what else self._reach))
        if self.is_text:
            for name in dict.fromkeys((*CHANNELS, *machine.soc.serial)):
                self._listen(name, text.encode())

    def _functions(self, name: str, must: bool) -> list[int]:
        """Where that begins, its clones included."""
        image = self.machine.image
        known = name[:2].lower() == "0x" or image.in_file(name) or any(
            symbol.kind != "object" for symbol in image.symbols.by_name.get(name, ())
        ) or any(name in (symbol.qualified, symbol.demangled) for symbol in image.symbols.functions)
        return sorted({symbol.address & ~1 for symbol in image.find_copies(name)}) if known or must else []

    def _enter(self) -> None:
        self.machine.watches.on_return(self._reach)

    @property
    def hint(self) -> str:
        """Of a text that never appeared: which functions have such a name."""
        names = self.machine.image.symbols.similar(self.what, functions=True) if self.is_text else []
        return f"; no function has that name, similar: {', '.join(names)}" if names else ""

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
