"""LSM303AGR magnetometer: I2C target 0x1E (ST DocID027765 rev 8, sections 2 and 8.35 on).

1.5 milligauss (0.15 uT) a digit, 10, 20, 50 or 100 Hz continuously, or one sample on demand, which takes one period of
the data rate. INT_MAG/DRDY is the data-ready signal if CFG_REG_C says so.

Not modelled: offset cancellation and the low-pass filter (stored), hard-iron offsets (stored, not subtracted),
interrupts by threshold (INT_SOURCE reads 0), self-test, low-power mode, temperature compensation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmsim.i2c import I2cRegisterDevice
from cmsim.kernel import Rate
from cmsim.registers import Register

from .sampling import AXES, WORD_MAX, WORD_MIN, SampleClock

if TYPE_CHECKING:
    from .lsm303agr import Lsm303agr

RATES = (10, 20, 50, 100)
CONTINUOUS, SINGLE = 0, 1
DATA_READY = 0x0F
"""STATUS_REG_M: Zyxda and the axes' flags; the overruns are the upper half."""
MICROTESLA_PER_DIGIT = 0.15


class Magnetometer(I2cRegisterDevice):
    """The registers from OFFSET_X_REG_L_M to OUTZ_H_REG_M."""

    name = "LSM303AGR magnetometer"

    OFFSET = Register.array(0x45, 6, stride=1, writable=0xFF)
    WHO_AM_I = Register(0x4F, 0x40, writable=0)
    CFG_REG_A = Register(0x60, 0x03, writable=0xFF)
    CFG_REG_B = Register(0x61, writable=0x1F)
    CFG_REG_C = Register(0x62, writable=0x7B)
    INT_CTRL = Register(0x63, 0xE0, writable=0xE7)
    INT_SOURCE = Register(0x64, writable=0)
    INT_THS = Register.array(0x65, 2, stride=1, writable=0xFF)
    STATUS_REG = Register(0x67, writable=0)
    OUT = Register.array(0x68, 6, stride=1, writable=0)

    mode, data_rate = CFG_REG_A.field(1, 0), CFG_REG_A.field(3, 2)
    soft_reset = CFG_REG_A.bit(5)
    big_endian, ready_on_pin = CFG_REG_C.bit(3), CFG_REG_C.bit(0)

    def __init__(self, part: Lsm303agr) -> None:
        self.part = part
        self._clock = SampleClock()
        self._tick = part.scheduler.alarm(self._sample_due)
        self._unread, self._last = 0, 0
        self._increments = False
        super().__init__()

    def reset(self) -> None:
        """Idle."""
        super().reset()
        self._clock.run(None, 0)
        self._tick.cancel()
        self._unread, self._last = 0, 0
        self.part.lines["INT_MAG/DRDY"].set(False)

    def select_register(self, byte: int) -> None:
        """Bit 7 of the sub-address asks for auto-increment."""
        self.pointer, self._increments = byte & 0x7F, bool(byte & 0x80)

    def advance(self, pointer: int) -> int:
        """On, if the sub-address asked for it."""
        return pointer + 1 & 0x7F if self._increments else pointer

    @CFG_REG_A.on_write
    def _configure(self, value: int) -> None:
        if self.soft_reset:
            self.reset()
            return
        runs = self.mode in (CONTINUOUS, SINGLE)
        if self.mode == SINGLE:
            self._clock.run(None, 0)  # each command begins a conversion
        self._clock.run(Rate.hertz(RATES[self.data_rate]) if runs else None, self.part.scheduler.now)
        self._update_line()

    @CFG_REG_C.on_write
    def _route(self, value: int) -> None:
        self._update_line()

    def _collect(self) -> None:
        """Count the samples since the last look; one alone ends the single mode."""
        ticks = self._clock.take(self.part.scheduler.now)
        if not ticks:
            return
        if self.mode == SINGLE:
            self._last, self._unread = self._clock.moment(ticks[0]), 1
            self._clock.run(None, 0)
            self.CFG_REG_A |= 0x03
        else:
            self._last, self._unread = self._clock.moment(ticks[-1]), min(2, self._unread + len(ticks))

    @STATUS_REG.on_read
    def _status(self) -> int:
        self._collect()
        return (0, DATA_READY, DATA_READY | DATA_READY << 4)[self._unread]

    @CFG_REG_A.on_read
    def _read_mode(self) -> int:
        self._collect()
        return self.CFG_REG_A

    @OUT.on_read
    def _read_out(self, n: int) -> int:
        self._collect()
        axis, half = divmod(n, 2)
        if n == 5:
            self._unread = 0
            self._update_line()
        word = 0
        if self._last:
            value = self.part.sense(f"mag {AXES[axis]}", self._last)
            word = max(WORD_MIN, min(WORD_MAX, round(value / MICROTESLA_PER_DIGIT)))
        return word >> 8 * (half ^ self.big_endian) & 0xFF

    def _update_line(self) -> None:
        self._collect()
        self.part.lines["INT_MAG/DRDY"].set(bool(self.ready_on_pin and self._unread))
        following = self._clock.next
        if self.ready_on_pin and not self._unread and following is not None:
            self._tick.at(following)
        else:
            self._tick.cancel()

    def _sample_due(self) -> None:
        self._update_line()
