"""COMP and LPCOMP: the comparators (nRF52840 PS v1.8, sections 6.5 and 6.12).

After START the block needs its start-up time, then READY comes and crossings are told: UP or DOWN, and CROSS. RESULT
holds what SAMPLE found. COMP starts in 50 us with an internal reference and in 3 us with another, has two thresholds,
(TH + 1) / 64 of the reference, of which the upper one counts at first, or in differential mode a second input with
15 mV of hysteresis to either side (v1.7, sections 6.5 and 6.5.4.1); LPCOMP has a fraction of the supply or AIN0 or
AIN1, 35 mV of hysteresis, and ANADETECT, which wakes from System OFF. Times and voltages are typical values of the
electrical specifications.

Voltages come from `analog.py`. A pin that only has a level is exact. One that is fed by a signal is looked at when
software looks, and every 100 us while an interrupt, a shortcut, PPI or System OFF waits: a crossing is noticed so much
later at most, and one that goes back within that time is missed.

Not modelled: MODE.SP (stored: the propagation delay of 0.1 to 0.6 us is none here), noise, offset and input current.
"""

from __future__ import annotations

from collections.abc import Callable

from cmsim.kernel import CPU_HZ, Line
from cmsim.nordic import Event, Task
from cmsim.registers import Register
from cmsim.soc import Soc, WakeSource

from .analog import AIN_PINS, SUPPLY, pin_volts
from .switched import Switched

MICROSECOND = CPU_HZ // 1_000_000
LOOK = 100 * MICROSECOND
COMP_START, REFERENCE_START, LPCOMP_START = 3 * MICROSECOND, 50 * MICROSECOND, 140 * MICROSECOND
REFERENCES = {0: 1.2, 1: 1.8, 2: 2.4, 4: SUPPLY}
INTERNAL, AREF, LPCOMP_AREF = (0, 1, 2), 5, 7
DIFFERENTIAL_HYSTERESIS, LPCOMP_HYSTERESIS = 0.015, 0.0175
"""To either side, in volts."""


class Comparator(Switched):
    """What both have in common."""

    ENABLED = 0

    START = Task(0x000)
    STOP = Task(0x004)
    SAMPLE = Task(0x008)
    READY = Event(0x100)
    DOWN = Event(0x104)
    UP = Event(0x108)
    CROSS = Event(0x10C)
    SHORTS = Register(0x200, writable=0x1F)
    RESULT = Register(0x400, writable=0)
    ENABLE = Register(0x500, writable=0x3)
    ENABLE.on_write(Switched._enable)
    PSEL = Register(0x504, writable=0x7)
    HYST = Register(0x538, writable=0x1)
    shortcuts = {0: (READY, SAMPLE), 1: (READY, STOP), 2: (DOWN, STOP), 3: (UP, STOP), 4: (CROSS, STOP)}

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._started = soc.scheduler.alarm(self._ready)
        self._alarm = soc.scheduler.alarm(self._look)
        self._undo: list[Callable[[], None]] = []
        self.above = False
        """Where the input was when it was looked at last."""
        self._running = False
        super().__init__(soc, name, base)

    def reset(self) -> None:
        """Off."""
        super().reset()
        self.above = False

    def _halt(self) -> None:
        self._running = False
        self._started.cancel()
        self._alarm.cancel()
        for undo in self._undo:
            undo()
        self._undo = []

    # --- tasks ------------------------------------------------------------------------------------------------

    @START
    def _start(self) -> None:
        if self.ENABLE == self.ENABLED and not (self._running or self._started.armed):
            self._started.after(self.start_time)

    def _ready(self) -> None:
        self._running = True
        for ain in self._inputs():
            pin = self.soc.pins[AIN_PINS[ain]]
            self._undo += [pin.watch(), pin.line.listen(lambda level: self._look())]
        self.above = pin_volts(self.soc, self.PSEL) > self.thresholds()[1]
        self.emit(self.READY)
        self._look()

    @STOP
    def _stop(self) -> None:
        self._halt()

    @SAMPLE
    def _sample(self) -> None:
        self._look()
        self.RESULT = int(self.above)

    # --- looking ----------------------------------------------------------------------------------------------

    @property
    def start_time(self) -> int:
        """Cycles from START to READY."""
        raise NotImplementedError

    def thresholds(self) -> tuple[float, float]:
        """Volts below which the input counts as below, and above which it counts as above."""
        raise NotImplementedError

    def _inputs(self) -> list[int]:
        """The analogue inputs that take part, by number."""
        return [self.PSEL]

    def _look(self) -> None:
        """Compare, tell a crossing, and arrange for the next look."""
        if not self._running:
            return
        volts = pin_volts(self.soc, self.PSEL)
        low, high = self.thresholds()
        above = volts > high if not self.above else volts >= low
        if above != self.above:
            self.above = above
            self._crossed()
            self.emit(self.UP if above else self.DOWN)
            self.emit(self.CROSS)
        fed = any(AIN_PINS[ain] in self.soc.analog for ain in self._inputs())
        if self._running and fed and (self.INTEN or self.SHORTS or any(self._subscribers.values()) or self.awaited):
            self._alarm.after(LOOK)
        else:
            self._alarm.cancel()

    def _crossed(self) -> None:
        """The input went to the other side: `above` says to which."""

    awaited = False
    """Set while the chip is in System OFF."""

    def wait(self, awaited: bool) -> None:
        """The chip goes to System OFF, or leaves it: whether crossings are to be told without software asking."""
        self.awaited = awaited
        self._look()

    def read(self, offset: int) -> int:
        """A register as it is now."""
        self._look()
        return super().read(offset)

    def write(self, offset: int, value: int, mask: int = 0xFFFF_FFFF) -> None:
        """What lies before a write happened under the old settings."""
        self._look()
        super().write(offset, value, mask)
        self._look()

    def subscribe(self, event_offset: int, subscriber: Callable[[], None]) -> Callable[[], None]:
        """Who listens wants crossings without asking."""
        leave = super().subscribe(event_offset, subscriber)
        self._look()
        return leave


class Comp(Comparator):
    """COMP."""

    ENABLED = 2

    REFSEL = Register(0x508, 0x4, writable=0x7)
    EXTREFSEL = Register(0x50C, writable=0x7)
    TH = Register(0x530, writable=0x3F3F)
    MODE = Register(0x534, writable=0x103)
    differential, th_down, th_up = MODE.bit(8), TH.field(5, 0), TH.field(13, 8)

    @property
    def start_time(self) -> int:
        """Of the core, or of the internal reference."""
        return REFERENCE_START if not self.differential and self.REFSEL in INTERNAL else COMP_START

    def _inputs(self) -> list[int]:
        external = self.differential or self.REFSEL == AREF
        return [self.PSEL, self.EXTREFSEL] if external else [self.PSEL]

    def thresholds(self) -> tuple[float, float]:
        """From TH and the reference, or around the second input."""
        if self.differential:
            other = pin_volts(self.soc, self.EXTREFSEL)
            hysteresis = DIFFERENTIAL_HYSTERESIS if self.HYST else 0.0
            return other - hysteresis, other + hysteresis
        external = self.REFSEL == AREF
        reference = pin_volts(self.soc, self.EXTREFSEL) if external else REFERENCES.get(self.REFSEL, SUPPLY)
        return (self.th_down + 1) / 64 * reference, (self.th_up + 1) / 64 * reference


class Lpcomp(Comparator):
    """LPCOMP."""

    ENABLED = 1
    start_time = LPCOMP_START

    REFSEL = Register(0x508, 0x4, writable=0xF)
    EXTREFSEL = Register(0x50C, writable=0x1)
    ANADETECT = Register(0x520, writable=0x3)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self.anadetect = Line(f"{name}.ANADETECT")
        """Pulses at the crossings that ANADETECT names: a way out of System OFF."""
        super().__init__(soc, name, base)
        soc.wake_sources.append(
            WakeSource("lpcomp", name, self.anadetect, lambda: self._running, self.wait, level=False)
        )

    def _crossed(self) -> None:
        if self.ANADETECT in (0, 1 if self.above else 2):
            self.anadetect.pulse()

    def _inputs(self) -> list[int]:
        return [self.PSEL, self.EXTREFSEL] if self.REFSEL == LPCOMP_AREF else [self.PSEL]

    def thresholds(self) -> tuple[float, float]:
        """A fraction of the supply, or AIN0 or AIN1."""
        code = self.REFSEL
        if code == LPCOMP_AREF:
            reference = pin_volts(self.soc, self.EXTREFSEL)
        else:
            reference = SUPPLY * ((code + 1) / 8 if code < 7 else (2 * (code - 8) + 1) / 16)
        hysteresis = LPCOMP_HYSTERESIS if self.HYST else 0.0
        return reference - hysteresis, reference + hysteresis
