"""Wires whose level is a function of time: nothing happens at their edges unless somebody asks for them.

A camera's pixel clock has millions of edges a second that firmware looks at one by one or not at all. A `WaveGroup`
answers the level of its wires at any cycle; an alarm runs only for a wire that is watched (GPIOTE, SENSE, a recorder).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .kernel import Alarm, Line, Scheduler
from .raster import Raster


class WaveGroup:
    """Wires that one part drives together; wire n is bit n. Subclasses say `levels` and `next_edge`."""

    def __init__(self, scheduler: Scheduler, name: str, wires: Sequence[str]) -> None:
        self.scheduler = scheduler
        self.lines = [Line(f"{name}.{wire}") for wire in wires]
        """Follow the waves of watched wires only."""
        self.fast = 0
        """Mask of the wires with too many edges to be recorded unless somebody insists."""
        self.raster: Raster | None = None
        """The same functions of time as a table for native code, if the part keeps one."""
        self._watchers = [0] * len(self.lines)
        self._alarms: dict[int, Alarm] = {}

    def levels(self, cycle: int) -> int:
        """The levels of all wires at `cycle`, one bit each."""
        raise NotImplementedError

    def next_edge(self, wire: int, cycle: int) -> int | None:
        """The first cycle after `cycle` at which `wire` changes, or None while nothing will change it."""
        raise NotImplementedError

    def sample(self, wires: int, cycle: int) -> int:
        """Firmware looks at the wires of this mask: as `levels`, for parts that count what was read."""
        return self.levels(cycle)

    def watch(self, wire: int) -> Callable[[], None]:
        """From now on `lines[wire]` has its edges in time; call the result to let go."""
        self._watchers[wire] += 1
        self._follow(wire)

        def let_go() -> None:
            self._watchers[wire] -= 1
            if not self._watchers[wire] and wire in self._alarms:
                self._alarms[wire].cancel()

        return let_go

    def changed(self) -> None:
        """The functions of time are others from now on."""
        for wire, watchers in enumerate(self._watchers):
            if watchers:
                self._follow(wire)

    def _follow(self, wire: int) -> None:
        if wire not in self._alarms:
            self._alarms[wire] = self.scheduler.alarm(lambda: self._follow(wire))
        now = self.scheduler.now
        edge = self.next_edge(wire, now)
        if edge is None:
            self._alarms[wire].cancel()
        else:
            self._alarms[wire].at(edge)
        self.lines[wire].set(bool(self.levels(now) >> wire & 1))
