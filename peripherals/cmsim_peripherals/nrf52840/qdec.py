"""QDEC: quadrature decoder (nRF52840 PS v1.8, section 6.18).

Every SAMPLEPER microseconds the two inputs are compared with those of the sample before: one step is +1 or -1 in ACC
(-1024 to 1023, ACCOF beyond), both at once is 2 in SAMPLE and counts in ACCDBL. REPORTRDY and DBLRDY come after
REPORTPER samples if their counter is not 0. Between two edges of the pins all samples are 0: they are counted, not
taken one by one, unless somebody waits for SAMPLERDY. With DBFEN an input counts that has not moved for a whole sample
period (section 6.18.3).

Not modelled: the LED pin (claimed, never driven, so a sensor that needs its light is taken as lit), LEDPOL and LEDPRE
(stored); that the debounce filters look once a microsecond (here a shorter glitch spoils a sample period as well).
"""

from __future__ import annotations

from collections.abc import Callable

from cmsim.kernel import CPU_HZ
from cmsim.nordic import Event, PinSelect, Task
from cmsim.pins import Pin
from cmsim.registers import WORD, Register
from cmsim.soc import Soc

from .switched import Switched

MICROSECOND = CPU_HZ // 1_000_000
REPORT_SAMPLES = (10, 40, 80, 120, 160, 200, 240, 280, 1)
ACC_RANGE, ACCDBL_MAX = range(-1024, 1024), 15
STEPS = {0b00: 0b01, 0b01: 0b11, 0b11: 0b10, 0b10: 0b00}
"""The phase (A in bit 1, B in bit 0) that follows in the positive direction."""


class Qdec(Switched):
    """QDEC."""

    START = Task(0x000)
    STOP = Task(0x004)
    READCLRACC = Task(0x008)
    RDCLRACC = Task(0x00C)
    RDCLRDBL = Task(0x010)
    SAMPLERDY = Event(0x100)
    REPORTRDY = Event(0x104)
    ACCOF = Event(0x108)
    DBLRDY = Event(0x10C)
    STOPPED = Event(0x110)
    SHORTS = Register(0x200, writable=0x7F)
    LEDPOL = Register(0x504, writable=0x1)
    SAMPLEPER = Register(0x508, writable=0xF)
    SAMPLE = Register(0x50C, writable=0)
    REPORTPER = Register(0x510, writable=0xF)
    ACC = Register(0x514, writable=0)
    ACCREAD = Register(0x518, writable=0)
    PSEL_LED = PinSelect(0x51C)
    PSEL_A = PinSelect(0x520)
    PSEL_B = PinSelect(0x524)
    DBFEN = Register(0x528, writable=0x1)
    LEDPRE = Register(0x540, 0x10, writable=0x1FF)
    ACCDBL = Register(0x544, writable=0)
    ACCDBLREAD = Register(0x548, writable=0)
    shortcuts = {
        0: (REPORTRDY, READCLRACC),
        1: (SAMPLERDY, STOP),
        2: (REPORTRDY, RDCLRACC),
        3: (REPORTRDY, STOP),
        4: (DBLRDY, RDCLRDBL),
        5: (DBLRDY, STOP),
        6: (SAMPLERDY, READCLRACC),
    }

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._alarm = soc.scheduler.alarm(self._update)
        self._undo: list[Callable[[], None]] = []
        self._running = False
        self._origin = self._taken = self._since_report = 0
        self._moved = {1: 0, 2: 0}
        """Bit of an input -> the cycle of its latest edge."""
        super().__init__(soc, name, base)

    def reset(self) -> None:
        """Off."""
        super().reset()
        self._level = self._phase = self._before = 0
        """The inputs as they are, as the decoder sees them, and as it saw them at the sample before."""

    def _halt(self) -> None:
        self._running = False
        self._alarm.cancel()
        for undo in self._undo:
            undo()
        self._undo = []

    # --- pins -------------------------------------------------------------------------------------------------

    @property
    def _pins(self) -> tuple[Pin | None, Pin | None]:
        return self.soc.pins.selected(self.PSEL_A), self.soc.pins.selected(self.PSEL_B)

    def _look(self) -> int:
        return sum(pin.level << 1 - n for n, pin in enumerate(self._pins) if pin is not None)

    def _edge(self, level: bool) -> None:
        self._catch_up()
        before, self._level = self._level, self._look()
        for bit in self._moved:
            if (before ^ self._level) & bit:
                self._moved[bit] = self.scheduler.now
        self._arm()

    # --- samples ----------------------------------------------------------------------------------------------

    @property
    def _period(self) -> int:
        return 128 * MICROSECOND << min(self.SAMPLEPER, 10)

    @property
    def _report(self) -> int:
        return REPORT_SAMPLES[min(self.REPORTPER, 8)]

    def _catch_up(self) -> None:
        """Take the samples that are due; the pins stood still since the last look."""
        while self._running and (due := (self.scheduler.now - self._origin) // self._period - self._taken):
            # the first of them may be a step, or end a report; the rest of a quiet stretch is only counted
            quiet = due if self._level == self._before and not self.ACC and not self.ACCDBL else 1
            self._taken += quiet
            self._since_report = (self._since_report + quiet) % self._report
            self._filter(self._origin + (self._taken - 1) * self._period)
            self._sample(self._since_report == 0)

    def _filter(self, begin: int) -> None:
        """Let the decoder see the inputs, with DBFEN only those that have been steady since `begin`."""
        for bit, moved in self._moved.items():
            if not self.DBFEN or moved <= begin:
                self._phase = self._phase & ~bit | self._level & bit

    def _sample(self, reports: bool) -> None:
        before, self._before = self._before, self._phase
        step = 0
        if self._phase != before:
            step = 1 if STEPS[before] == self._phase else -1 if STEPS[self._phase] == before else 2
        self.SAMPLE = step & WORD
        overflow = False
        if step == 2:
            overflow = self.ACCDBL == ACCDBL_MAX
            self.ACCDBL = min(ACCDBL_MAX, self.ACCDBL + 1)
        elif step:
            total = (self.ACC ^ 1 << 31) - (1 << 31) + step
            overflow = total not in ACC_RANGE
            if not overflow:
                self.ACC = total & WORD
        self.emit(self.SAMPLERDY)
        if overflow:
            self.emit(self.ACCOF)
        if reports and self.ACC:
            self.emit(self.REPORTRDY)
        if reports and self.ACCDBL:
            self.emit(self.DBLRDY)

    def _update(self) -> None:
        self._catch_up()
        self._arm()

    def _arm(self) -> None:
        """Wake for the next sample that does something by itself."""
        if not self._running:
            return
        samples = 0
        if self._level != self._before or self._sample_wanted:
            samples = 1
        elif self.ACC or self.ACCDBL:
            samples = self._report - self._since_report
        if samples:
            self._alarm.at(self._origin + (self._taken + samples) * self._period)
        else:
            self._alarm.cancel()

    @property
    def _sample_wanted(self) -> bool:
        return self.heard(self.SAMPLERDY) or bool(self.SHORTS & (1 << 1 | 1 << 6))

    def subscribe(self, event_offset: int, subscriber: Callable[[], None]) -> Callable[[], None]:
        """Who listens to SAMPLERDY wants every sample."""
        leave = super().subscribe(event_offset, subscriber)
        if event_offset == self.SAMPLERDY.offset:
            self._update()
        return leave

    def read(self, offset: int) -> int:
        """A register as it is now."""
        self._catch_up()
        return super().read(offset)

    def write(self, offset: int, value: int, mask: int = WORD) -> None:
        """What lies before a write was sampled under the old settings."""
        self._catch_up()
        period = self._period
        super().write(offset, value, mask)
        if self._running and self._period != period:
            self._origin, self._taken = self.scheduler.now, 0
        self._update()

    # --- tasks ------------------------------------------------------------------------------------------------

    @START
    def _start(self) -> None:
        if self.ENABLE and not self._running:
            self._running, self._origin = True, self.scheduler.now
            self._taken = self._since_report = 0
            for pin in filter(None, self._pins):
                self._undo += [pin.watch(), pin.line.listen(self._edge)]
            self._level = self._phase = self._before = self._look()
            self._moved = dict.fromkeys(self._moved, self._origin)
            self._arm()

    @STOP
    def _stop(self) -> None:
        self._halt()
        self.emit(self.STOPPED)

    @READCLRACC
    def _read_both(self) -> None:
        self._read_acc()
        self._read_double()

    @RDCLRACC
    def _read_acc(self) -> None:
        self.ACCREAD, self.ACC = self.ACC, 0

    @RDCLRDBL
    def _read_double(self) -> None:
        self.ACCDBLREAD, self.ACCDBL = self.ACCDBL, 0
