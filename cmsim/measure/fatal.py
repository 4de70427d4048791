"""What an operating system or C library says when it gives up: Mbed, Zephyr, FreeRTOS, RIOT, nRF5 SDK, newlib.

Their functions for that are found by symbol, and their arguments put into words. Those that only halt end the run 10 ms
later (stop reason "fatal"), so that what was printed can leave the UART.

Not modelled: functions that were inlined; kernels that reset the chip instead of halting, which goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ..kernel import CPU_HZ
from ..record import Stop
from .arguments import argument
from .unwind import Frame, Unwinder

if TYPE_CHECKING:
    from ..machine import Machine

MOST = 16
LONGEST = 200
FLUSH = CPU_HZ // 100
ZEPHYR_REASONS = ("CPU exception", "spurious interrupt", "stack check failed", "kernel oops", "kernel panic")
"""K_ERR_... in the order of their numbers."""
Words = Callable[[int], int]
Text = Callable[[int], str]


def _mbed_error(word: Words, text: Text) -> str:
    return f"Mbed error 0x{word(0):08x}: {text(word(1))}{_at(text(word(3)), word(4))}"


def _zephyr(word: Words, text: Text) -> str:
    reason = word(0)
    return f"Zephyr fatal error {reason}" + (f": {ZEPHYR_REASONS[reason]}" if reason < len(ZEPHYR_REASONS) else "")


SPEAKERS: Mapping[str, Callable[[Words, Text], str]] = {
    "mbed_error": _mbed_error,
    "mbed_assert_internal": lambda word, text: f"Mbed assertion {text(word(0))}{_at(text(word(1)), word(2))}",
    "z_fatal_error": _zephyr,
    "assert_post_action": lambda word, text: f"Zephyr assertion{_at(text(word(0)), word(1))}",
    "__assert_func": lambda word, text: f"assertion {text(word(3))} in {text(word(2))}{_at(text(word(0)), word(1))}",
    "vApplicationStackOverflowHook": lambda word, text: f"FreeRTOS: task {text(word(1))} has overflowed its stack",
    "__stack_chk_fail": lambda word, text: "the stack was overwritten (-fstack-protector)",
    "core_panic": lambda word, text: f"RIOT panic {word(0)}: {text(word(1))}",
    "app_error_handler": lambda word, text: f"nRF5 SDK error {word(0)}{_at(text(word(2)), word(1))}",
    "abort": lambda word, text: "abort()",
}
"""Function -> its arguments in words."""
HALTS = ("mbed_die", "mbed_halt_system", "arch_system_halt")


@dataclass(frozen=True)
class Fatal:
    """One cry."""

    function: str
    text: str
    cycle: int
    callers: list[Frame]


class FatalMeter:
    """Watches those functions of a machine's image."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.cries: list[Fatal] = []
        self._halted = ""
        symbols = machine.image.symbols
        for name, speak in SPEAKERS.items():
            symbol = symbols.get(name)
            if symbol is not None and symbol.kind == "function":
                machine.watches.on_entry(symbol.address & ~1, lambda n=name, s=speak: self._cries(n, s))  # type: ignore[misc]
        self._ending = machine.soc.scheduler.alarm(self._end)
        self._unwatch: list[Callable[[], None]] = []
        self._watch_halts()
        machine.watches.on_forget.append(self._reset)

    def _watch_halts(self) -> None:
        symbols = self.machine.image.symbols
        for name in HALTS:
            symbol = symbols.get(name)
            if symbol is not None and symbol.kind == "function":
                halts = partial(self._halts, name)
                self._unwatch.append(self.machine.watches.on_entry(symbol.address & ~1, halts))

    def _reset(self) -> None:
        """The firmware lives again."""
        self._ending.cancel()
        if not self._unwatch:
            self._watch_halts()

    def _cries(self, name: str, speak: Callable[[Words, Text], str]) -> None:
        if len(self.cries) >= MOST:
            return
        machine = self.machine
        core = machine.cpu.registers.core.read()

        frames = Unwinder(machine).walk(machine.cpu.exceptions.pc, core[13], core[14])
        self.cries.append(Fatal(name, speak(partial(argument, machine, core), self._text), machine.cycles, frames[1:]))

    def _halts(self, name: str) -> None:
        self._halted = name
        while self._unwatch:  # it may be a loop to its own begin
            self._unwatch.pop()()
        self._ending.at(self.machine.cycles + FLUSH)

    def _end(self) -> None:
        text = self.cries[-1].text if self.cries else f"{self._halted}() was called"
        self.machine.end(Stop("fatal", text))

    def _text(self, address: int) -> str:
        found = self.machine.cpu.bus.memory(address, 1) if address else None
        if found is None:
            return "?"
        content = bytes(found[0][found[1] : found[1] + LONGEST]).partition(b"\0")[0]
        return content.decode("utf-8", "replace").strip()

    def rows(self) -> list[dict[str, Any]]:
        """`fatal` of the record."""
        return [{"function": cry.function, "text": cry.text, "cycle": cry.cycle,
                 "stack": [frame.row(self.machine) for frame in cry.callers]} for cry in self.cries]  # fmt: skip


def _at(file: str, line: int) -> str:
    return "" if file in ("", "?") else f" ({file}:{line})"
