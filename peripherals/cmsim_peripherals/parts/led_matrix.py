"""A matrix of LEDs between row pins and column pins: an LED is lit while its row is high and its column low.

`lit(...)` gives each LED's share of the time since it was last asked (1.0: always on), which is what an eye sees of a
multiplexed display. Nothing polls: every edge of a pin adds up the time that passed.

Not modelled: currents, and that an LED whose row or column pin floats may glow (a pin counts as its level reads).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cmsim.kernel import Scheduler
from cmsim.parts import Part
from cmsim.pins import Pin


class LedMatrix(Part):
    """`rows` x `columns` LEDs; the inputs are ROW1.. (anodes) and COL1.. (cathodes)."""

    def __init__(self, scheduler: Scheduler, name: str, rows: int = 5, columns: int = 5) -> None:
        super().__init__(scheduler, name)
        self.rows, self.columns = rows, columns
        self._row_levels, self._column_levels = [False] * rows, [True] * columns
        self._on_cycles = [[0] * columns for _ in range(rows)]
        self._since = self._asked = scheduler.now
        self.inputs |= {f"ROW{n + 1}": self._input(self._row_levels, n) for n in range(rows)}
        self.inputs |= {f"COL{n + 1}": self._input(self._column_levels, n) for n in range(columns)}

    def _input(self, levels: list[bool], n: int) -> Callable[[Pin], None]:
        def connect(pin: Pin) -> None:
            levels[n] = pin.level
            pin.line.listen(partial(self._changed, levels, n))

        return connect

    def _changed(self, levels: list[bool], n: int, level: bool) -> None:
        self._settle()
        levels[n] = level

    def _settle(self) -> None:
        """Add the time since the last edge to the LEDs that were lit."""
        now = self.scheduler.now
        passed, self._since = now - self._since, now
        if passed:
            dark = [n for n, level in enumerate(self._column_levels) if not level]
            for row, level in enumerate(self._row_levels):
                if level:
                    for column in dark:
                        self._on_cycles[row][column] += passed

    def now(self) -> list[list[bool]]:
        """Which LEDs are lit at this moment, row by row."""
        return [[row and not column for column in self._column_levels] for row in self._row_levels]

    def lit(self) -> list[list[float]]:
        """Each LED's share of the time since the last call (or the start), row by row; starts anew."""
        self._settle()
        now = self.scheduler.now
        span, self._asked = max(1, now - self._asked), now
        shares = [[cycles / span for cycles in row] for row in self._on_cycles]
        self._on_cycles = [[0] * self.columns for _ in range(self.rows)]
        return shares

    def picture(self, threshold: float = 0.01) -> str:
        """`lit()` as text, one line a row: `#` for an LED that is on for more than `threshold` of the time."""
        return "\n".join("".join("#" if share > threshold else "." for share in row) for row in self.lit())
