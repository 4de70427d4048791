"""Which bytes of an arena are ever written, and which change while each operator runs.

The arena is painted when its interpreter is constructed: with a pattern, or with the pattern's complement. A byte is
touched once it differs from the paint; a byte that happens to be written with its own paint is not seen, so that two
runs with both paints together are exact. Content is compared between operators, which costs nothing in between.

Not modelled: bytes that are only read; bytes that are written with what they held before count as unchanged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import tflm
from .arena import Arena
from .inferences import OPERATOR_FUNCTION

if TYPE_CHECKING:
    from ..machine import Machine

COLUMNS, ROWS = 56, 128
SEED = 0x5EED
Bytes = npt.NDArray[np.uint8]


class TouchMeter:
    """Paints one arena at its first construction, and looks at it between operators. Construct it before the run."""

    def __init__(self, machine: Machine, index: int = 0, complement: bool = False) -> None:
        assert machine.arenas is not None
        self.machine, self.index = machine, index
        self._invert = 0xFF if complement else 0
        self._arena: Arena | None = None
        self._paint: Bytes = np.zeros(0, np.uint8)
        self._before = self._paint
        self._written = np.zeros(0, bool)
        self._rows: list[dict[str, Any]] = []
        self._name = "prepare"
        machine.arenas.on_construction.append(self._constructed)
        meter, image = machine.inference_meter, machine.image
        if meter is None:
            return
        places = [symbol.address & ~1 for symbol in image.symbols.functions
                  if symbol.demangled.startswith(OPERATOR_FUNCTION + "(")]  # fmt: skip
        places += [address for address, _ in tflm.call_sites(image, machine.cpu)]
        for address in meter.functions.values():
            machine.watches.on_entry(address, lambda: self._look("begin"))
        for address in places:
            machine.watches.on_entry(address, self._operator)
        meter.notify(lambda: self._look("afterwards"))

    def _constructed(self, index: int, arena: Arena) -> None:
        if index != self.index or self._arena is not None:
            return
        base, size = arena.placed
        found = self.machine.cpu.bus.memory(base, max(size, 1))
        if found is None:
            return
        self._arena = arena
        self._paint = np.random.default_rng(SEED).integers(0, 256, size, np.uint8) ^ np.uint8(self._invert)
        self._before, self._written = self._paint, np.zeros(size, bool)
        self.machine.write(base, self._paint.tobytes())

    def _content(self) -> Bytes:
        assert self._arena is not None
        return np.frombuffer(self.machine.read(*self._arena.placed), np.uint8)

    def _operator(self) -> None:
        meter = self.machine.inference_meter
        running = meter.with_running if meter is not None else []
        if running and running[-1].operators:  # the meter was told first
            self._look(running[-1].operators[-1].name)

    def _look(self, following: str) -> None:
        """Between two operators, or at an inference's beginning or end; `following` comes next."""
        name, self._name = self._name, following
        if self._arena is None or len(self._rows) >= ROWS:
            return
        content = self._content()
        changed = content != self._before
        self._written |= content != self._paint
        self._before = content
        self._rows.append({"during": name, "cycle": self.machine.cycles, "changed": self._columns(changed)})

    def _columns(self, changed: npt.NDArray[np.bool_]) -> list[int]:
        each = self.column_bytes
        return [int(changed[at : at + each].sum()) for at in range(0, len(changed), each)]

    @property
    def column_bytes(self) -> int:
        """Bytes of the arena that one column of a row stands for."""
        return max(1, -(-len(self._paint) // COLUMNS))

    @property
    def written(self) -> npt.NDArray[np.bool_]:
        """Of each byte, whether it has been written."""
        return self._written | (self._content() != self._paint) if self._arena is not None else self._written

    def record(self) -> dict[str, Any] | None:
        """`touched` of an arena in the record; None before the arena is there."""
        if self._arena is None:
            return None
        written = int(self.written.sum())
        return {"written": written, "never": len(self._paint) - written, "column_bytes": self.column_bytes,
                "rows": self._rows}  # fmt: skip
