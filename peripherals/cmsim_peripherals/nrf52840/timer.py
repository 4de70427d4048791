"""TIMER: 32-bit timers and counters on the 16 MHz clock (nRF52840 PS v1.8, section 6.30).

In timer mode the count is `origin` plus the periods since, worked out when somebody asks; only the nearest compare is
armed. A compare fires when counting makes the counter equal to CC in the bits of BITMODE, so neither CLEAR nor a CC
written to the present count fires it. START, CLEAR and a change of PRESCALER, MODE or BITMODE begin a new period.
Fast compares that only toggle pins through PPI are handed over as a train (`trains.py`).

Not modelled: the synchronisation of tasks to the 16 MHz clock (up to 4 CPU cycles) and task priority. SHUTDOWN stops
and clears; a PRESCALER above 9 acts as 9.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum

from cmsim.nordic import Event, EventArray, NordicPeripheral, Subscriber, Task
from cmsim.registers import WORD, Register
from cmsim.soc import Soc

from .trains import SHORTEST_EDGE_PERIOD, Follower, Train

CYCLES_PER_PCLK16M = 4
MAX_PRESCALER = 9
WIDTHS = (16, 8, 24, 32)
"""BITMODE -> bits."""


class Mode(IntEnum):
    """MODE.MODE."""

    TIMER, COUNTER, LOW_POWER_COUNTER = 0, 1, 2


def compare_shortcuts(compare: EventArray, clear: Task, stop: Task) -> Mapping[int, tuple[Event, Task]]:
    """SHORTS: COMPARE[n] -> CLEAR at bit n, COMPARE[n] -> STOP at bit 8 + n."""
    return {
        first + n: (compare[n], task) for first, task in ((0, clear), (8, stop)) for n in range(len(compare))
    }


class Timer(NordicPeripheral):
    """TIMER0 to TIMER2: four capture/compare registers."""

    undocumented = frozenset({0x150, 0x154})
    """COMPARE[4] and [5], which only TIMER3 and TIMER4 have: nrfx 3 clears six events whichever timer it starts."""

    START = Task(0x000)
    STOP = Task(0x004)
    COUNT = Task(0x008)
    CLEAR = Task(0x00C)
    SHUTDOWN = Task(0x010)
    CAPTURE = Task.array(0x040, 4)
    COMPARE = Event.array(0x140, 4)
    SHORTS = Register(0x200, writable=0x0F0F)
    MODE = Register(0x504, writable=0x3)
    BITMODE = Register(0x508, writable=0x3)
    PRESCALER = Register(0x510, 0x4, writable=0xF)
    CC = Register.array(0x540, 4)
    shortcuts = compare_shortcuts(COMPARE, CLEAR, STOP)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._alarm = soc.scheduler.alarm(self._fire)
        self._due = 0
        self._train: Train | None = None
        super().__init__(soc, name, base)

    def reset(self) -> None:
        """Stopped at 0."""
        self._end_train()
        super().reset()
        self._alarm.cancel()
        self._running, self._counting = False, False
        self._base, self._origin, self._mask = 0, 0, 0xFFFF
        self._period = CYCLES_PER_PCLK16M << self.PRESCALER

    @property
    def counter(self) -> int:
        """The internal Counter register, in the bits of BITMODE."""
        passed = (self.scheduler.now - self._origin) // self._period if self._counting else 0
        return (self._base + passed) & self._mask

    # --- tasks --------------------------------------------------------------------------------------------

    @START
    def _start(self) -> None:
        self._settle()
        if not self._running:
            self._running = True
            self._continue_from(self._base)

    @STOP
    def _stop(self) -> None:
        self._settle()
        self._running = False
        self._continue_from(self.counter)

    @CLEAR
    def _clear(self) -> None:
        self._settle()
        self._continue_from(0)

    @SHUTDOWN
    def _shut_down(self) -> None:
        self._stop()
        self._clear()

    @COUNT
    def _count(self) -> None:
        if self._running and self.MODE != Mode.TIMER:
            self._base = (self._base + 1) & self._mask
            self._emit_matches()

    @CAPTURE
    def _capture(self, n: int) -> None:
        self._settle()
        self.CC[n] = self.counter
        self._arm()

    # --- registers ----------------------------------------------------------------------------------------

    @CC.on_write
    def _write_cc(self, n: int, value: int) -> None:
        self._settle(n)
        self._arm()

    @MODE.on_write
    @BITMODE.on_write
    @PRESCALER.on_write
    def _configure(self, value: int) -> None:
        self._settle()
        count = self.counter
        self._mask = (1 << WIDTHS[self.BITMODE]) - 1
        self._period = CYCLES_PER_PCLK16M << min(self.PRESCALER, MAX_PRESCALER)
        self._continue_from(count)

    # --- counting -----------------------------------------------------------------------------------------

    def _continue_from(self, count: int) -> None:
        """The counter is `count`, at the beginning of a period, now."""
        self._base, self._origin = count & self._mask, self.scheduler.now
        self._counting = self._running and self.MODE == Mode.TIMER
        self._arm()

    def _arm(self) -> None:
        """Ask for the moment of the nearest match."""
        if not self._counting:
            self._alarm.cancel()
            return
        passed = (self.scheduler.now - self._origin) // self._period
        following = self._base + passed + 1
        nearest = min((compare - following) & self._mask for compare in self.CC)
        due = self._origin + (passed + 1 + nearest) * self._period
        if due != self._due or not self._alarm.armed:
            self._due = due
            self._alarm.at(due)

    def _settle(self, written: int | None = None) -> None:
        """Let a match of this very cycle come before whatever else happens in it.

        A CC written in the cycle of its own match is no match any more, which costs nothing: `written` is spared.
        """
        if self._alarm.armed and self._due <= self.scheduler.now:
            self._fire(written)

    def _fire(self, written: int | None = None) -> None:
        self._alarm.cancel()
        self._emit_matches(written)
        self._arm()
        if self.SHORTS:
            self._begin_train()

    def _emit_matches(self, spared: int | None = None) -> None:
        count, mask = self.counter, self._mask
        for n in [n for n, compare in enumerate(self.CC) if compare & mask == count and n != spared]:
            self.emit(self.COMPARE[n])


    # --- trains -------------------------------------------------------------------------------------------

    def _begin_train(self) -> None:
        """Just cleared by a compare: if all that follows is pins that toggle, be silent until something changes."""
        n = self.SHORTS.bit_length() - 1
        if n >= len(self.CC) or 1 << n != self.SHORTS or not self._counting or self.scheduler.now != self._origin:
            return
        top = self.CC[n] & self._mask
        step = top * self._period
        if not 0 < 2 * step < SHORTEST_EDGE_PERIOD:
            return
        heard = [m for m, compare in enumerate(self.CC) if 0 < compare & self._mask <= top]
        events = [self.COMPARE[m] for m in heard]
        if any(self.INTEN & event.interrupt_bit or not self.values[event.offset] for event in events):
            return
        listening = [s for event in events for s in self._subscribers.get(event.offset, ())]
        followers = [s for s in self._subscribers.get(self.COMPARE[n].offset, ()) if _follows(s)]
        if followers and followers == listening:
            self._alarm.cancel()
            self._train = Train(self.scheduler.now, step, followers, self._end_train)

    def _end_train(self) -> None:
        """Every event again, from now on."""
        train, self._train = self._train, None
        if train is not None:
            now = self.scheduler.now
            self._origin = train.origin + train.passed(now) * train.step
            train.close(now)
            self._arm()

    def write(self, offset: int, value: int, mask: int = WORD) -> None:
        """A store by the CPU ends a train: it may be about to change it, or to wait for its events."""
        self._end_train()
        super().write(offset, value, mask)

    def trigger(self, task_offset: int) -> None:
        """So does a task."""
        self._end_train()
        super().trigger(task_offset)

    def subscribe(self, event_offset: int, subscriber: Subscriber) -> Callable[[], None]:
        """And so do those who begin or cease to listen."""
        self._end_train()
        part = super().subscribe(event_offset, subscriber)

        def end_and_part() -> None:
            self._end_train()
            part()

        return end_and_part


def _follows(subscriber: object) -> bool:
    return isinstance(subscriber, Follower) and subscriber.can_follow()


class Timer6(Timer):
    """TIMER3 and TIMER4: six capture/compare registers."""

    CAPTURE = Task.array(0x040, 6)
    COMPARE = Event.array(0x140, 6)
    SHORTS = Register(0x200, writable=0x3F3F)
    CC = Register.array(0x540, 6)
    shortcuts = compare_shortcuts(COMPARE, Timer.CLEAR, Timer.STOP)

    CAPTURE(Timer._capture)
    CC.on_write(Timer._write_cc)
