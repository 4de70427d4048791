"""SAADC: successive approximation analogue-to-digital converter (nRF52840 PS v1.8, section 6.23).

Result = (V(P) - V(N)) x GAIN / REFERENCE x 2^(RESOLUTION - m), m = 1 for differential channels, limited to the range of
the resolution and stored as 16-bit words by EasyDMA. A conversion takes the acquisition time TACQ and the 2 us of the
electrical specification; scanned channels follow each other. With OVERSAMPLE one result is the mean of 2^n conversions:
one SAMPLE each, or all of them from one SAMPLE with BURST. SAMPLERATE.MODE = Timers takes a sample every CC periods of
16 MHz from START to STOP (section 6.23.5); a SAMPLE takes one more, and begins it if MODE has changed since. Voltages
come from `analog.py`.

Not modelled: noise, offset (calibration changes nothing and takes 100 us), input resistors RESP and RESN (stored),
VDDHDIV5 (reads the supply over 5); the moment within an acquisition at which the capacitor is cut off: it is its end.
"""

from __future__ import annotations

from cmsim.kernel import CPU_HZ
from cmsim.nordic import Event, Task
from cmsim.registers import Register
from cmsim.soc import BusError, Soc

from .analog import SUPPLY, pin_volts
from .switched import Switched

CHANNELS = 8
MICROSECOND = CPU_HZ // 1_000_000
CYCLES_PER_PCLK16M = 4
CONVERSION = 2 * MICROSECOND
CALIBRATION = 100 * MICROSECOND
ACQUISITION = tuple(us * MICROSECOND for us in (3, 5, 10, 15, 20, 40, 40, 40))
"""CONFIG.TACQ -> cycles."""
GAINS = (1 / 6, 1 / 5, 1 / 4, 1 / 3, 1 / 2, 1.0, 2.0, 4.0)
REFERENCES = (0.6, SUPPLY / 4)
BITS = (8, 10, 12, 14)
INPUTS = range(1, 9)
"""PSELP and PSELN: AIN0 to AIN7."""
VDD, VDDH_DIV_5 = 9, 0xD


class Saadc(Switched):
    """SAADC."""

    undocumented = frozenset({0x640, 0x644, 0x648})
    """Saved and restored around the power switch by the work-around of anomaly 212."""

    START = Task(0x000)
    SAMPLE = Task(0x004)
    STOP = Task(0x008)
    CALIBRATEOFFSET = Task(0x00C)
    STARTED = Event(0x100)
    END = Event(0x104)
    DONE = Event(0x108)
    RESULTDONE = Event(0x10C)
    CALIBRATEDONE = Event(0x110)
    STOPPED = Event(0x114)
    LIMITS = Event.array(0x118, 2 * CHANNELS)
    """CH[n].LIMITH at 2n, CH[n].LIMITL at 2n + 1."""
    STATUS = Register(0x400, writable=0)
    CH_PSELP = Register.array(0x510, CHANNELS, stride=0x10, writable=0x1F)
    CH_PSELN = Register.array(0x514, CHANNELS, stride=0x10, writable=0x1F)
    CH_CONFIG = Register.array(0x518, CHANNELS, stride=0x10, reset=0x2_0000, writable=0x117_1733)
    CH_LIMIT = Register.array(0x51C, CHANNELS, stride=0x10, reset=0x7FFF_8000)
    RESOLUTION = Register(0x5F0, 0x1, writable=0x7)
    OVERSAMPLE = Register(0x5F4, writable=0xF)
    SAMPLERATE = Register(0x5F8, writable=0x17FF)
    RESULT_PTR = Register(0x62C)
    RESULT_MAXCNT = Register(0x630, writable=0x7FFF)
    RESULT_AMOUNT = Register(0x634, writable=0)
    rate, continuous = SAMPLERATE.field(10, 0), SAMPLERATE.bit(12)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        alarm = soc.scheduler.alarm
        self._converted, self._next_sample = alarm(self._convert), alarm(self._timed_sample)
        self._calibrated = alarm(lambda: self.emit(self.CALIBRATEDONE))
        self._started = False
        self._pending: list[int] = []
        self._sums: dict[int, tuple[float, int]] = {}
        self._pointer = self._room = 0
        super().__init__(soc, name, base)

    def _halt(self) -> None:
        for alarm in (self._converted, self._next_sample, self._calibrated):
            alarm.cancel()
        self._started = False
        self._pending, self._sums = [], {}
        self.STATUS = 0

    # --- tasks ------------------------------------------------------------------------------------------------

    @START
    def _start(self) -> None:
        if self.ENABLE:
            self._started = True
            self._pointer, self._room, self.RESULT_AMOUNT = self.RESULT_PTR, self.RESULT_MAXCNT, 0
            self._keep_time()
            self.emit(self.STARTED)

    def _keep_time(self) -> None:
        """Let the local timer run, if it is the one that samples."""
        if self.continuous and self._started and not self._next_sample.armed:
            self._next_sample.after(max(80, self.rate) * CYCLES_PER_PCLK16M)

    @SAMPLE
    def _sample(self) -> None:
        self._keep_time()
        self._begin()

    def _timed_sample(self) -> None:
        self._next_sample.after(max(80, self.rate) * CYCLES_PER_PCLK16M)
        self._begin()

    def _begin(self) -> None:
        if not self._started or self._pending:
            return
        for n in range(CHANNELS):
            if self.CH_PSELP[n]:
                burst = self.CH_CONFIG[n] >> 24 & 1
                self._pending += [n] * (1 << self._oversampling if burst else 1)
        if self._pending:
            self.STATUS = 1
            self._converted.after(self._duration(self._pending[0]))

    @STOP
    def _stop(self) -> None:
        self._halt()
        self.emit(self.STOPPED)

    @CALIBRATEOFFSET
    def _calibrate(self) -> None:
        if self.ENABLE:
            self._calibrated.after(CALIBRATION)

    # --- conversions ------------------------------------------------------------------------------------------

    @property
    def _oversampling(self) -> int:
        """Two to this power conversions make a result."""
        return min(self.OVERSAMPLE, 8)

    def _duration(self, n: int) -> int:
        return ACQUISITION[self.CH_CONFIG[n] >> 16 & 7] + CONVERSION

    def _volts(self, selected: int) -> float:
        if selected in INPUTS:
            return pin_volts(self.soc, selected - 1)
        return {VDD: SUPPLY, VDDH_DIV_5: SUPPLY / 5}.get(selected, 0.0)

    def value(self, n: int) -> float:
        """What channel `n` converts to now, before it is rounded and limited."""
        config = self.CH_CONFIG[n]
        differential = config >> 20 & 1
        volts = self._volts(self.CH_PSELP[n]) - (self._volts(self.CH_PSELN[n]) if differential else 0.0)
        scale = GAINS[config >> 8 & 7] / REFERENCES[config >> 12 & 1]
        return volts * scale * (1 << BITS[self.RESOLUTION & 3] - differential)

    def _convert(self) -> None:
        n = self._pending.pop(0)
        total, count = self._sums.pop(n, (0.0, 0))
        total, count = total + self.value(n), count + 1
        finished = count >= 1 << self._oversampling
        if self._pending:
            self._converted.after(self._duration(self._pending[0]))
        else:
            self.STATUS = 0
        if not finished:
            self._sums[n] = total, count
        self.emit(self.DONE)
        if finished and self._started:
            self._store(n, total / count)

    def _store(self, n: int, mean: float) -> None:
        differential = self.CH_CONFIG[n] >> 20 & 1
        limit = 1 << BITS[self.RESOLUTION & 3] - differential
        result = max(-limit, min(limit - 1, round(mean)))
        if self._room > self.RESULT_AMOUNT:
            try:
                at = self._pointer + 2 * self.RESULT_AMOUNT
                self.soc.dma_write(at, (result & 0xFFFF).to_bytes(2, "little"))
            except BusError:
                place = f"EasyDMA at 0x{self._pointer:08x}, outside data RAM: place the buffer in RAM; this"
                self.soc.report_unmodelled(self.name, 0x62C, place)
            self.RESULT_AMOUNT += 1
        self.emit(self.RESULTDONE)
        high, low = _signed(self.CH_LIMIT[n] >> 16), _signed(self.CH_LIMIT[n])
        if result >= high:
            self.emit(self.LIMITS[2 * n])
        if result <= low:
            self.emit(self.LIMITS[2 * n + 1])
        if self._room and self._room <= self.RESULT_AMOUNT:
            self._started = False
            self.emit(self.END)


def _signed(word: int) -> int:
    """The low 16 bits as two's complement."""
    return ((word & 0xFFFF) ^ 0x8000) - 0x8000
