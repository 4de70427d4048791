"""RTC: the 24-bit counter on the LFCLK (nRF52840 PS v1.8, section 6.22).

Everything happens at rising edges of the LFCLK, which are counted from the cycle at which it started, so no rounding
adds up. Tasks and new CC values cross into the LFCLK domain: they act at the first rising edge after the first falling
edge, 0.5 to 1.5 periods later. What the data sheet says of compares follows from that: with COUNTER at N, a CC of N + 2
always fires, N + 1 only if written before the falling edge, and the old CC may fire until the new one has crossed.
An event that neither EVTEN nor INTEN enables does not happen; only EVTEN lets it reach PPI.

While the LFCLK is off the counter stands and tasks wait for it: START does not request the clock on this chip.

Not modelled: the few PCLK16M periods between an edge and its event.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cmsim.nordic import Event, NordicPeripheral, Task
from cmsim.registers import Register
from cmsim.soc import Soc

from .clock import lfclk_of

COUNTER_MASK = 0xFF_FFFF
TRIGGER_OVERFLOW_VALUE = 0xFF_FFF0
ENABLE_MASK = 0xF_0003
COUNTER_READ_STALL = 12
"""Three PCLK16M periods in which the bus waits for a safe sample of COUNTER."""


@dataclass
class Crossing:
    """Something on its way into the LFCLK domain: `act` at rising edge `tick`."""

    tick: int
    act: Callable[[int], None]


class Rtc(NordicPeripheral):
    """RTC0: three compare registers."""

    undocumented = frozenset({0x14C})
    """COMPARE[3], which only RTC1 and RTC2 have: nrfx 3 clears four events whichever RTC it starts."""

    START = Task(0x000)
    STOP = Task(0x004)
    CLEAR = Task(0x008)
    TRIGOVRFLW = Task(0x00C)
    TICK = Event(0x100)
    OVRFLW = Event(0x104)
    COMPARE = Event.array(0x140, 3)
    EVTEN = Register(0x340, writable=ENABLE_MASK)
    EVTENSET = Register(0x344, writable=0)
    EVTENCLR = Register(0x348, writable=0)
    COUNTER = Register(0x504, writable=0)
    PRESCALER = Register(0x508, writable=0xFFF)
    CC = Register.array(0x540, 3, writable=COUNTER_MASK)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._lfclk = lfclk_of(soc)
        self._alarm = soc.scheduler.alarm(self._edge)
        self._due = 0
        super().__init__(soc, name, base)
        self._lfclk.running.listen(self._lfclk_changed)

    def reset(self) -> None:
        """Stopped at 0, nothing under way."""
        super().reset()
        self._alarm.cancel()
        self._crossings: list[Crossing] = []
        self._compare = [0] * len(self.CC)
        """CC as the LFCLK domain has it."""
        self._started = False
        """START was triggered and STOP was not since: PRESCALER is read-only."""
        self._prescaler = self.PRESCALER
        self._running = False
        self._base, self._base_tick, self._divider = 0, 0, 1
        """COUNTER was `_base`, with a fresh prescaler, at edge `_base_tick`; it steps every `_divider` edges."""
        self._handled = self._lfclk.tick if self._lfclk.running.level else 0
        """The last edge whose crossings and events are done."""

    def counter_at(self, tick: int) -> int:
        """COUNTER just after rising edge `tick`."""
        steps = (tick - self._base_tick) // self._divider if self._running else 0
        return (self._base + steps) & COUNTER_MASK

    # --- tasks --------------------------------------------------------------------------------------------

    @START
    def _start(self) -> None:
        self._started = True
        self._cross(self._begin)

    @STOP
    def _stop(self) -> None:
        self._started = False
        self._cross(self._halt)

    @CLEAR
    def _clear(self) -> None:
        self._cross(lambda tick: self._set(tick, 0))

    @TRIGOVRFLW
    def _trigger_overflow(self) -> None:
        self._cross(lambda tick: self._set(tick, TRIGGER_OVERFLOW_VALUE))

    def _begin(self, tick: int) -> None:
        """The prescaler counts from the edge before, so that with PRESCALER 0 this edge is the first step."""
        self._base, self._base_tick, self._running = self._before(tick), tick - 1, True
        self._divider = self.PRESCALER + 1

    def _halt(self, tick: int) -> None:
        self._base, self._running = self._before(tick), False

    def _before(self, tick: int) -> int:
        """COUNTER before edge `tick` steps it, with what this edge has already set."""
        return self.counter_at(max(tick - 1, self._base_tick))

    def _set(self, tick: int, value: int) -> None:
        self._base, self._base_tick, self._divider = value, tick, self.PRESCALER + 1

    # --- registers ----------------------------------------------------------------------------------------

    @COUNTER.on_read
    def _read_counter(self) -> int:
        self._settle()
        value = self.counter_at(self._lfclk.tick) if self._lfclk.running.level else self._base
        self.soc.hooks.stall(COUNTER_READ_STALL)
        return value

    @PRESCALER.on_write
    def _write_prescaler(self, value: int) -> None:
        if self._started:
            self.PRESCALER = self._prescaler
        self._prescaler = self.PRESCALER

    @CC.on_write
    def _write_cc(self, n: int, value: int) -> None:
        def arrive(tick: int) -> None:
            self._compare[n] = compare

        compare = self.CC[n]
        self._cross(arrive)

    @EVTEN.on_write
    def _write_evten(self, value: int) -> None:
        self._set_evten(self.EVTEN)

    @EVTENSET.on_write
    def _enable_events(self, mask: int) -> None:
        self._set_evten(self.EVTEN | mask & ENABLE_MASK)

    @EVTENCLR.on_write
    def _disable_events(self, mask: int) -> None:
        self._set_evten(self.EVTEN & ~mask)

    def _set_evten(self, mask: int) -> None:
        self._settle()
        self.EVTEN = self.EVTENSET = self.EVTENCLR = mask
        self._arm()

    def _set_inten(self, mask: int) -> None:
        self._settle()
        super()._set_inten(mask)
        self._arm()

    # --- edges --------------------------------------------------------------------------------------------

    def _cross(self, act: Callable[[int], None]) -> None:
        """Send `act` into the LFCLK domain."""
        self._settle()
        self._crossings.append(Crossing(self._lfclk.synchronised if self._lfclk.running.level else 1, act))
        self._arm()

    def _lfclk_changed(self, running: bool) -> None:
        if not running:
            self._settle()
            tick = self._lfclk.tick
            phase = (tick - self._base_tick) % self._divider
            self._base = self.counter_at(tick)
            self._base_tick = -phase
            self._alarm.cancel()
        else:
            self._handled = 0
        for crossing in self._crossings:
            crossing.tick = 1
        self._arm()

    def _arm(self) -> None:
        """Ask for the next edge at which something happens."""
        ticks = [crossing.tick for crossing in self._crossings[:1]]
        enabled = self.EVTEN | self.INTEN
        if self._running and enabled:
            steps = (self._handled - self._base_tick) // self._divider
            following = self._base + steps + 1
            wanted = [self._compare[n] for n in range(len(self._compare)) if enabled & self.COMPARE[n].interrupt_bit]
            if enabled & self.OVRFLW.interrupt_bit:
                wanted.append(0)
            if enabled & self.TICK.interrupt_bit:
                wanted.append(following)
            if wanted:
                nearest = min((value - following) & COUNTER_MASK for value in wanted)
                ticks.append(self._base_tick + (steps + 1 + nearest) * self._divider)
        if not ticks or not self._lfclk.running.level:
            self._alarm.cancel()
            return
        due = self._lfclk.edge(min(ticks))
        if due != self._due or not self._alarm.armed:
            self._due = due
            self._alarm.at(due)

    def _settle(self) -> None:
        """Let the edge of this very cycle come before whatever else happens in it."""
        if self._alarm.armed and self._due <= self.scheduler.now:
            self._edge()
        elif self._lfclk.running.level:
            self._handled = self._lfclk.tick

    def _edge(self) -> None:
        """A rising edge: what has crossed acts, then the counter steps and compares."""
        self._alarm.cancel()
        tick = self._handled = self._lfclk.tick
        while self._crossings and self._crossings[0].tick <= tick:
            self._crossings.pop(0).act(tick)
        if self._running and tick > self._base_tick and (tick - self._base_tick) % self._divider == 0:
            count = self.counter_at(tick)
            self._signal(self.TICK)
            if count == 0:
                self._signal(self.OVRFLW)
            for n, compare in enumerate(self._compare):
                if compare == count:
                    self._signal(self.COMPARE[n])
        self._arm()

    def _signal(self, event: Event) -> None:
        """The event, as far as EVTEN and INTEN let it through."""
        bit = event.interrupt_bit
        if self.EVTEN & bit:
            self.emit(event)
        elif self.INTEN & bit:
            self.values[event.offset] = 1
            self.update_irq()


class Rtc4(Rtc):
    """RTC1 and RTC2: four compare registers."""

    COMPARE = Event.array(0x140, 4)
    CC = Register.array(0x540, 4, writable=COUNTER_MASK)

    CC.on_write(Rtc._write_cc)
