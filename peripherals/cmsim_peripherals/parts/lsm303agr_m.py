"""LSM303AGR magnetometer: I2C target 0x1E (ST DocID027765 rev 8, sections 2 and 8.35 on).

1.5 milligauss a digit, 10, 20, 50 or 100 Hz continuously, or one sample on demand, which takes one period of
the data rate. INT_MAG/DRDY is the data-ready signal if CFG_REG_C says so.

Not modelled: offset cancellation and the low-pass filter (stored), hard-iron offsets (stored, not subtracted),
interrupts by threshold (INT_SOURCE reads 0), self-test, low-power mode, temperature compensation.
"""

from __future__ import annotations

from cmsim.kernel import Rate
from cmsim.registers import Register

from .sampling import AXES, AxisRegisters, counts

RATES = (10, 20, 50, 100)
CONTINUOUS, SINGLE = 0, 1
DATA_READY = 0x0F
"""STATUS_REG_M: Zyxda and the axes' flags; the overruns are the upper half."""
MICROGAUSS_PER_DIGIT = 1500


class Magnetometer(AxisRegisters):
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

    @CFG_REG_A.on_write
    def _configure(self, value: int) -> None:
        if self.soft_reset:
            self.reset()
            return
        runs = self.mode in (CONTINUOUS, SINGLE)
        if self.mode == SINGLE:
            self._clock.run(None, 0)  # each command begins a conversion
        self._clock.run(Rate.hertz(RATES[self.data_rate]) if runs else None, self.scheduler.now)

    def catch_up(self) -> None:
        """Count the samples since the last look; one alone ends the single mode."""
        ticks = self._clock.take(self.scheduler.now)
        if not ticks:
            return
        cycle = self._clock.moment(ticks[0 if self.mode == SINGLE else -1])
        self._latest = [counts(self.part.sense(f"mag {axis}", cycle), MICROGAUSS_PER_DIGIT) for axis in AXES]
        if self.mode == SINGLE:
            self._unread = 1
            self._clock.run(None, 0)
            self.CFG_REG_A |= 0x03
        else:
            self._unread = min(2, self._unread + len(ticks))

    @STATUS_REG.on_read
    def _status(self) -> int:
        return (0, DATA_READY, DATA_READY | DATA_READY << 4)[self._unread]

    @OUT.on_read
    def _read_out(self, n: int) -> int:
        return self.axis_byte(n)

    def drive_pins(self) -> None:
        """The data-ready signal, if CFG_REG_C routes it."""
        self.part.set_output("INT_MAG/DRDY", bool(self.ready_on_pin and self._unread))

    def next_change(self) -> int | None:
        """The pin waits for a sample."""
        return self.next_sample(self.ready_on_pin)
