"""CLOCK: the oscillators and who may start them (nRF52840 PS v1.8, section 5.4; times: v1.7, section 5.4.4).

The CPU's 64 MHz always count: `HFCLKSTART` changes the source from HFINT to HFXO, nothing else. The LFCLK is an exact
32,768 Hz from whichever source, counted from the cycle at which it started; RTC and WDT ask `lfclk_of(soc)` for it.
Start-up times of the electrical specification: HFXO 75 us (a crystal of size 2016 as in the reference circuits; others
take 50 to 210 us) plus its debounce time, 256 us by default; LFRC 1 ms, in its ultra-low power mode 1.5 ms; LFXO 0.25 s
(LFRC feeds the LFCLK until then). It gives none for LFSYNT and for the calibration of the LFRC: 0.1 ms and 17 ms here.
CTIV is retained: it survives a soft reset, a lockup and System OFF. A block that wants HFXO and finds it off works all
the same, and that is said once (`want_crystal`).

Not modelled: drift and jitter of any source (so calibration changes nothing), the phase step when LFXO takes over from
LFRC, the trace port clock, HFXO and LFCLK requests that blocks make by themselves. A START task for a clock that runs
already only repeats its event, unless LFCLKSRC names another source by now: that one then takes over (Zephyr starts
with the LFRC and changes to the LFXO in this way).
"""

from __future__ import annotations

from enum import IntEnum

from cmsim.kernel import CPU_HZ, LFCLK, Line, Rate, Scheduler
from cmsim.nordic import Event, NordicPeripheral, Task
from cmsim.registers import Register
from cmsim.soc import Soc

MICROSECOND = CPU_HZ // 1_000_000
HFXO_POWER_UP = 75 * MICROSECOND
"""Of the Epson FA-128."""
HFXO_DEBOUNCE_UNIT = 16 * MICROSECOND
LFRC_START, LFULP_START = 1000 * MICROSECOND, 1500 * MICROSECOND
LFXO_START = CPU_HZ // 4
LFSYNT_START = 100 * MICROSECOND
LFRC_CALIBRATION = 17_000 * MICROSECOND
CTIV_UNIT = CPU_HZ // 4
"""CTIV counts quarters of a second."""
HALF_PERIOD = Rate(LFCLK.cycles, 2 * LFCLK.ticks)
CLEARS_RETAINED = frozenset({"pin", "watchdog", "power-on"})
"""Reasons of a reset that retained registers do not survive (section 5.3.6.8)."""
RUNNING = 1 << 16
"""HFCLKSTAT.STATE and LFCLKSTAT.STATE."""


class LfclkSource(IntEnum):
    """LFCLKSRC.SRC."""

    RC, XTAL, SYNTH = 0, 1, 2


class HfclkSource(IntEnum):
    """HFCLKSTAT.SRC."""

    RC, XTAL = 0, 1


class Lfclk:
    """The 32,768 Hz clock as its users see it: rising edge k comes k periods after it started."""

    def __init__(self, scheduler: Scheduler, running: bool = False) -> None:
        self._scheduler = scheduler
        self.running = Line("LFCLK", running)
        self.origin = scheduler.now
        """The cycle of edge 0, while it runs."""

    def start(self) -> None:
        """Edge 0 is now."""
        if not self.running.level:
            self.origin = self._scheduler.now
            self.running.set(True)

    def stop(self) -> None:
        """No further edge comes; listeners still see the old origin."""
        self.running.set(False)

    @property
    def tick(self) -> int:
        """The number of the latest rising edge."""
        return LFCLK.ticks_in(self._scheduler.now - self.origin)

    def edge(self, tick: int) -> int:
        """The cycle of rising edge `tick`."""
        return self.origin + LFCLK.cycles_for(tick)

    @property
    def synchronised(self) -> int:
        """The edge at which a task of now takes effect: first a falling, then a rising edge must pass.

        That is 0.5 to 1.5 periods (15 to 46 us) away, as the RTC chapter has it.
        """
        return (HALF_PERIOD.ticks_in(self._scheduler.now - self.origin) + 3) // 2


class Clock(NordicPeripheral):
    """The CLOCK half of the block at 0x40000000 (POWER is the other)."""

    undocumented = frozenset({0x53C, 0x54C, 0x638, 0xC34, 0xEE4, *range(0xE00, 0xE38, 4)})
    """Anomalies 31, 197, 192, 108 and 115; 0xE00 is that of anomaly 198, and what bootloaders clear; 0x54C is written
    by the SoftDevice S140 6.1.1."""

    HFCLKSTART = Task(0x000)
    HFCLKSTOP = Task(0x004)
    LFCLKSTART = Task(0x008)
    LFCLKSTOP = Task(0x00C)
    CAL = Task(0x010)
    CTSTART = Task(0x014)
    CTSTOP = Task(0x018)
    HFCLKSTARTED = Event(0x100)
    LFCLKSTARTED = Event(0x104)
    DONE = Event(0x10C)
    CTTO = Event(0x110)
    CTSTARTED = Event(0x128)
    CTSTOPPED = Event(0x12C)
    HFCLKRUN = Register(0x408, writable=0)
    HFCLKSTAT = Register(0x40C, writable=0)
    LFCLKRUN = Register(0x414, writable=0)
    LFCLKSTAT = Register(0x418, writable=0)
    LFCLKSRCCOPY = Register(0x41C, writable=0)
    LFCLKSRC = Register(0x518, writable=0x3_0003)
    HFXODEBOUNCE = Register(0x528, 0x10, writable=0xFF)
    CTIV = Register(0x538, writable=0x7F)
    TRACECONFIG = Register(0x55C, writable=0x3_0003)
    LFRCMODE = Register(0x5B4, writable=0x1)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self.lfclk = Lfclk(soc.scheduler)
        self._hfxo = soc.scheduler.alarm(self._hfxo_stable)
        self._lfrc = soc.scheduler.alarm(self._lfrc_feeds)
        self._lf_source = soc.scheduler.alarm(self._lf_source_stable)
        self._calibration = soc.scheduler.alarm(lambda: self.emit(self.DONE))
        self._calibration_timer = soc.scheduler.alarm(lambda: self.emit(self.CTTO))
        self._told: set[str] = set()
        super().__init__(soc, name, base)

    def reset(self) -> None:
        """HFINT alone: no LFCLK, nothing starting."""
        interval = self.values.get(type(self).CTIV.offset, 0)
        super().reset()
        self.CTIV = 0 if self.soc.reset_reason in CLEARS_RETAINED else interval
        for alarm in (self._hfxo, self._lfrc, self._lf_source, self._calibration, self._calibration_timer):
            alarm.cancel()
        self.lfclk.stop()
        self.HFCLKSTAT = RUNNING | HfclkSource.RC  # the CPU runs, so HFINT does

    # --- the high frequency clock -------------------------------------------------------------------------

    @HFCLKSTART
    def _start_hfxo(self) -> None:
        self.HFCLKRUN = 1
        if self.HFCLKSTAT & 1:
            self.emit(self.HFCLKSTARTED)
        elif not self._hfxo.armed:
            self._hfxo.after(HFXO_POWER_UP + self.HFXODEBOUNCE * HFXO_DEBOUNCE_UNIT)

    def _hfxo_stable(self) -> None:
        self.HFCLKSTAT = RUNNING | HfclkSource.XTAL
        self.emit(self.HFCLKSTARTED)

    def tell_without_crystal(self, name: str) -> None:
        """Say, if HFXO is off, that `name` wants it; once."""
        if not self.HFCLKSTAT & 1 and name not in self._told:
            self._told.add(name)
            what_to_do = "trigger CLOCK.HFCLKSTART and wait for HFCLKSTARTED"
            self.soc.hooks.log(f"{name} is used while HFXO is off, which it needs on silicon: {what_to_do}")

    @HFCLKSTOP
    def _stop_hfxo(self) -> None:
        self._hfxo.cancel()
        self.HFCLKRUN = 0
        self.HFCLKSTAT = RUNNING | HfclkSource.RC

    # --- the low frequency clock --------------------------------------------------------------------------

    @LFCLKSTART
    def _start_lfclk(self) -> None:
        if self.LFCLKRUN and self.LFCLKSRC & 3 == self.LFCLKSRCCOPY:
            if not self._lf_source.armed:
                self.emit(self.LFCLKSTARTED)
            return
        self.LFCLKRUN = 1
        source = self.LFCLKSRCCOPY = self.LFCLKSRC & 3
        if source == LfclkSource.XTAL:
            self._lfrc.after(self._lfrc_start)
            self._lf_source.after(LFXO_START)
        else:
            self._lf_source.after(LFSYNT_START if source == LfclkSource.SYNTH else self._lfrc_start)

    @property
    def _lfrc_start(self) -> int:
        return LFULP_START if self.LFRCMODE & 1 else LFRC_START

    def _lfrc_feeds(self) -> None:
        self.LFCLKSTAT = RUNNING | LfclkSource.RC
        self.lfclk.start()

    def _lf_source_stable(self) -> None:
        self.LFCLKSTAT = RUNNING | self.LFCLKSRCCOPY
        self.lfclk.start()
        self.emit(self.LFCLKSTARTED)

    @LFCLKSTOP
    def _stop_lfclk(self) -> None:
        self._lfrc.cancel()
        self._lf_source.cancel()
        self._calibration_timer.cancel()
        self.lfclk.stop()
        self.LFCLKRUN = self.LFCLKSTAT = 0

    # --- the RC oscillator --------------------------------------------------------------------------------

    @LFRCMODE.on_write
    def _select_lfrc_mode(self, value: int) -> None:
        self.LFRCMODE = self.LFRCMODE & 1 | (self.LFRCMODE & 1) << 16

    @CAL
    def _calibrate(self) -> None:
        self.tell_without_crystal("the calibration of LFRC")
        self._calibration.after(LFRC_CALIBRATION)

    @CTSTART
    def _start_calibration_timer(self) -> None:
        if self.lfclk.running.level:
            if not self._calibration_timer.armed:  # while it runs the task only repeats the event
                self._calibration_timer.after(self.CTIV * CTIV_UNIT)
            self.emit(self.CTSTARTED)

    @CTSTOP
    def _stop_calibration_timer(self) -> None:
        if self.lfclk.running.level:
            self._calibration_timer.cancel()
            self.emit(self.CTSTOPPED)


def want_crystal(soc: Soc, name: str) -> None:
    """`name` works from now on and needs HFXO (sections 5.4.1, 6.14.1 and 6.35.7 say so of RADIO, NFCT and USBD)."""
    for block in soc.blocks.values():
        if isinstance(block, Clock):
            block.tell_without_crystal(name)


def lfclk_of(soc: Soc) -> Lfclk:
    """The LFCLK of the chip; on one without a CLOCK block (a test's) it always runs."""
    for block in soc.blocks.values():
        if isinstance(block, Clock):
            return block.lfclk
    return Lfclk(soc.scheduler, running=True)
