"""WDT: watchdog timer (nRF52840 PS v1.8, section 6.36).

START loads CRV and counts 32,768 Hz periods down; after CRV + 1 of them TIMEOUT comes and the chip is reset, two
periods later if the event's interrupt is enabled and at once if not. Writing 0x6E524635 to every enabled RR[n] starts
the count anew. Nothing stops it: once running, CRV, RREN and CONFIG ignore writes, and a reset by software or lockup
leaves it counting. CONFIG says whether it counts while the CPU sleeps (POWER's SLEEPENTER and SLEEPEXIT tell) and while
a debugger halts it (the debugger tells `set_halted`).

Not modelled: the phase of the LFCLK at START (a count begins with the task), and that it requests the LFCLK.
"""

from __future__ import annotations

from collections.abc import Iterable

from cmsim.kernel import LFCLK
from cmsim.nordic import Event, NordicPeripheral, Task
from cmsim.registers import Register, Slot
from cmsim.soc import Soc

RELOAD = 0x6E52_4635
SHORTEST = 0xF
"""The smallest CRV that the chapter allows; smaller values count as this."""
RESET_DELAY = 2
"""LFCLK periods from TIMEOUT to the reset, for the interrupt to say goodbye."""
CHANNELS = 8
SPARING_RESETS = frozenset({"sreq", "lockup"})
"""Reasons of a reset that a running watchdog survives (PS section 5.3, the table of reset sources)."""
SLEEPENTER, SLEEPEXIT = 0x114, 0x118
"""POWER's events."""


class Wdt(NordicPeripheral):
    """WDT."""

    START = Task(0x000)
    TIMEOUT = Event(0x100)
    RUNSTATUS = Register(0x400, writable=0)
    REQSTATUS = Register(0x404, 0x1, writable=0)
    CRV = Register(0x504, 0xFFFF_FFFF)
    RREN = Register(0x508, 0x1, writable=0xFF)
    CONFIG = Register(0x50C, 0x1, writable=0x9)
    RR = Register.array(0x600, CHANNELS, writable=0)
    runs_asleep = CONFIG.bit(0)
    runs_halted = CONFIG.bit(3)

    LOCKED: Iterable[Slot] = (CRV, RREN, CONFIG)

    _running = _watching_sleep = False

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._timeout = soc.scheduler.alarm(self._timed_out)
        self._bite = soc.scheduler.alarm(lambda: soc.hooks.reset("watchdog"))
        self._requested = 0
        self._elapsed = 0
        """Cycles counted since the last reload, up to `_since`."""
        self._since: int | None = None
        """The cycle since when it counts, None while it is paused or stopped."""
        super().__init__(soc, name, base)

    def reset(self) -> None:
        """Stopped, every register at its reset value; but a soft reset changes nothing while it runs."""
        self._asleep = self._halted = False
        if self._running and self.soc.reset_reason in SPARING_RESETS:
            self._follow()
            return
        super().reset()
        self._running = False
        self._requested, self._elapsed, self._since = 0, 0, None
        self._timeout.cancel()
        self._bite.cancel()

    def write(self, offset: int, value: int, mask: int = 0xFFFF_FFFF) -> None:
        """The configuration is locked from START on."""
        if not (self._running and any(offset == slot.offset for slot in self.LOCKED)):
            super().write(offset, value, mask)

    @START
    def _start(self) -> None:
        if not self._running:
            self._running, self.RUNSTATUS = True, 1
            self._watch_sleep()
            self._reload()

    def _watch_sleep(self) -> None:
        power = self.soc.blocks.get("POWER")
        if power and not self._watching_sleep:
            self._watching_sleep = True
            power.subscribe(SLEEPENTER, lambda: self.set_asleep(True))
            power.subscribe(SLEEPEXIT, lambda: self.set_asleep(False))

    @RR.on_write
    def _request(self, n: int, value: int) -> None:
        if not self._running or value != RELOAD:
            return
        self._requested |= self.RREN & 1 << n
        if self.RREN and self._requested == self.RREN:
            self._reload()

    @REQSTATUS.on_read
    def _outstanding(self) -> int:
        return self.RREN & ~self._requested

    def _reload(self) -> None:
        self._requested, self._elapsed, self._since = 0, 0, None
        self._follow()

    # --- counting, or not ---------------------------------------------------------------------------------

    def set_asleep(self, asleep: bool) -> None:
        """The CPU went to sleep or woke up."""
        self._asleep = asleep
        self._follow()

    def set_halted(self, halted: bool) -> None:
        """A debugger halted the CPU or let it go."""
        self._halted = halted
        self._follow()

    def _follow(self) -> None:
        """Count or pause as CONFIG says for the CPU's state."""
        now = self.scheduler.now
        if self._since is not None:
            self._elapsed += now - self._since
            self._since = None
            self._timeout.cancel()
        paused = (self._asleep and not self.runs_asleep) or (self._halted and not self.runs_halted)
        if self._running and not self._bite.armed and not paused:
            self._since = now
            self._timeout.at(now - self._elapsed + LFCLK.cycles_for(max(self.CRV, SHORTEST) + 1))

    def _timed_out(self) -> None:
        self._bite.after(LFCLK.cycles_for(RESET_DELAY) if self.INTEN & self.TIMEOUT.interrupt_bit else 0)
        self._since = None
        self.emit(self.TIMEOUT)
