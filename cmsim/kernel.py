"""Time and wires: the only two things every device model needs.

Time is an integer count of CPU cycles. Nothing polls: a model asks for an `Alarm`, or computes its state from
(origin, rate) when somebody reads it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

CPU_HZ = 64_000_000
"""The nRF52's HCLK. Every `cycle` in cmsim is one period of it (15.625 ns)."""


@dataclass(frozen=True)
class Rate:
    """An exact rate: `ticks` ticks of some counter last `cycles` CPU cycles.

    32,768 Hz is `Rate(15625, 8)`; no rounding error ever accumulates because callers count from an origin.
    """

    cycles: int
    ticks: int = 1

    @classmethod
    def hertz(cls, numerator: int, denominator: int = 1) -> Rate:
        """The rate of a clock of `numerator / denominator` Hz."""
        return cls(CPU_HZ * denominator, numerator)

    def ticks_in(self, cycles: int) -> int:
        """Whole ticks that have passed after `cycles` cycles."""
        return cycles * self.ticks // self.cycles

    def cycles_for(self, ticks: int) -> int:
        """The first cycle at which `ticks` ticks have passed."""
        return -(-ticks * self.cycles // self.ticks)


LFCLK = Rate(15625, 8)
"""The 32,768 Hz clock in CPU cycles."""


def cycles_of(seconds: float) -> int:
    """`seconds` in CPU cycles, to the nearest."""
    return round(seconds * CPU_HZ)


class Alarm:
    """One pending moment of one process: arming it again moves it, it never doubles."""

    def __init__(self, scheduler: Scheduler, action: Callable[[], None]) -> None:
        self._scheduler, self.action, self._ticket = scheduler, action, 0

    def at(self, cycle: int) -> None:
        """Call the action at `cycle`, or now if that is past."""
        self._ticket = self._scheduler.enqueue(max(cycle, self._scheduler.now), self)

    def after(self, cycles: int) -> None:
        """Call the action `cycles` from now."""
        self.at(self._scheduler.now + cycles)

    def cancel(self) -> None:
        """Forget the pending moment, if there is one."""
        self._ticket = 0

    @property
    def armed(self) -> bool:
        """Whether the action is still to come."""
        return self._ticket != 0

    def due(self, ticket: int) -> bool:
        """Whether `ticket` is the arming that counts (older ones were moved or cancelled)."""
        return ticket == self._ticket


class Scheduler:
    """Simulated time in CPU cycles. Same-cycle alarms fire in the order they were armed."""

    def __init__(self) -> None:
        self.now = 0
        self.on_earlier: Callable[[int], None] = lambda cycle: None
        """Told of each moment that comes before every other: whoever runs the CPU must stop there."""
        self._queue: list[tuple[int, int, Alarm]] = []
        self._tickets = count(1)

    def alarm(self, action: Callable[[], None]) -> Alarm:
        """A new alarm, not armed yet."""
        return Alarm(self, action)

    def enqueue(self, when: int, alarm: Alarm) -> int:
        """Queue one arming of `alarm` and return its ticket."""
        ticket = next(self._tickets)
        if not self._queue or when < self._queue[0][0]:
            self.on_earlier(when)
        heapq.heappush(self._queue, (when, ticket, alarm))
        return ticket

    @property
    def next_due(self) -> int | None:
        """The cycle of the next alarm, or None if nothing will ever happen by itself."""
        queue = self._queue
        while queue and not queue[0][2].due(queue[0][1]):
            heapq.heappop(queue)
        return queue[0][0] if queue else None

    def advance(self, until: int) -> None:
        """Let time pass up to `until`, each alarm seeing its own moment as `now`."""
        queue = self._queue
        while queue and queue[0][0] <= until:
            when, ticket, alarm = heapq.heappop(queue)
            if alarm.due(ticket):
                self.now = max(self.now, when)
                alarm.cancel()
                alarm.action()
        self.now = max(self.now, until)


class Line:
    """A wire with a level. Drivers `set` it; listeners hear changes, not repeats."""

    def __init__(self, name: str, level: bool = False) -> None:
        self.name, self.level = name, level
        self._listeners: list[Callable[[bool], None]] = []

    def listen(self, listener: Callable[[bool], None]) -> Callable[[], None]:
        """Hear every change of level; call the result to stop listening."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def set(self, level: bool) -> None:
        """Drive the wire."""
        if level != self.level:
            self.level = level
            for listener in tuple(self._listeners):
                listener(level)

    def pulse(self) -> None:
        """High and low again, within the same cycle."""
        self.set(True)
        self.set(False)
