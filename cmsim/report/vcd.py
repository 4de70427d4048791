"""A VCD file of what happens on the wires, for GTKWave and its kin.

    with VcdRecorder(machine, "run.vcd"):
        machine.run(seconds=2)

Scopes: `pins` (every pin of the chip, P0_13 for P0.13), `board` (the same by the board's names), one for each part with
its output lines, `i2c` (what happens on each bus: start and address, bytes, stop), `serial` (each byte of each UART). A
byte that repeats the one before it bears a '. Times are exact: a CPU cycle is 15,625 ps. Nothing is recorded, and
nothing costs time, unless a recorder is there.

Pins that a wave of millions of edges a second drives (PCLK and D0-D7 of a camera) read x, unknown, unless the recorder
is made with `waves=True`: a second of them takes minutes and some 50 MB.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from vcd import VCDWriter

from ..errors import UsageError
from ..kernel import CPU_HZ, Line

if TYPE_CHECKING:
    from ..machine import Machine

PS_PER_CYCLE = 10**12 // CPU_HZ


class VcdRecorder:
    """Records from its making to `close`. UsageError if the file cannot be written."""

    def __init__(self, machine: Machine, path: str | Path, *, waves: bool = False) -> None:
        self.machine, self.path, self._waves = machine, Path(path), waves
        try:
            self._file = self.path.open("w", encoding="utf-8", newline="\n")
        except OSError as error:
            raise UsageError(f"{self.path}: cannot write the VCD there: {error.strerror or error}") from None
        start = machine.soc.scheduler.now * PS_PER_CYCLE
        self._writer = VCDWriter(self._file, timescale="1 ps", version="cmsim", date="-", init_timestamp=start)
        self._last = start
        self._undo: list[Callable[[], None]] = []
        self._add_pins()
        self._add_parts()
        self._add_buses()
        self._add_serial()

    # --- what is recorded ---------------------------------------------------------------------------------------

    def _add_pins(self) -> None:
        variables = {}
        for pin in self.machine.soc.pins.pins:
            if pin.fast_wave and not self._waves:
                variables[pin.name] = self._variable("pins", pin.name, "x")
                continue
            variables[pin.name] = self._add_line("pins", pin.name, pin.line)
            self._undo.append(pin.watch())
        for name, pin_name in self.machine.board.pins.items():
            self._writer.register_alias("board", _identifier(name), variables[pin_name])

    def _add_parts(self) -> None:
        for part in self.machine.parts.values():
            for name, line in part.lines.items():
                self._add_line(_identifier(part.name), name, line)

    def _add_line(self, scope: str, name: str, line: Line) -> Any:
        variable = self._variable(scope, name, int(line.level))
        self._undo.append(line.listen(lambda level: self._change(variable, int(level))))
        return variable

    def _variable(self, scope: str, name: str, level: int | str) -> Any:
        return self._writer.register_var(scope, _identifier(name), "wire", size=1, init=level)

    def _add_buses(self) -> None:
        for bus in self.machine.soc.i2c_buses:
            bus.watch(self._text("i2c", bus.name))

    def _add_serial(self) -> None:
        soc = self.machine.soc
        for name in dict.fromkeys(("uart0", "uart1", *soc.serial)):
            port = soc.serial_port(name)
            sent, received = self._text("serial", f"{name}_tx"), self._text("serial", f"{name}_rx")
            self._undo.append(port.listen(partial(_each, sent)))
            port.on_taken = _both(partial(_one, received), port.on_taken)

    def _text(self, scope: str, name: str) -> Callable[[str], None]:
        variable: Any = self._writer.register_var(scope, _identifier(name), "string", init="")
        last = ""

        def tell(text: str) -> None:
            nonlocal last
            text = text.replace(" ", "_")
            last = f"{text}'" if text == last else text  # a viewer shows no change from a value to itself
            self._change(variable, last)

        return tell

    # --- the file -----------------------------------------------------------------------------------------------

    def _change(self, variable: Any, value: int | str) -> None:
        if self._file.closed:
            return
        self._last = max(self._last, self.machine.soc.scheduler.now * PS_PER_CYCLE)
        self._writer.change(variable, self._last, value)

    def close(self) -> None:
        """End the file at the present moment."""
        if self._file.closed:
            return
        for undo in self._undo:
            undo()
        self._writer.close(max(self._last, self.machine.cycles * PS_PER_CYCLE))
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _identifier(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name)


def _shown(byte: int) -> str:
    """A byte as a character, or as 0A."""
    return chr(byte) if 0x21 <= byte < 0x7F else f"0x{byte:02X}"


def _one(tell: Callable[[str], None], byte: int) -> None:
    tell(_shown(byte))


def _each(tell: Callable[[str], None], data: bytes) -> None:
    for byte in data:
        tell(_shown(byte))


def _both(first: Callable[[int], None], then: Callable[[int], None]) -> Callable[[int], None]:
    """A byte has one listener; a recorder stands in front of who listened before."""

    def tell(byte: int) -> None:
        first(byte)
        then(byte)

    return tell
