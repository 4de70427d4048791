"""A stimulus: CPU cycle -> value in physical units.

The trace's first sample is at `start` (cycle 0 unless told otherwise). Sample times are rounded once to whole CPU
cycles (by half of 15.625 ns at most); from there everything is integer time, so equal runs see equal values.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, get_args

from cmsim.errors import UsageError
from cmsim.kernel import cycles_of
from cmsim.stimuli.trace import Trace

Interpolation = Literal["hold", "linear"]
"""Between two samples: the earlier one (`hold`), or a straight line."""

End = Literal["hold", "loop", "stop"]
"""After the last sample: its value for ever; from the beginning again; or its value, while the run is to end.

`loop` gives the gap from the last sample to the first of the next round the mean distance of the samples, and
interpolates across it.
"""


class Stimulus:
    """One channel on a timeline of CPU cycles.

    `knots` are the cycles of the samples from the first one, strictly increasing from 0; `values` one float for each.
    """

    def __init__(self, knots: Sequence[int], values: Sequence[float], *, interpolation: Interpolation = "linear",
                 end: End = "hold", start: int = 0) -> None:
        _check("interpolation", interpolation, get_args(Interpolation))
        _check("end behaviour", end, get_args(End))
        if not knots or knots[0] != 0 or len(knots) != len(values):
            raise ValueError("a stimulus needs as many values as knots, at least one, and knots that begin at 0")
        if any(later <= earlier for earlier, later in pairwise(knots)):
            raise ValueError("the knots of a stimulus must increase strictly")
        self._knots, self._values = list(knots), [float(value) for value in values]
        self._linear, self._start, self._index = interpolation == "linear", start, 0
        self._last = self._knots[-1]
        self._final = self._values[-1]
        self._period = 0
        self.end_cycle: int | None = start + self._last if end == "stop" else None
        """The cycle at which the trace has ended and the run with it; None unless it is to `stop`."""
        if end == "loop" and self._last > 0:
            self._period = self._last + round(self._last / (len(knots) - 1))
            self._last = self._period
            self._knots.append(self._period)
            self._values.append(self._values[0])

    def value(self, cycle: int) -> float:
        """The value at `cycle`; before the start, the first one."""
        time = cycle - self._start
        if time >= self._last:
            if not self._period:
                return self._final
            time %= self._period
        elif time < 0:
            return self._values[0]
        knots, index = self._knots, self._index
        # Time mostly stays in the interval where it was, or moves on to the next one.
        if not knots[index] <= time < knots[index + 1]:
            index += 1
            if index + 1 >= len(knots) or not knots[index] <= time < knots[index + 1]:
                index = bisect_right(knots, time) - 1
            self._index = index
        before = self._values[index]
        if not self._linear:
            return before
        knot = knots[index]
        return before + (self._values[index + 1] - before) * ((time - knot) / (knots[index + 1] - knot))

    def ended(self, cycle: int) -> bool:
        """Whether the trace was to `stop` and has come to its end by `cycle`."""
        return self.end_cycle is not None and cycle >= self.end_cycle


def signals(trace: Trace, *, interpolation: Interpolation = "linear", end: End = "hold",
            start: int = 0) -> dict[str, Stimulus]:
    """A stimulus for each channel of `trace`. Channels that it lacks are absent: the part keeps its own rest value."""
    origin = float(trace.times[0])
    knots = [cycles_of(time - origin) for time in trace.times.tolist()]
    for sample, (earlier, later) in enumerate(pairwise(knots), start=1):
        if later <= earlier:
            raise UsageError(f"{trace.source}: sample {sample} comes less than a CPU cycle (15.625 ns) after the one "
                             f"before it: thin out the trace, or check the unit of its time column")
    return {name: Stimulus(knots, values.tolist(), interpolation=interpolation, end=end, start=start)
            for name, values in trace.channels.items()}


def _check(what: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise UsageError(f"unknown {what} {value!r}: use {', '.join(known[:-1])} or {known[-1]}")
