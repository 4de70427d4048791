"""The FIFO of the LSM9DS1 (section 3.5): 32 slots, each one sample of every channel.

Where the data sheet is silent or at odds with itself: a full FIFO in FIFO mode refuses further samples and sets OVRN
(Table 84; section 3.5.2 speaks of one overwritten sample), and goes on only after Bypass mode; OVRN falls when a slot
is freed; the limit of STOP_ON_FTH holds in every mode.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import IntEnum

DEPTH = 32
Sample = tuple[int, ...]


class FifoMode(IntEnum):
    """FIFO_CTRL.FMODE (Table 84); the codes that it reserves act as Bypass."""

    BYPASS, FIFO, CONTINUOUS_TO_FIFO, BYPASS_TO_CONTINUOUS, CONTINUOUS = 0, 1, 3, 4, 6

    @classmethod
    def _missing_(cls, value: object) -> FifoMode:
        return cls.BYPASS


class Fifo:
    """Samples on their way from the sensor to software."""

    def __init__(self) -> None:
        self.slots: deque[Sample] = deque()
        self.overrun = False
        self.depth = DEPTH
        self._mode = FifoMode.BYPASS
        self._stopped = False

    def clear(self) -> None:
        """What Bypass mode does."""
        self.slots.clear()
        self.overrun = self._stopped = False

    def configure(self, mode: FifoMode, depth: int) -> None:
        """From now on store as `mode` says, `depth` slots at most."""
        self._mode, self.depth = mode, depth
        if mode is FifoMode.BYPASS:
            self.clear()

    @property
    def active(self) -> bool:
        """Whether software reads the FIFO rather than the latest sample."""
        return self._mode is not FifoMode.BYPASS

    @property
    def triggered(self) -> bool:
        """Whether IA_XL decides what the FIFO does."""
        return self._mode in (FifoMode.CONTINUOUS_TO_FIFO, FifoMode.BYPASS_TO_CONTINUOUS)

    def store(self, ticks: range, sample: Callable[[int], Sample], trigger: bool) -> None:
        """The samples of `ticks` arrive while IA_XL is `trigger`; only those that stay are taken."""
        mode = self._mode
        if mode is FifoMode.CONTINUOUS_TO_FIFO:
            mode = FifoMode.FIFO if trigger else FifoMode.CONTINUOUS
        elif mode is FifoMode.BYPASS_TO_CONTINUOUS:
            mode = FifoMode.CONTINUOUS if trigger else FifoMode.BYPASS
        if mode is FifoMode.BYPASS:
            self.clear()
        elif mode is FifoMode.FIFO:
            room = 0 if self._stopped else max(0, self.depth - len(self.slots))
            self.slots.extend(sample(tick) for tick in ticks[:room])
            self._stopped |= len(self.slots) >= self.depth
            self.overrun |= len(ticks) > room
        else:
            self._stopped = False
            kept = ticks[-self.depth :]
            excess = len(self.slots) + len(ticks) - self.depth
            self.overrun |= excess > 0
            for _ in range(min(max(0, excess), len(self.slots))):
                self.slots.popleft()
            self.slots.extend(sample(tick) for tick in kept)

    def pop(self) -> None:
        """The oldest slot has been read."""
        if self.slots:
            self.slots.popleft()
            self.overrun = False
