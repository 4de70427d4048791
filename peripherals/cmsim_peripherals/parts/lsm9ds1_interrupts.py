"""The interrupt generators of the LSM9DS1 (sections 7.3-7.7, 7.36-7.40, 8.14-8.16): thresholds, durations, latches.

An event mask has a low and a high bit for each axis: XL, XH, YL, YH, ZL, ZH from bit 0 up, as INT_GEN_SRC has them.
"""

from __future__ import annotations

from collections.abc import Iterable

EVENTS = 0x3F
ACTIVE = 0x40
"""IA_XL, IA_G."""


def magnitude_events(values: Iterable[int], thresholds: Iterable[int]) -> int:
    """High while |value| is above its threshold, low while it is below (ST's accelerometers)."""
    return _mask((abs(v) < t, abs(v) > t) for v, t in zip(values, thresholds, strict=True))


def signed_events(values: Iterable[int], thresholds: Iterable[int]) -> int:
    """High while the value is above its signed threshold, low while it is below (the gyroscope)."""
    return _mask((v < t, v > t) for v, t in zip(values, thresholds, strict=True))


def position_events(values: Iterable[int], thresholds: Iterable[int]) -> int:
    """High above the threshold, low below its negative: the direction that points up (6D)."""
    return _mask((v < -t, v > t) for v, t in zip(values, thresholds, strict=True))


def _mask(pairs: Iterable[tuple[bool, bool]]) -> int:
    return sum(low << 2 * n | high << 2 * n + 1 for n, (low, high) in enumerate(pairs))


def combined(events: int, enabled: int, all_of_them: bool) -> bool:
    """AOI: whether all of the enabled events are there, or any of them."""
    hits = events & enabled
    return hits == enabled != 0 if all_of_them else hits != 0


class MotionInterrupt:
    """IA_XL or IA_G with its source register, stepped once a sample."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """As after power-on."""
        self.active, self.events, self._count, self._zone = False, 0, 0, 0

    def moved(self, hits: int) -> bool:
        """6D movement: whether the part turned to another known direction."""
        before, self._zone = self._zone, hits or self._zone
        return hits not in (0, before)

    def step(self, condition: bool, events: int, dur: int, *, latch: bool, decrement: bool = False) -> None:
        """One sample: `dur` is INT_GEN_DUR (WAIT and the number of samples), `decrement` DCRM.

        The request rises at the DUR-th sample in a row that fulfils the condition (at the first if DUR is 0). With
        WAIT it falls at the DUR-th sample that does not, otherwise at the first.
        """
        wait, samples = dur & 0x80, dur & 0x7F
        if self.active and latch:
            return
        if condition == self.active:
            self._count = max(0, self._count - 1) if decrement else 0
        else:
            self._count += 1
            if self._count >= samples or (self.active and not wait):
                self.active, self._count = condition, 0
        self.events = events if self.active else 0

    def take(self, latch: bool) -> int:
        """What reading INT_GEN_SRC gives; a latched request falls with it."""
        value = self.events | (ACTIVE if self.active else 0)
        if latch and self.active:
            self.active, self.events, self._count = False, 0, 0
        return value
