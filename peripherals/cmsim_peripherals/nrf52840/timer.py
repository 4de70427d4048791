"""TIMER: 32-bit timers and counters on the 16 MHz clock (nRF52840 PS v1.8, section 6.30).

In timer mode the count is `origin` plus the periods since, worked out when somebody asks; only the nearest compare is
armed. A compare fires when counting makes the counter equal to CC in the bits of BITMODE, so neither CLEAR nor a CC
written to the present count fires it. START, CLEAR and a change of PRESCALER, MODE or BITMODE begin a new period.

Not modelled: the synchronisation of tasks to the 16 MHz clock (up to 4 CPU cycles) and task priority. SHUTDOWN stops
and clears; a PRESCALER above 9 acts as 9.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from cmsim.nordic import Event, EventArray, NordicPeripheral, Task
from cmsim.registers import Register
from cmsim.soc import Soc

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
        super().__init__(soc, name, base)

    def reset(self) -> None:
        """Stopped at 0."""
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

    def _emit_matches(self, spared: int | None = None) -> None:
        count, mask = self.counter, self._mask
        for n in [n for n, compare in enumerate(self.CC) if compare & mask == count and n != spared]:
            self.emit(self.COMPARE[n])


class Timer6(Timer):
    """TIMER3 and TIMER4: six capture/compare registers."""

    CAPTURE = Task.array(0x040, 6)
    COMPARE = Event.array(0x140, 6)
    SHORTS = Register(0x200, writable=0x3F3F)
    CC = Register.array(0x540, 6)
    shortcuts = compare_shortcuts(COMPARE, Timer.CLEAR, Timer.STOP)

    CAPTURE(Timer._capture)
    CC.on_write(Timer._write_cc)
