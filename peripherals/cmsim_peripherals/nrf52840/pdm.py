"""PDM: pulse density modulation interface (nRF52840 PS v1.8, section 6.15).

PDM_CLK is 32 MHz divided by floor(2**32 / PDMCLKCTRL): 31 for the reset value, that is 62 CPU cycles a bit and 3968 a
sample (16.129 kHz) at RATIO 64. A buffer is worked out whole when its last sample is due. START latches PTR and
MAXCNT, then emits STARTED, so that software can give the next buffer; so does every END. STOP ends with the sample
under way, then END and STOPPED. A buffer of no samples (Arduino's first one) lasts one sample period, stores
nothing and gives no END.

Each channel is decimated by a fourth-order moving average (by 16) and a linear-phase low-pass (by 4 or 5) whose delay
makes up the 5 ms of the data sheet: flat within 1 dB to 7.5 kHz and 80 dB down at 8.6 kHz (at 16.129 kHz). Gain is
3.2 dB (G_PDM,default) at 0x28 and half a dB a step around it; full density would be 32768 times that, and saturates.

Not modelled: waveforms on PDM_CLK and PDM_DIN, samples that appear in RAM before their buffer is complete, what a
second microphone or none drives: a channel without a microphone reads the constant level of DIN. The shape of the
filters is this model's own; the data sheet gives their delay and gain only.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from cmsim.nordic import Event, PinSelect, Task
from cmsim.pins import Pin
from cmsim.registers import Register
from cmsim.soc import BusError, Soc

from .switched import Switched

CYCLES_PER_32M = 2
GAIN_MIDDLE, GAIN_DEFAULT_DB = 0x28, 3.2
FIRST_STAGE = 16
LOW_PASS_TAPS = 641
Samples = npt.NDArray[np.float32]


@cache
def _stages(ratio: int) -> tuple[tuple[Samples, int], ...]:
    """(taps, decimation) of both filters, each with a gain of 1."""
    box = np.ones(FIRST_STAGE)
    average = np.convolve(np.convolve(box, box), np.convolve(box, box))
    by = ratio // FIRST_STAGE
    n = np.arange(LOW_PASS_TAPS) - (LOW_PASS_TAPS - 1) / 2
    low_pass = np.sinc(n / by) * np.kaiser(LOW_PASS_TAPS, 7.9)
    stages = ((average, FIRST_STAGE), (low_pass, by))
    return tuple((np.asarray(taps / taps.sum(), np.float32), step) for taps, step in stages)


class Decimator:
    """One channel: `process` takes `ratio` bits for each sample that it gives, and remembers what its filters need."""

    def __init__(self, ratio: int) -> None:
        self._stages = _stages(ratio)
        self._past = [np.zeros(len(taps) - step, np.float32) for taps, step in self._stages]

    def process(self, bits: Samples) -> Samples:
        """[n * ratio] -> [n], full density is 1.0."""
        for n, (taps, step) in enumerate(self._stages):
            whole = np.concatenate((self._past[n], bits))
            self._past[n] = whole[len(whole) - (len(taps) - step) :]
            bits = np.convolve(whole, taps, "valid")[::step]
        return bits


class Pdm(Switched):
    """The block."""

    START = Task(0x000)
    STOP = Task(0x004)
    STARTED = Event(0x100)
    STOPPED = Event(0x104)
    END = Event(0x108)
    PDMCLKCTRL = Register(0x504, 0x0840_0000)
    MODE = Register(0x508, writable=0x3)
    GAINL = Register(0x518, 0x28, writable=0x7F)
    GAINR = Register(0x51C, 0x28, writable=0x7F)
    RATIO = Register(0x520, writable=0x1)
    PSEL_CLK = PinSelect(0x540)
    PSEL_DIN = PinSelect(0x544)
    SAMPLE_PTR = Register(0x560)
    SAMPLE_MAXCNT = Register(0x564, writable=0x7FFF)
    mono, left_rising = MODE.bit(0), MODE.bit(1)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._alarm = soc.scheduler.alarm(self._buffer_over)
        self._frames = self._done = self._origin = self._pointer = 0
        self._clk: Pin | None = None
        super().__init__(soc, name, base)

    def _halt(self) -> None:
        self._alarm.cancel()
        self._running = self._stopping = False
        if self._clk is not None:
            self._clk.release(self.name)
            self._clk = None

    # --- tasks ------------------------------------------------------------------------------------------------

    @START
    def _start(self) -> None:
        if not self.ENABLE or self._running:
            return
        self._running, self._stopping = True, False
        self._ratio = 80 if self.RATIO else 64
        self._bit_cycles = CYCLES_PER_32M * max(1, (1 << 32) // max(1, self.PDMCLKCTRL))
        self._channels = 1 if self.mono else 2
        self._filters = [Decimator(self._ratio) for _ in range(self._channels)]
        self._origin, self._done = self.scheduler.now, 0
        self._clk = self.soc.pins.selected(self.PSEL_CLK)
        if self._clk is not None:
            self._clk.claim(self.name)
            self._clk.drive(self.name, False)
        self._next_buffer()

    @STOP
    def _stop(self) -> None:
        if not self._running:
            if self.ENABLE:
                self.emit(self.STOPPED)
            return
        self._stopping = True
        passed = (self.scheduler.now - self._origin) // self._sample_cycles - self._done
        self._frames = min(self._frames, passed + 1)
        self._alarm.at(self._moment(self._done + self._frames))

    @property
    def _sample_cycles(self) -> int:
        return self._bit_cycles * self._ratio

    def _moment(self, sample: int) -> int:
        return self._origin + sample * self._sample_cycles

    def _next_buffer(self) -> None:
        self._pointer, self._stores = self.SAMPLE_PTR, self.SAMPLE_MAXCNT // self._channels > 0
        self._frames = max(1, self.SAMPLE_MAXCNT // self._channels)
        self._alarm.at(self._moment(self._done + self._frames))
        self.emit(self.STARTED)

    def _buffer_over(self) -> None:
        samples = self._samples()
        self._done += self._frames
        if self._stores:
            try:
                self.soc.dma_write(self._pointer, samples.astype("<i2").tobytes())
            except BusError:
                place = f"EasyDMA write at 0x{self._pointer:08x}, outside data RAM: place the buffer in RAM; this"
                self.soc.report_unmodelled(self.name, 0x560, place)
            self.emit(self.END)
        if self._stopping:
            self._halt()
            self.emit(self.STOPPED)
        elif self._running:
            self._next_buffer()

    # --- samples ----------------------------------------------------------------------------------------------

    def _samples(self) -> npt.NDArray[Any]:
        """The frames of this buffer, left and right by turns if there are two channels."""
        columns = []
        for channel, decimator in enumerate(self._filters):
            level = decimator.process(self._bits(channel))
            steps = min(self.GAINR if channel else self.GAINL, 2 * GAIN_MIDDLE) - GAIN_MIDDLE
            gain = 10 ** ((GAIN_DEFAULT_DB + steps / 2) / 20)
            columns.append(np.clip(np.rint(level * np.float32(32768 * gain)), -32768, 32767))
        return np.stack(columns, axis=1).ravel()

    def _bits(self, channel: int) -> Samples:
        """The bits of this buffer as +1 and -1. A microphone strapped as the left one answers the falling edge."""
        count = self._frames * self._ratio
        rising = self.left_rising != bool(channel)
        first = self._origin + self._done * self._sample_cycles + (0 if rising else self._bit_cycles // 2)
        source = None if rising else self.soc.pdm_source(self.PSEL_CLK, self.PSEL_DIN)
        bits = None if source is None else source.bits(first, self._bit_cycles, count)
        if bits is None:
            pin = self.soc.pins.selected(self.PSEL_DIN)
            bits = np.full(count, 1.0 if pin is not None and pin.level else -1.0, np.float32)
        return bits
