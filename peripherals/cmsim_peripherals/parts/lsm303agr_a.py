"""LSM303AGR accelerometer: I2C target 0x19 (ST DocID027765 rev 8, sections 2 and 8).

8, 10 or 12 bits, left-justified: 16, 4 or 1 mg a digit at 2 g, twice and four times that at 4 and 8 g, twelve times at
16 g (the rounded figures that drivers use for the table of section 2.1). Samples are taken lazily: STATUS counts the
ticks of the data rate when it is read. INT_1_XL shows the data-ready signal (I1_DRDY1). OUT_TEMP, once TEMP_CFG
switches it on, follows the data rate: 256 a degree, 0 at 25 degC, of which 10 bits count, 8 in low-power mode.

Not modelled: FIFO (registers are stored, FIFO_SRC says empty), high-pass filter, activity, click and 6D interrupts
(their registers are stored, the sources read 0), self-test,
INT_2_XL, block data update beyond being stored.
"""

from __future__ import annotations

from cmsim.kernel import Rate
from cmsim.registers import Register

from .sampling import AXES, AxisRegisters

RATES = (None, 1, 10, 25, 50, 100, 200, 400, 1620, 1344)
"""CTRL_REG1.ODR -> Hz; in low-power mode code 9 is 5376 Hz."""
LOW_POWER_RATE_9 = 5376
MILLI_G = (1, 2, 4, 12)
"""mg a digit of 12 bits by CTRL_REG4.FS."""
TEMPERATURE_ON = 0xC0
"""TEMP_CFG.TEMP_EN: both bits."""
TDA, TOR = 0x04, 0x40
DATA_READY = 0x08
"""STATUS_REG.ZYXDA; the axes' own flags are the bits below, the overruns the upper half."""


class Accelerometer(AxisRegisters):
    """The registers of section 8.1 to 8.34."""

    name = "LSM303AGR accelerometer"

    STATUS_REG_AUX = Register(0x07, writable=0)
    OUT_TEMP = Register.array(0x0C, 2, stride=1, writable=0)
    INT_COUNTER = Register(0x0E, writable=0)
    WHO_AM_I = Register(0x0F, 0x33, writable=0)
    TEMP_CFG = Register(0x1F, writable=0xC0)
    CTRL_REG1 = Register(0x20, 0x07, writable=0xFF)
    CTRL_REG2 = Register(0x21, writable=0xFF)
    CTRL_REG3 = Register(0x22, writable=0xFF)
    CTRL_REG4 = Register(0x23, writable=0xFF)
    CTRL_REG5 = Register(0x24, writable=0xCF)
    CTRL_REG6 = Register(0x25, writable=0xFA)
    REFERENCE = Register(0x26, writable=0xFF)
    STATUS_REG = Register(0x27, writable=0)
    OUT = Register.array(0x28, 6, stride=1, writable=0)
    FIFO_CTRL = Register(0x2E, writable=0xFF)
    FIFO_SRC = Register(0x2F, 0x20, writable=0)
    INT1_CFG = Register(0x30, writable=0xFF)
    INT1_SRC = Register(0x31, writable=0)
    INT1_THS = Register(0x32, writable=0x7F)
    INT1_DURATION = Register(0x33, writable=0x7F)
    INT2_CFG = Register(0x34, writable=0xFF)
    INT2_SRC = Register(0x35, writable=0)
    INT2_THS = Register(0x36, writable=0x7F)
    INT2_DURATION = Register(0x37, writable=0x7F)
    CLICK_CFG = Register(0x38, writable=0x3F)
    CLICK_SRC = Register(0x39, writable=0)
    CLICK_THS = Register(0x3A, writable=0x7F)
    TIME_LIMIT = Register(0x3B, writable=0x7F)
    TIME_LATENCY = Register(0x3C, writable=0xFF)
    TIME_WINDOW = Register(0x3D, writable=0xFF)
    ACT_THS = Register(0x3E, writable=0x7F)
    ACT_DUR = Register(0x3F, writable=0xFF)

    data_rate, low_power, axes_enabled = CTRL_REG1.field(7, 4), CTRL_REG1.bit(3), CTRL_REG1.field(2, 0)
    ready_on_int1, active_low = CTRL_REG3.bit(4), CTRL_REG6.bit(1)
    scale, high_resolution, big_endian = CTRL_REG4.field(5, 4), CTRL_REG4.bit(3), CTRL_REG4.bit(6)

    def reset(self) -> None:
        """Power-down, all registers at their reset values."""
        super().reset()
        self._temperature_unread = self._temperature = 0

    def advance(self, pointer: int) -> int:
        """The output registers go round, as the FIFO's burst read needs it; the others run on."""
        return 0x28 if pointer == 0x2D and self._increments else super().advance(pointer)

    # --- samples ----------------------------------------------------------------------------------------------

    @CTRL_REG1.on_write
    def _configure(self, value: int) -> None:
        hertz = RATES[self.data_rate] if self.data_rate < len(RATES) else None
        if self.data_rate == 9 and self.low_power:
            hertz = LOW_POWER_RATE_9
        self._clock.run(Rate.hertz(hertz) if hertz else None, self.scheduler.now)

    @CTRL_REG5.on_write
    def _reboot(self, value: int) -> None:
        self.CTRL_REG5 &= 0x7F  # BOOT reloads trim values, which are not modelled, and clears itself

    def catch_up(self) -> None:
        """Count the samples since the last look, and keep the last."""
        ticks = self._clock.take(self.scheduler.now)
        if not ticks:
            return
        self._unread = min(2, self._unread + len(ticks))
        cycle = self._clock.moment(ticks[-1])
        self._latest = [self._word(axis, cycle) for axis in range(3)]
        if self.TEMP_CFG == TEMPERATURE_ON:
            self._temperature_unread = min(2, self._temperature_unread + len(ticks))
            digits = (self.part.sense("temperature", cycle) - 25) * (1 if self.low_power else 4)
            self._temperature = max(-0x8000, min(0x7FFF, round(digits) << (8 if self.low_power else 6)))

    def _word(self, axis: int, cycle: int) -> int:
        """A sample of `axis` as its 16-bit register pair, left-justified."""
        if not self.axes_enabled >> axis & 1:
            return 0
        bits = 8 if self.low_power else 12 if self.high_resolution else 10
        digit = MILLI_G[self.scale] << 12 - bits
        limit = 1 << bits - 1
        digits = max(-limit, min(limit - 1, round(self.part.sense(f"accel {AXES[axis]}", cycle) * 1000 / digit)))
        return digits << 16 - bits & 0xFFFF

    @STATUS_REG.on_read
    def _status(self) -> int:
        flags = DATA_READY | self.axes_enabled
        return (0, flags, flags | flags << 4)[self._unread]

    @OUT.on_read
    def _read_out(self, n: int) -> int:
        return self.axis_byte(n)

    @STATUS_REG_AUX.on_read
    def _temperature_status(self) -> int:
        return (0, TDA, TDA | TOR)[self._temperature_unread]

    @OUT_TEMP.on_read
    def _read_temperature(self, n: int) -> int:
        if n:
            self._temperature_unread = 0
        return self._temperature >> 8 * (n ^ self.big_endian) & 0xFF

    # --- the data-ready pin -------------------------------------------------------------------------------------

    def drive_pins(self) -> None:
        """The data-ready signal, if CTRL_REG3 routes it."""
        self.part.set_output("INT_1_XL", bool(self.ready_on_int1 and self._unread) != self.active_low)

    def next_change(self) -> int | None:
        """The pin waits for a sample."""
        return self.next_sample(self.ready_on_int1)
