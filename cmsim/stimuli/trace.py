"""A trace: named channels in physical base units on one timeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cmsim.errors import UsageError
from cmsim.stimuli.units import BASE_UNITS

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Trace:
    """`times` [n] in seconds, strictly increasing; `channels` name -> values [n] in the base unit of `BASE_UNITS`.

    `source` names where it came from, for messages. Raises UsageError when the data break these rules.
    """

    times: Array
    channels: Mapping[str, Array]
    source: str = "trace"

    def __post_init__(self) -> None:
        if len(self.times) == 0:
            raise UsageError(f"{self.source}: the trace has no samples")
        if not self.channels:
            raise UsageError(f"{self.source}: the trace has only time: add a channel, for example 'accel x [g]'")
        for name in self.channels:
            if name not in BASE_UNITS or name == "time":
                known = ", ".join(known for known in BASE_UNITS if known != "time")
                raise UsageError(f"{self.source}: unknown quantity {name!r}: known are {known}")
        for name, values in {"time": self.times, **self.channels}.items():
            if values.shape != self.times.shape or values.ndim != 1:
                raise UsageError(f"{self.source}: {name} has shape {values.shape}, time has {self.times.shape}")
            if values.dtype != np.float64:
                raise UsageError(f"{self.source}: {name} is {values.dtype}, not float64")
            if (bad := first(~np.isfinite(values))) is not None:
                raise UsageError(f"{self.source}: {name} at sample {bad} is {values[bad]}: remove or fill that sample")
        if (bad := first(np.diff(self.times) <= 0)) is not None:
            raise UsageError(f"{self.source}: sample {bad + 1}: {backwards(self.times[bad], self.times[bad + 1])}")

    def require(self, channels: Iterable[str]) -> None:
        """UsageError that names the channels which are missing."""
        missing = [name for name in channels if name not in self.channels]
        if missing:
            wanted = ", ".join(f"'{name} [{BASE_UNITS.get(name, '?')}]'" for name in missing)
            raise UsageError(f"{self.source}: missing column {wanted}; it has {', '.join(self.channels)}")

    @property
    def duration(self) -> float:
        """Seconds from the first sample to the last."""
        return float(self.times[-1] - self.times[0])


def first(condition: npt.NDArray[np.bool_]) -> int | None:
    """The index of the first True, or None."""
    return int(condition.argmax()) if condition.any() else None


def backwards(before: float, after: float) -> str:
    """What is wrong with a time that does not come after the one before it."""
    how = "is repeated" if after == before else "runs backwards"
    return f"time {how}: {after:.9g} s after {before:.9g} s; it must increase strictly"
