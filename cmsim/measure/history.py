"""A number over the time of a run, in few rows however long the run."""

from __future__ import annotations

ROWS = 256


class History:
    """The most that a number was in each interval of time; intervals double when there are too many.

    Rows exist only for intervals in which the number was told; between them it stays what it last was.
    """

    def __init__(self, interval: int = 1 << 16) -> None:
        self.interval = interval
        """Cycles."""
        self._rows: dict[int, tuple[int, int]] = {}

    def add(self, cycle: int, value: int) -> None:
        """The number is `value` from `cycle` on; cycles never go back."""
        index = cycle // self.interval
        before = self._rows.get(index)
        self._rows[index] = (value if before is None else max(before[0], value), value)
        if len(self._rows) > ROWS:
            self._halve()

    def _halve(self) -> None:
        while len(self._rows) > ROWS // 2:
            self.interval *= 2
            merged: dict[int, tuple[int, int]] = {}
            for index, (most, last) in self._rows.items():
                before = merged.get(index // 2)
                merged[index // 2] = (most if before is None else max(before[0], most), last)
            self._rows = merged

    @property
    def rows(self) -> list[list[int]]:
        """[start of the interval in cycles, most within it, last], in order of time."""
        return [[index * self.interval, most, last] for index, (most, last) in self._rows.items()]
