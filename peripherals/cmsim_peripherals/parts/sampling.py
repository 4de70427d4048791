"""What sensors with an output data rate share: the instants of their samples, numbers in registers, ST's addressing.

A sensor that nobody reads costs nothing: its ticks are counted when somebody looks, and a sample's value is a function
of the cycle at which its tick fell.
"""

from __future__ import annotations

from cmsim.kernel import Rate
from cmsim.parts import Sensor, SensorRegisters

WORD_MIN, WORD_MAX = -0x8000, 0x7FFF
AXES = ("x", "y", "z")
NO_TICKS = range(0)


class SampleClock:
    """The ticks of an output data rate, numbered from 1; the first comes one period after the start."""

    def __init__(self) -> None:
        self.rate: Rate | None = None
        self.origin = 0
        self.taken = 0
        """The last tick that `take` has handed out."""
        self._due = 0
        """Before this cycle there is no tick to take: a sensor asks at every byte that is read."""

    def run(self, rate: Rate | None, origin: int) -> None:
        """Tick at `rate` from cycle `origin` on, or not at all (None); a clock that runs at `rate` runs on."""
        if rate != self.rate:
            self.rate, self.origin, self.taken, self._due = rate, origin, 0, 0

    def moment(self, tick: int) -> int:
        """The cycle of `tick`."""
        return self.origin + self.rate.cycles_for(tick) if self.rate else self.origin

    def passed(self, cycle: int) -> int:
        """How many ticks there were up to and with `cycle`."""
        return max(0, self.rate.ticks_in(cycle - self.origin)) if self.rate else 0

    def take(self, now: int) -> range:
        """The ticks since the last call."""
        if now < self._due:
            return NO_TICKS
        first, self.taken = self.taken + 1, max(self.taken, self.passed(now))
        self._due = self.moment(self.taken + 1) if self.rate else now
        return range(first, self.taken + 1)

    @property
    def next(self) -> int | None:
        """The cycle of the tick after those taken, or None if the clock stands."""
        return self.moment(self.taken + 1) if self.rate else None


class OneShot:
    """A single conversion on demand, which takes `cycles`; one asked for meanwhile is the same one."""

    def __init__(self, cycles: int) -> None:
        self._cycles = cycles
        self.due: int | None = None
        """The cycle at which it is done, or None."""

    def start(self, now: int) -> None:
        """Ask for it."""
        if self.due is None:
            self.due = now + self._cycles

    def take(self, now: int) -> int | None:
        """When it was done, once; None before and after."""
        if self.due is None or self.due > now:
            return None
        done, self.due = self.due, None
        return done


def earliest(*moments: int | None) -> int | None:
    """The first of the moments that are known."""
    return min((moment for moment in moments if moment is not None), default=None)


def counts(value: float, micro_per_lsb: int) -> int:
    """`value` in steps of `micro_per_lsb` millionths: to the nearest (ties to even), saturated to a 16-bit word."""
    return round(max(WORD_MIN, min(WORD_MAX, value * 1e6 / micro_per_lsb)))


def signed(value: int, bits: int) -> int:
    """The low `bits` bits of `value` as two's complement."""
    sign = 1 << (bits - 1)
    return (value & (sign << 1) - 1 ^ sign) - sign


class OutputWords:
    """The byte pairs of output registers: byte order, and block data update (BDU).

    With BDU the word whose first half was read stands still until its other half is read, too.
    """

    def __init__(self) -> None:
        self._held: dict[int, tuple[int, int]] = {}

    def byte(self, channel: int, half: int, fresh: int, *, held: bool, big_endian: bool) -> int:
        """Byte `half` (0 at the lower address) of `channel`, whose word is `fresh` by now."""
        word = fresh
        if held:
            word, first = self._held.setdefault(channel, (fresh, half))
            if half != first:
                del self._held[channel]
        else:
            self._held.pop(channel, None)
        return word >> 8 * (half ^ big_endian) & 0xFF

    def clear(self) -> None:
        """Hold nothing."""
        self._held.clear()


class StRegisters(SensorRegisters):
    """Many of ST's sensors: bit 7 of the sub-address asks for the increment."""

    def __init__(self, part: Sensor) -> None:
        self._increments = False
        super().__init__(part)

    def select_register(self, byte: int) -> None:
        """The register number, and whether a burst goes on from it."""
        self.pointer, self._increments = byte & 0x7F, bool(byte & 0x80)

    def advance(self, pointer: int) -> int:
        """The next register of a burst, or the same again."""
        return pointer + 1 & 0x7F if self._increments else pointer


class AxisRegisters(StRegisters):
    """Three axes behind a sample clock: the latest words, and how many samples nobody has read (two are an overrun)."""

    big_endian: int

    def __init__(self, part: Sensor) -> None:
        self._clock = SampleClock()
        super().__init__(part)

    def reset(self) -> None:
        """Nothing sampled, and the clock stands."""
        super().reset()
        self._clock.run(None, 0)
        self._unread, self._latest = 0, [0, 0, 0]

    def axis_byte(self, n: int) -> int:
        """Byte `n` of the output registers; with the last one the sample is read."""
        axis, half = divmod(n, 2)
        if n == 5:
            self._unread = 0
            self.update()
        return self._latest[axis] >> 8 * (half ^ self.big_endian) & 0xFF

    def next_sample(self, wanted: int) -> int | None:
        """For `next_change`: a data-ready pin waits for a sample while it is `wanted` and none is unread."""
        return self._clock.next if wanted and not self._unread else None
