"""PWM: pulse width modulation with sequences from RAM (nRF52840 PS v1.8, section 6.17).

A value is loaded every REFRESH + 1 periods (RefreshCount) or behind NEXTSTEP, always with the beginning of a period.
When the last one begins SEQEND comes (section 6.17.2), and behind the last loop LOOPSDONE: a STOP by their shortcuts
leaves it one period, whatever REFRESH is; without one it goes on. In a loop the other sequence follows it after
REFRESH + 1 periods and ENDDELAY. A channel is at the level of its polarity bit for the first `compare` counts of a
period and at the other level for the rest. Between START and STOP the pins belong to PWM; before and after, GPIO's OUT
counts.

A wave of `EDGE_PERIOD` cycles or more is told to its pins edge by edge, a faster one as a clock (`Pin.drive_clock`),
and edge by edge as well where a wire begins.
PWMPERIODEND is worked out when it is read, unless an interrupt or PPI waits for it.

STOP of a generator that stands emits STOPPED at once, of one that runs at the end of the present period.

Not modelled: the phase of up-and-down pulses (a pulse begins with the period, its width is right); edges of waves
faster than `EDGE_PERIOD` on pins without wires, so that a light strip fed by PWM shows nothing; the load of values
ahead of time.
"""

from __future__ import annotations

from enum import IntEnum
from functools import partial

from cmsim.kernel import Rate
from cmsim.nordic import DISCONNECTED, Event, Subscriber, Task
from cmsim.pins import Pin
from cmsim.registers import WORD, Register
from cmsim.soc import BusError, Soc

from .switched import Switched

CHANNELS = 4
CYCLES_PER_PCLK16M = 4
EDGE_PERIOD = 1024
POLARITY, COMPARE = 0x8000, 0x7FFF
TOP_RANGE = (3, 0x7FFF)
SEQUENCE = 0x520
"""SEQ[0]; SEQ[1] is 0x20 further."""


class Load(IntEnum):
    """DECODER.LOAD."""

    COMMON, GROUPED, INDIVIDUAL, WAVE_FORM = range(4)


HALFWORDS = {Load.COMMON: 1, Load.GROUPED: 2, Load.INDIVIDUAL: 4, Load.WAVE_FORM: 4}


class Pwm(Switched):
    """PWM0 to PWM3."""

    STOP = Task(0x004)
    SEQSTART = Task.array(0x008, 2)
    NEXTSTEP = Task(0x010)
    STOPPED = Event(0x104)
    SEQSTARTED = Event.array(0x108, 2)
    SEQEND = Event.array(0x110, 2)
    PWMPERIODEND = Event(0x118)
    LOOPSDONE = Event(0x11C)
    SHORTS = Register(0x200, writable=0x1F)
    MODE = Register(0x504, writable=0x1)
    COUNTERTOP = Register(0x508, 0x3FF, writable=0x7FFF)
    PRESCALER = Register(0x50C, writable=0x7)
    DECODER = Register(0x510, writable=0x103)
    LOOP = Register(0x514, writable=0xFFFF)
    SEQ_PTR = Register.array(0x520, 2, stride=0x20)
    SEQ_CNT = Register.array(0x524, 2, stride=0x20, writable=0x7FFF)
    SEQ_REFRESH = Register.array(0x528, 2, stride=0x20, reset=1, writable=0xFF_FFFF)
    SEQ_ENDDELAY = Register.array(0x52C, 2, stride=0x20, writable=0xFF_FFFF)
    PSEL_OUT = Register.array(0x560, CHANNELS, reset=DISCONNECTED)
    load, by_task = DECODER.enum(1, 0, Load), DECODER.bit(8)
    shortcuts = {
        0: (SEQEND[0], STOP),
        1: (SEQEND[1], STOP),
        2: (LOOPSDONE, SEQSTART[0]),
        3: (LOOPSDONE, SEQSTART[1]),
        4: (LOOPSDONE, STOP),
    }

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._step = soc.scheduler.alarm(self._step_over)
        self._stopping = soc.scheduler.alarm(self._stopped)
        self._period_end = soc.scheduler.alarm(self._period_over)
        self._edges = [soc.scheduler.alarm(partial(self._edge, n)) for n in range(CHANNELS)]
        self._pins: list[Pin | None] = [None] * CHANNELS
        self._running = False
        self._sequence: int | None = None
        """The sequence that has values to come."""
        self._next: int | None = None
        """The sequence that SEQSTART asked for, from the next period on."""
        self._index = self._loops = self._origin = self._periods_told = self._top = 0
        self._values = [0] * CHANNELS
        super().__init__(soc, name, base)

    # --- what the outside may ask ---------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether a wave leaves the block."""
        return self._running

    @property
    def period(self) -> int:
        """CPU cycles a PWM period."""
        count = max(TOP_RANGE[0], self._top) * (2 if self.MODE else 1)
        return count * CYCLES_PER_PCLK16M << self.PRESCALER

    def high_cycles(self, channel: int) -> int:
        """How many cycles of a period `channel` is high."""
        value, period = self._values[channel], self.period
        first = min(period, (value & COMPARE) * (2 if self.MODE else 1) * CYCLES_PER_PCLK16M << self.PRESCALER)
        return first if value & POLARITY else period - first

    # --- tasks ------------------------------------------------------------------------------------------------

    @SEQSTART
    def _start(self, n: int) -> None:
        if not self.ENABLE:
            return
        self._loops = self.LOOP
        self._stopping.cancel()
        if self._running:
            self._next = n
            self._step.at(self._boundary(self.scheduler.now + 1, 0))
        else:
            self._running, self._origin = True, self.scheduler.now
            self._claim()
            self._begin(n)

    @STOP
    def _stop(self) -> None:
        self._step.cancel()
        self._next = None
        if not self._running:
            self.emit(self.STOPPED)
            return
        self._stopping.at(self._boundary(self.scheduler.now + 1, 0))

    @NEXTSTEP
    def _next_step(self) -> None:
        if self._running and self.by_task and self._sequence is not None and not self._stopping.armed:
            self._step.at(self._boundary(self.scheduler.now + 1, 0))

    # --- sequences --------------------------------------------------------------------------------------------

    def _begin(self, n: int) -> None:
        """Play sequence `n` from its first value."""
        self._sequence, self._index = n, 0
        self._load()
        self.emit(self.SEQSTARTED[n])
        if self._sequence == n and not self._stopping.armed:
            self._go_on(n)

    def _load(self) -> None:
        """Take the value at `_index`."""
        n = self._sequence
        assert n is not None
        size = HALFWORDS[self.load]
        if self._index + size <= self.SEQ_CNT[n]:
            self._take(n, size)
        self._show()

    def _go_on(self, n: int) -> None:
        """The value at `_index` has begun: it has REFRESH + 1 periods, and if it is the last, SEQEND comes now."""
        periods = self.SEQ_REFRESH[n] + 1
        ended = self._index + 2 * HALFWORDS[self.load] > self.SEQ_CNT[n]
        played = False
        if ended:
            played = self._loops == 1 and n == 1
            self._loops -= n if self._loops else 0
            periods += self.SEQ_ENDDELAY[n]
            if not self._loops:
                self._sequence = None
        if self._sequence is not None and not self.by_task:
            self._step.at(self._boundary(self.scheduler.now, periods))
        if ended:
            self.emit(self.SEQEND[n])
        if played:
            self.emit(self.LOOPSDONE)

    def _step_over(self) -> None:
        """A period begins, with the first value of a sequence or with the next one."""
        begun, self._next = self._next, None
        n = self._sequence
        if begun is not None:
            self._begin(begun)
        elif n is not None:
            self._index += HALFWORDS[self.load]
            if self._index + HALFWORDS[self.load] > self.SEQ_CNT[n]:
                self._begin(1 - n)
            else:
                self._load()
                self._go_on(n)

    def _take(self, n: int, size: int) -> None:
        try:
            data = self.soc.dma_read(self.SEQ_PTR[n] + 2 * self._index, 2 * size)
        except BusError:
            place = f"EasyDMA at 0x{self.SEQ_PTR[n]:08x}, outside data RAM: place the sequence in RAM; this"
            self.soc.report_unmodelled(self.name, SEQUENCE + 0x20 * n, place)
            return
        words = [int.from_bytes(data[at : at + 2], "little") for at in range(0, len(data), 2)]
        if self.load == Load.COMMON:
            self._values = words * CHANNELS
        elif self.load == Load.GROUPED:
            self._values = [words[0], words[0], words[1], words[1]]
        elif self.load == Load.INDIVIDUAL:
            self._values = words
        else:
            self._values = [*words[:3], self._values[3]]
            self._set_top(words[3] & COMPARE)
        if self.load != Load.WAVE_FORM:
            self._set_top(self.COUNTERTOP)

    # --- periods ----------------------------------------------------------------------------------------------

    def _boundary(self, cycle: int, periods: int) -> int:
        """`periods` periods after the first boundary at or after `cycle`."""
        period = self.period
        return self._origin + (-(-(cycle - self._origin) // period) + periods) * period

    def _set_top(self, top: int) -> None:
        if top != self._top:
            self._settle_periods()
            self._top, self._origin, self._periods_told = top, self.scheduler.now, 0

    def _settle_periods(self) -> None:
        """Latch PWMPERIODEND for periods that ended unheard."""
        if self._running:
            passed = (self.scheduler.now - self._origin) // self.period
            if passed > self._periods_told:
                self._periods_told = passed
                self.values[self.PWMPERIODEND.offset] = 1

    @PWMPERIODEND.on_read
    def _read_period_end(self) -> int:
        self._settle_periods()
        return self.values[self.PWMPERIODEND.offset]

    def _period_over(self) -> None:
        self._periods_told = (self.scheduler.now - self._origin) // self.period
        self._await_period()
        self.emit(self.PWMPERIODEND)

    def _await_period(self) -> None:
        if self._running and self.heard(self.PWMPERIODEND):
            self._period_end.at(self._boundary(self.scheduler.now + 1, 0))
        else:
            self._period_end.cancel()

    def write(self, offset: int, value: int, mask: int = WORD) -> None:
        """A store; the event is brought up to date before software clears it, and waited for if enabled."""
        self._settle_periods()
        super().write(offset, value, mask)

    def update_irq(self) -> None:
        """Also called when INTEN changes: from then on somebody may wait for PWMPERIODEND."""
        super().update_irq()
        if self._running and not self._period_end.armed:
            self._await_period()

    def subscribe(self, event_offset: int, subscriber: Subscriber) -> Subscriber:
        """PPI may wait for PWMPERIODEND, too."""
        undo = super().subscribe(event_offset, subscriber)
        self._await_period()
        return undo

    # --- pins -------------------------------------------------------------------------------------------------

    def _claim(self) -> None:
        for n, psel in enumerate(self.PSEL_OUT):
            pin = self._pins[n] = self.soc.pins.selected(psel)
            if pin:
                pin.claim(self._source(n))

    def _source(self, n: int) -> str:
        return f"{self.name}.OUT{n}"

    def _show(self) -> None:
        """Bring every pin to the wave that begins now."""
        self._await_period()
        period = self.period
        for n, pin in enumerate(self._pins):
            if pin is None:
                continue
            constant = self.high_cycles(n) in (0, period)
            fast = not constant and period < EDGE_PERIOD
            pin.drive_clock(self._source(n), Rate(period) if fast else None)
            self._edges[n].cancel()
            self._drive(n)
            if not constant and (not fast or pin.net is not None):
                self._edges[n].at(self._next_edge(n))

    def _drive(self, n: int) -> None:
        pin, value = self._pins[n], self._values[n]
        high = self.high_cycles(n)
        first = high if value & POLARITY else self.period - high
        phase = (self.scheduler.now - self._origin) % self.period
        if pin:
            pin.drive(self._source(n), (phase < first) == bool(value & POLARITY))

    def _next_edge(self, n: int) -> int:
        high, period = self.high_cycles(n), self.period
        first = high if self._values[n] & POLARITY else period - high
        phase = (self.scheduler.now - self._origin) % period
        return self.scheduler.now - phase + (first if phase < first else period)

    def _edge(self, n: int) -> None:
        self._drive(n)
        self._edges[n].at(self._next_edge(n))

    # --- the end ----------------------------------------------------------------------------------------------

    def _stopped(self) -> None:
        self._settle_periods()
        self._halt()
        self.emit(self.STOPPED)

    def _halt(self) -> None:
        """No wave; the pins go back to GPIO."""
        for alarm in (self._step, self._stopping, self._period_end, *self._edges):
            alarm.cancel()
        for n, pin in enumerate(self._pins):
            if pin:
                pin.release(self._source(n))
        self._pins = [None] * CHANNELS
        self._running = False
        self._sequence = self._next = None
        self._index = self._loops = self._origin = self._periods_told = self._top = 0
        self._values = [0] * CHANNELS
