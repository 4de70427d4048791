"""Whether cycles, stack and heap of an inference stay the same over a long run.

Inferences are gathered in at most 64 rows of equally many; the first quarter of the rows is compared with the last.
Without inferences only the heap is followed, by time. Memory stays bounded: operators are kept for the first and the
last 100 inferences only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..machine import Machine

ROWS = 64
DETAILED = 100
KEYS = ("cycles", "stack_peak", "heap_live")


class Drift:
    """Listens to the inferences of a machine. Construct it before the run."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._rows: list[list[int]] = []
        """Of each row: first cycle, inferences, sum of cycles, most stack, heap live at its end."""
        self._each = 1
        if machine.inference_meter is not None:
            machine.inference_meter.notify(self._inference)

    def _inference(self) -> None:
        machine = self.machine
        assert machine.inference_meter is not None
        inferences = machine.inference_meter.inferences
        inference = inferences[-1]
        live = machine.heap.live if machine.heap is not None else 0
        values = [inference.start_cycle, 1, inference.cycles, inference.stack_peak or 0, live]
        if self._rows and self._rows[-1][1] < self._each:
            self._rows[-1] = _merged(self._rows[-1], values)
        else:
            self._rows.append(values)
            if len(self._rows) > ROWS:
                self._each *= 2
                whole = [_merged(*pair) for pair in zip(self._rows[0:-1:2], self._rows[1::2], strict=True)]
                self._rows = [*whole, self._rows[-1]]
        if len(inferences) > 2 * DETAILED:
            inferences[-1 - DETAILED].operators = []

    def record(self) -> dict[str, Any]:
        """`drift` of the record."""
        rows = [[start, count, round(cycles / count), stack, live] for start, count, cycles, stack, live in self._rows]
        if rows:
            columns = {"cycles": [row[2] for row in rows], "stack_peak": [row[3] for row in rows],
                       "heap_live": [row[4] for row in rows]}  # fmt: skip
        else:
            history = self.machine.heap.history.rows if self.machine.heap is not None else []
            columns = {"cycles": [], "stack_peak": [], "heap_live": [row[2] for row in history]}
        known = self.machine.heap is not None and self.machine.heap.present
        if not known:
            columns["heap_live"] = []
        changes = {key: _change(columns[key]) for key in KEYS}
        return {"inferences": sum(row[1] for row in rows), **changes, "rows": rows}


def _merged(first: Sequence[int], second: Sequence[int]) -> list[int]:
    return [first[0], first[1] + second[1], first[2] + second[2], max(first[3], second[3]), second[4]]


def _change(values: Sequence[int]) -> dict[str, float] | None:
    """Mean of the first and of the last quarter; None without values."""
    if not values:
        return None
    quarter = max(1, len(values) // 4)
    first, last = (sum(part) / quarter for part in (values[:quarter], values[-quarter:]))
    return {"first": round(first, 1), "last": round(last, 1), "change": round(last - first, 1),
            "least": min(values), "most": max(values)}  # fmt: skip
