"""LSM9DS1 magnetometer: I2C target 0x1E or 0x1C (ST DocID025715 rev 3, sections 3.1 and 8).

Samples are taken lazily, as on the accelerometer's side. What the data sheet leaves open is settled so:
- XDA, YDA, ZDA and the overruns fall with the second byte of their axis, ZYXDA and ZYXOR with that of the last one.
- A burst goes round from OUT_Z_H_M to OUT_X_L_M, as on the LIS3MDL, which is the same magnetometer.
- A single conversion takes one period of the output data rate, then MD reads as power-down.
- FAST_ODR has the LIS3MDL's rates: 1000, 560, 300 and 155 Hz by OM.
- Self-test adds 2 gauss on X and Y and 0.5 gauss on Z: within the limits of ST's self-test example.
- INT_M is low while IEN is 0. A reset takes no time.

Not modelled: the axes' performance modes (OM, OMZ, LP change no noise; LP sets 0.625 Hz), temperature compensation
(TEMP_COMP is stored), FAST_READ (stored), noise and offset, SPI (SIM is stored).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmsim.kernel import Rate
from cmsim.registers import Register

from .lsm9ds1_interrupts import position_events
from .lsm9ds1_scales import MAG_FAST_RATES, MAG_RATES, MAG_SELF_TEST, MAG_UGAUSS
from .sampling import AXES, WORD_MAX, WORD_MIN, OutputWords, SampleClock, StRegisters, counts, signed

if TYPE_CHECKING:
    from .lsm9ds1 import Lsm9ds1

CONTINUOUS, SINGLE, POWER_DOWN = 0, 1, 3
INT, MROI = 0x01, 0x02
ALL_AXES = 0x07


class Magnetometer(StRegisters):
    """The registers of section 8, and what they say about the samples."""

    name = "LSM9DS1 magnetometer"

    OFFSET_M = Register.array(0x05, 6, stride=1, writable=0xFF)
    WHO_AM_I_M = Register(0x0F, reset=0x3D, writable=0)
    CTRL_REG1_M = Register(0x20, reset=0x10, writable=0xFF)
    CTRL_REG2_M = Register(0x21, writable=0x6C)
    CTRL_REG3_M = Register(0x22, reset=0x03, writable=0xA7)
    CTRL_REG4_M = Register(0x23, writable=0x0E)
    CTRL_REG5_M = Register(0x24, writable=0xC0)
    STATUS_REG_M = Register(0x27, writable=0)
    OUT_M = Register.array(0x28, 6, stride=1, writable=0)
    INT_CFG_M = Register(0x30, reset=0x08, writable=0xEF)
    INT_SRC_M = Register(0x31, writable=0)
    INT_THS_M = Register.array(0x32, 2, stride=1, writable=0xFF)

    operative_mode, data_rate = CTRL_REG1_M.field(6, 5), CTRL_REG1_M.field(4, 2)
    fast_odr, self_test = CTRL_REG1_M.bit(1), CTRL_REG1_M.bit(0)
    scale = CTRL_REG2_M.field(6, 5)
    reboot, soft_reset = CTRL_REG2_M.bit(3), CTRL_REG2_M.bit(2)
    i2c_disabled, low_power, mode = CTRL_REG3_M.bit(7), CTRL_REG3_M.bit(5), CTRL_REG3_M.field(1, 0)
    big_endian, bdu = CTRL_REG4_M.bit(1), CTRL_REG5_M.bit(6)
    active_high, not_latched, pin_enabled = INT_CFG_M.bit(2), INT_CFG_M.bit(1), INT_CFG_M.bit(0)

    def __init__(self, part: Lsm9ds1) -> None:
        self.clock, self._words = SampleClock(), OutputWords()
        self._ready_at = 0
        super().__init__(part)

    # --- reset and configuration --------------------------------------------------------------------------------

    def reset(self) -> None:
        """Reset values, in power-down."""
        super().reset()
        self._latest: tuple[int, ...] = (0, 0, 0)
        self._fresh = self._overrun = 0
        """Bit n: axis n has data that nobody read, lost data that nobody read."""
        self._set_complete = self._set_overrun = False
        """ZYXDA, ZYXOR."""
        self._source = 0
        self.clock.run(None, 0)
        self._words.clear()

    def restart(self, ready_at: int) -> None:
        """Reset values; the first conversion starts at `ready_at` or later."""
        self.reset()
        self._ready_at = ready_at
        self.update()

    @property
    def _rate(self) -> Rate | None:
        if self.mode not in (CONTINUOUS, SINGLE):
            return None
        if self.low_power:
            return MAG_RATES[0]
        return MAG_FAST_RATES[self.operative_mode] if self.fast_odr else MAG_RATES[self.data_rate]

    @CTRL_REG1_M.on_write
    def _set_rate(self, value: int) -> None:
        self.clock.run(self._rate, max(self.scheduler.now, self._ready_at))

    @CTRL_REG3_M.on_write
    def _set_mode(self, value: int) -> None:
        if self.mode == SINGLE:
            self.clock.run(None, 0)  # each write asks for a conversion of its own
        self._set_rate(value)

    @CTRL_REG2_M.on_write
    def _reset(self, value: int) -> None:
        if self.soft_reset:
            self.reset()
        self.reboot = 0

    @INT_CFG_M.on_write
    def _configure_interrupt(self, value: int) -> None:
        self._source = 0

    # --- samples ------------------------------------------------------------------------------------------------

    def catch_up(self) -> None:
        """Let the samples happen whose time has come."""
        ticks = self.clock.take(self.scheduler.now)
        if not ticks:
            return
        if self.mode == SINGLE:
            ticks = ticks[:1]
        if len(ticks) > 1 or self._set_complete:
            self._set_overrun = True
        self._overrun |= ALL_AXES if len(ticks) > 1 else self._fresh
        self._fresh, self._set_complete = ALL_AXES, True
        for tick in ticks if self._watching else ticks[-1:]:
            self._convert(tick)
        if self.mode == SINGLE:
            self.mode = POWER_DOWN
            self.clock.run(None, 0)

    @property
    def _watching(self) -> bool:
        """Whether each sample counts and not only the last: an interrupt may be latched."""
        return self.INT_CFG_M & 0xE0 != 0

    def _convert(self, tick: int) -> None:
        cycle, lsb = self.clock.moment(tick), MAG_UGAUSS[self.scale]
        offsets = tuple(self.OFFSET_M)
        extra = MAG_SELF_TEST if self.self_test else (0.0, 0.0, 0.0)
        raw = [counts(self.part.sense(f"mag {axis}", cycle) + extra[n], lsb) for n, axis in enumerate(AXES)]
        self._latest = tuple(
            max(WORD_MIN, min(WORD_MAX, value - signed(offsets[2 * n] | offsets[2 * n + 1] << 8, 16)))
            for n, value in enumerate(raw)
        )
        self._judge(raw)

    def _judge(self, raw: list[int]) -> None:
        """The interrupt source (section 8.15): positive and negative crossings of the enabled axes."""
        if self._source & INT and not self.not_latched:
            return
        low, high = self.INT_THS_M
        events = position_events(self._latest, [(high & 0x7F) << 8 | low] * 3)
        source = 0
        for axis in range(3):
            if self.INT_CFG_M >> 7 - axis & 1:
                source |= (events >> 2 * axis + 1 & 1) << 7 - axis | (events >> 2 * axis & 1) << 4 - axis
        if source:
            source |= INT
        if self.pin_enabled and any(value in (WORD_MIN, WORD_MAX) for value in raw):
            source |= MROI
        self._source = source

    # --- what software reads ------------------------------------------------------------------------------------

    def advance(self, pointer: int) -> int:
        """The next register of a burst."""
        return 0x28 if pointer == 0x2D and self._increments else super().advance(pointer)

    @STATUS_REG_M.on_read
    def _read_status(self) -> int:
        return self._fresh | self._set_complete << 3 | self._overrun << 4 | self._set_overrun << 7

    @OUT_M.on_read
    def _read_output(self, n: int) -> int:
        axis, half = n >> 1, n & 1
        value = self._words.byte(axis, half, self._latest[axis], held=self.bdu, big_endian=self.big_endian)
        if half:
            self._fresh &= ~(1 << axis)
            self._overrun &= ~(1 << axis)
            if not self._fresh:
                self._set_complete = self._set_overrun = False
            self.update()
        return value

    @INT_SRC_M.on_read
    def _read_source(self) -> int:
        value = self._source
        if not self.not_latched:
            self._source = 0
        self.update()
        return value

    # --- pins ---------------------------------------------------------------------------------------------------

    def drive_pins(self) -> None:
        """DRDY_M, and INT_M while it is enabled."""
        self.part.set_output("DRDY_M", self._set_complete)
        self.part.set_output("INT_M", self.pin_enabled and bool(self._source & INT) == self.active_high)

    def next_change(self) -> int | None:
        """DRDY_M has no enable bit: it waits for every new set, but does not change again before that set is read."""
        waits = not self._set_complete or (self.pin_enabled and self._watching)
        return self.clock.next if waits else None
