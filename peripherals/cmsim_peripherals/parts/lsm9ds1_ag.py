"""LSM9DS1 accelerometer and gyroscope: I2C target 0x6B or 0x6A (ST DocID025715 rev 3, sections 3 and 7).

Samples are taken lazily: nothing happens between two looks, and an alarm is armed only while an interrupt pin waits.
Of the samples since the last look only those that the FIFO keeps are worked out, or all while a generator is on.
What the data sheet leaves open is settled so:
- The gyroscope's ODR_G starts the accelerometer, too (section 3.1, Figure 5), whatever CTRL_REG6_XL says.
- XLDA and GDA fall when the second byte of any axis is read; TDA with OUT_TEMP's second byte.
- A FIFO slot is popped by the last byte of the burst, OUT_Z_H_XL; an empty FIFO shows the slot popped last.
- A burst goes round OUT_TEMP, OUT_G, OUT_XL and back to OUT_G (Figures 6, 7) while a sensor is on; elsewhere and in
  power-down addresses count up.
- Accelerometer thresholds are 1/256 of the full scale and meet the magnitude; gyroscope thresholds are signed counts.
- Self-test adds 0.5 g, and 130, 200 or 530 dps at 245, 500, 2000 dps: within the limits of ST's self-test example.
- The output of a disabled axis is 0. Orient[2:0] has the table of ST's LSM6DS3.
- A reset (SW_RESET, BOOT) takes 10 ms, as long as Arduino's library waits; power-up 20 ms, as ST's driver waits.

Not modelled: analogue and digital filters (BW_G, BW_XL, HP_EN, HPCF_G, LP_mode, INT_SEL, OUT_SEL, HR, DCF, FDS, HPIS1,
REFERENCE_G are stored) and the samples that they spoil after a start (DRDY_mask_bit is stored); activity/inactivity
(ACT_THS and ACT_DUR, for which the data sheet gives no unit, are stored; INACT stays 0); noise, offset and temperature
drift; SPI (SIM is stored); the pin DEN_A/G.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmsim.parts import SensorRegisters
from cmsim.registers import Register

from . import lsm9ds1_scales as scales
from .lsm9ds1_fifo import DEPTH, Fifo, FifoMode, Sample
from .lsm9ds1_interrupts import EVENTS, MotionInterrupt, combined, magnitude_events, position_events, signed_events
from .sampling import AXES, OutputWords, SampleClock, counts, earliest, signed

if TYPE_CHECKING:
    from .lsm9ds1 import Lsm9ds1

TEMPERATURE_CHANNEL = 6
"""Place in a sample: gyroscope 0-2, accelerometer 3-5, temperature 6."""

DRDY_XL, DRDY_G, INT1_BOOT, INT2_TEMP, FIFO_PINS, IG_XL, IG_G = 0x01, 0x02, 0x04, 0x04, 0x38, 0x40, 0x80


class AccelerometerGyroscope(SensorRegisters):
    """The registers of section 7, and what they say about the samples."""

    name = "LSM9DS1 accelerometer/gyroscope"

    ACT_THS = Register(0x04, writable=0xFF)
    ACT_DUR = Register(0x05, writable=0xFF)
    INT_GEN_CFG_XL = Register(0x06, writable=0xFF)
    INT_GEN_THS_XL = Register.array(0x07, 3, stride=1, writable=0xFF)
    INT_GEN_DUR_XL = Register(0x0A, writable=0xFF)
    REFERENCE_G = Register(0x0B, writable=0xFF)
    INT1_CTRL = Register(0x0C, writable=0xFF)
    INT2_CTRL = Register(0x0D, writable=0xBF)
    WHO_AM_I = Register(0x0F, reset=0x68, writable=0)
    CTRL_REG1_G = Register(0x10, writable=0xFB)
    CTRL_REG2_G = Register(0x11, writable=0x0F)
    CTRL_REG3_G = Register(0x12, writable=0xCF)
    ORIENT_CFG_G = Register(0x13, writable=0x3F)
    INT_GEN_SRC_G = Register(0x14, writable=0)
    OUT_TEMP = Register.array(0x15, 2, stride=1, writable=0)
    STATUS_REG = Register(0x17, writable=0)
    OUT_G = Register.array(0x18, 6, stride=1, writable=0)
    CTRL_REG4 = Register(0x1E, reset=0x38, writable=0x3B)
    CTRL_REG5_XL = Register(0x1F, reset=0x38, writable=0xF8)
    CTRL_REG6_XL = Register(0x20, writable=0xFF)
    CTRL_REG7_XL = Register(0x21, writable=0xE5)
    CTRL_REG8 = Register(0x22, reset=0x04, writable=0xFF)
    CTRL_REG9 = Register(0x23, writable=0x5F)
    CTRL_REG10 = Register(0x24, writable=0x05)
    INT_GEN_SRC_XL = Register(0x26, writable=0)
    STATUS_REG_27 = Register(0x27, writable=0)
    OUT_XL = Register.array(0x28, 6, stride=1, writable=0)
    FIFO_CTRL = Register(0x2E, writable=0xFF)
    FIFO_SRC = Register(0x2F, writable=0)
    INT_GEN_CFG_G = Register(0x30, writable=0xFF)
    INT_GEN_THS_G = Register.array(0x31, 6, stride=1, writable=0xFF)
    INT_GEN_DUR_G = Register(0x37, writable=0xFF)

    gyro_odr, gyro_scale = CTRL_REG1_G.field(7, 5), CTRL_REG1_G.field(4, 3)
    xl_odr, xl_scale = CTRL_REG6_XL.field(7, 5), CTRL_REG6_XL.field(4, 3)
    decimation = CTRL_REG5_XL.field(7, 6)
    latch_xl, four_d = CTRL_REG4.bit(1), CTRL_REG4.bit(0)
    latch_g = INT_GEN_CFG_G.bit(6)
    boot, bdu = CTRL_REG8.bit(7), CTRL_REG8.bit(6)
    active_low, open_drain = CTRL_REG8.bit(5), CTRL_REG8.bit(4)
    increment, big_endian, software_reset = CTRL_REG8.bit(2), CTRL_REG8.bit(1), CTRL_REG8.bit(0)
    gyro_sleeps, fifo_temperature, i2c_disabled = CTRL_REG9.bit(6), CTRL_REG9.bit(4), CTRL_REG9.bit(2)
    fifo_enabled, stop_on_threshold = CTRL_REG9.bit(1), CTRL_REG9.bit(0)
    gyro_self_test, xl_self_test = CTRL_REG10.bit(2), CTRL_REG10.bit(0)
    fifo_mode, fifo_threshold = FIFO_CTRL.enum(7, 5, FifoMode), FIFO_CTRL.field(4, 0)

    def __init__(self, part: Lsm9ds1) -> None:
        self.clock, self.temperature_clock = SampleClock(), SampleClock()
        self.fifo, self.interrupt_xl, self.interrupt_g = Fifo(), MotionInterrupt(), MotionInterrupt()
        self._words = OutputWords()
        self._booted_at = 0
        super().__init__(part)

    # --- reset and configuration --------------------------------------------------------------------------------

    def reset(self) -> None:
        """Reset values, both sensors in power-down."""
        super().reset()
        self._latest: Sample = (0,) * 7
        self._latest_tick = 0
        self._popped: Sample = self._latest
        self._temperature = 0
        self._xl_ready = self._g_ready = self._temperature_ready = False
        self.clock.run(None, 0)
        self.temperature_clock.run(None, 0)
        self.fifo.configure(FifoMode.BYPASS, DEPTH)
        self.interrupt_xl.reset()
        self.interrupt_g.reset()
        self._words.clear()

    def restart(self, boot_cycles: int) -> None:
        """Reset values, and the boot procedure for so long."""
        self.reset()
        self._booted_at = self.scheduler.now + boot_cycles
        self.update()

    @property
    def booting(self) -> bool:
        """BOOT_STATUS."""
        return self.scheduler.now < self._booted_at

    @property
    def gyro_on(self) -> bool:
        """Whether ODR_G selects a rate."""
        return scales.GYRO_RATES[self.gyro_odr] is not None

    @CTRL_REG1_G.on_write
    @CTRL_REG6_XL.on_write
    def _set_rate(self, value: int) -> None:
        rate = scales.GYRO_RATES[self.gyro_odr] or scales.XL_RATES[self.xl_odr]
        if rate is not None and self.clock.rate is None and self.boot:
            self._booted_at = self.scheduler.now + scales.RESET_CYCLES  # asked for in power-down, served now
        if rate != self.clock.rate:
            self._latest_tick = 0
        origin = max(self.scheduler.now, self._booted_at)
        self.clock.run(rate, origin)
        if rate is None:
            temperature_rate = None
        elif self.gyro_on:
            temperature_rate = scales.TEMPERATURE_RATE_GYRO
        else:
            temperature_rate = rate if self.xl_odr == 1 else scales.TEMPERATURE_RATE
        self.temperature_clock.run(temperature_rate, origin)

    @CTRL_REG8.on_write
    def _write_control_8(self, value: int) -> None:
        if self.software_reset:
            self.restart(scales.RESET_CYCLES)
            self.software_reset = 1
        elif self.boot and self.clock.rate is not None:
            self._booted_at = self.scheduler.now + scales.RESET_CYCLES

    @CTRL_REG9.on_write
    @FIFO_CTRL.on_write
    def _set_fifo(self, value: int) -> None:
        mode = self.fifo_mode if self.fifo_enabled else FifoMode.BYPASS
        self.fifo.configure(mode, self.fifo_threshold + 1 if self.stop_on_threshold else DEPTH)

    @INT_GEN_CFG_XL.on_write
    def _configure_interrupt_xl(self, value: int) -> None:
        if not value & EVENTS:
            self.interrupt_xl.reset()

    @INT_GEN_CFG_G.on_write
    def _configure_interrupt_g(self, value: int) -> None:
        if not value & EVENTS:
            self.interrupt_g.reset()

    # --- samples ------------------------------------------------------------------------------------------------

    def catch_up(self) -> None:
        """Let the samples happen whose time has come."""
        now = self.scheduler.now
        ticks = self.clock.take(now)
        temperature_ticks = self.temperature_clock.take(now)
        if ticks:  # mostly there are none: this runs for every byte that is read
            if self.INT_GEN_CFG_XL & EVENTS or self.INT_GEN_CFG_G & EVENTS or self.fifo.triggered:
                for tick in ticks:  # each one may change what becomes of the next
                    self._judge(tick)
                    self._sampled(range(tick, tick + 1))
            else:
                self._sampled(ticks)
        if self.CTRL_REG8 & 0x81 and not self.booting:
            self.software_reset = 0
            if self.clock.rate is not None:  # in power-down BOOT waits
                self.boot = 0
        if temperature_ticks:
            self._temperature = self._temperature_at(now)
            self._temperature_ready = True

    def _sampled(self, ticks: range) -> None:
        every = 1 << self.decimation
        stored = ticks
        if every > 1 and not self.gyro_on:
            stored = range(-(-ticks[0] // every) * every, ticks[-1] + 1, every)
        self.fifo.store(stored, self._sample, self.interrupt_xl.active)
        self._g_ready |= self.gyro_on and not self.gyro_sleeps
        self._xl_ready |= ticks[-1] // every > (ticks[0] - 1) // every
        self._latest, self._latest_tick = self._sample(ticks[-1]), ticks[-1]

    def _sample(self, tick: int) -> Sample:
        """The output registers as of `tick`, which is not before the latest sample."""
        cycle = self.clock.moment(tick)
        gyro: Sample = self._latest[:3]
        if self.gyro_on and not self.gyro_sleeps:
            gyro = self._rate(cycle)
        xl_tick = tick - (tick & (1 << self.decimation) - 1)
        xl = self._acceleration(self.clock.moment(xl_tick)) if xl_tick > self._latest_tick else self._latest[3:6]
        return *gyro, *xl, self._temperature_at(cycle) if self.fifo_temperature else 0

    def _acceleration(self, cycle: int) -> Sample:
        offset = scales.SELF_TEST_G if self.xl_self_test else 0.0
        values = [self.part.sense(f"accel {axis}", cycle) + offset for axis in AXES]
        return _outputs(values, scales.XL_UG[self.xl_scale], self.CTRL_REG5_XL)

    def _rate(self, cycle: int) -> Sample:
        offset = scales.SELF_TEST_DPS[self.gyro_scale] if self.gyro_self_test else 0.0
        orient = self.ORIENT_CFG_G
        values = [self.part.sense(f"gyro {axis}", cycle) + offset for axis in AXES]
        turned = [-value if orient >> 5 - n & 1 else value for n, value in enumerate(values)]
        shown = [turned[axis] for axis in scales.ORIENTATION[orient & 7]]
        return _outputs(shown, scales.GYRO_UDPS[self.gyro_scale], self.CTRL_REG4)

    def _temperature_at(self, cycle: int) -> int:
        tick = self.temperature_clock.passed(cycle)
        if tick == 0:
            return self._temperature
        celsius = self.part.sense("temperature", self.temperature_clock.moment(tick))
        return max(-0x800, min(0x7FF, counts(celsius - 25, scales.TEMPERATURE_UDEGC)))

    def _judge(self, tick: int) -> None:
        """Step the interrupt generators (sections 7.3 to 7.7 and 7.36 to 7.40)."""
        cycle = self.clock.moment(tick)
        config = self.INT_GEN_CFG_XL
        six_d, and_or = bool(config & 0x40), bool(config & 0x80)
        enabled = config & (0x0F if six_d and self.four_d else EVENTS)
        thresholds = [step << 7 for step in self.INT_GEN_THS_XL]
        events = (position_events if six_d else magnitude_events)(self._acceleration(cycle), thresholds)
        if six_d and not and_or:
            condition = self.interrupt_xl.moved(events & enabled)
        else:
            condition = combined(events, enabled, and_or and not six_d)
        self.interrupt_xl.step(condition, events & enabled, self.INT_GEN_DUR_XL, latch=self.latch_xl)
        if self.gyro_on and not self.gyro_sleeps:
            raw = tuple(self.INT_GEN_THS_G)
            limits = [signed(raw[n] << 8 | raw[n + 1], 15) for n in (0, 2, 4)]
            config = self.INT_GEN_CFG_G
            events = signed_events(self._rate(cycle), limits) & config & EVENTS
            self.interrupt_g.step(
                combined(events, config & EVENTS, bool(config & 0x80)),
                events,
                self.INT_GEN_DUR_G,
                latch=self.latch_g,
                decrement=bool(raw[0] & 0x80),
            )

    # --- what software reads ------------------------------------------------------------------------------------

    def advance(self, pointer: int) -> int:
        """The next register of a burst: the ring of outputs, or one up, or the same without IF_ADD_INC."""
        if not self.increment:
            return pointer
        if self.clock.rate is not None:
            if pointer in (0x16, 0x2D):
                return 0x18 if self.gyro_on else 0x28
            if pointer == 0x1D:
                return 0x28
        return super().advance(pointer)

    @STATUS_REG.on_read
    @STATUS_REG_27.on_read
    def _read_status(self) -> int:
        return (
            self._xl_ready
            | self._g_ready << 1
            | self._temperature_ready << 2
            | self.booting << 3
            | self.interrupt_g.active << 5
            | self.interrupt_xl.active << 6
        )

    @FIFO_SRC.on_read
    def _read_fifo_source(self) -> int:
        level = len(self.fifo.slots)
        return self._threshold_reached << 7 | self.fifo.overrun << 6 | level

    @property
    def _threshold_reached(self) -> bool:
        return len(self.fifo.slots) >= self.fifo_threshold > 0

    @INT_GEN_SRC_XL.on_read
    def _read_source_xl(self) -> int:
        return self._take(self.interrupt_xl, self.latch_xl)

    @INT_GEN_SRC_G.on_read
    def _read_source_g(self) -> int:
        return self._take(self.interrupt_g, self.latch_g)

    def _take(self, interrupt: MotionInterrupt, latch: bool) -> int:
        value = interrupt.take(latch)
        self.update()
        return value

    @OUT_G.on_read
    def _read_gyro(self, n: int) -> int:
        value = self._output(n >> 1, n & 1)
        if n & 1:
            self._g_ready = False
            self.update()
        return value

    @OUT_XL.on_read
    def _read_acceleration(self, n: int) -> int:
        value = self._output(3 + (n >> 1), n & 1)
        if n & 1:
            self._xl_ready = False
            if n == 5 and self.fifo.active and self.fifo.slots:
                self._popped = self.fifo.slots[0]
                self.fifo.pop()
            self.update()
        return value

    @OUT_TEMP.on_read
    def _read_temperature(self, n: int) -> int:
        value = self._output(TEMPERATURE_CHANNEL, n)
        if n:
            self._temperature_ready = False
            self.update()
        return value

    def _output(self, channel: int, half: int) -> int:
        if self.fifo.active and (channel != TEMPERATURE_CHANNEL or self.fifo_temperature):
            word = (self.fifo.slots[0] if self.fifo.slots else self._popped)[channel]
        else:
            word = self._temperature if channel == TEMPERATURE_CHANNEL else self._latest[channel]
        return self._words.byte(channel, half, word, held=self.bdu, big_endian=self.big_endian)

    # --- interrupt pins -----------------------------------------------------------------------------------------

    @property
    def _sources(self) -> tuple[int, int]:
        """What INT1_CTRL and INT2_CTRL can route to the pins, as bits of these registers."""
        common = (
            self._xl_ready
            | self._g_ready << 1
            | self._threshold_reached << 3
            | self.fifo.overrun << 4
            | (len(self.fifo.slots) == DEPTH) << 5
        )
        sources_1 = common | self.booting << 2 | self.interrupt_xl.active << 6 | self.interrupt_g.active << 7
        return sources_1, common | self._temperature_ready << 2

    def drive_pins(self) -> None:
        """The two interrupt pins."""
        sources_1, sources_2 = self._sources if self.INT1_CTRL | self.INT2_CTRL else (0, 0)
        for name, level in (("INT1_A/G", self.INT1_CTRL & sources_1), ("INT2_A/G", self.INT2_CTRL & sources_2)):
            self.part.set_output(name, bool(level) != self.active_low, open_drain=self.open_drain)

    def next_change(self) -> int | None:
        """When a pin may change by itself: a source that it waits for, a generator, the end of the boot."""
        if not self.INT1_CTRL | self.INT2_CTRL:
            return None
        sources_1, sources_2 = self._sources
        waiting_1, waiting_2 = self.INT1_CTRL & ~sources_1, self.INT2_CTRL & ~sources_2
        possible = DRDY_XL
        if self.gyro_on and not self.gyro_sleeps:
            possible |= DRDY_G
        if self.fifo.active:
            possible |= FIFO_PINS
        moments = []
        generators = (IG_XL if self.INT_GEN_CFG_XL & EVENTS else 0) | (IG_G if self.INT_GEN_CFG_G & EVENTS else 0)
        routed = self.INT1_CTRL & generators or (self.fifo.triggered and (self.INT1_CTRL | self.INT2_CTRL) & FIFO_PINS)
        if routed or (waiting_1 | waiting_2) & possible:
            moments.append(self.clock.next)
        if waiting_2 & INT2_TEMP:
            moments.append(self.temperature_clock.next)
        if self.INT1_CTRL & INT1_BOOT and self.booting:
            moments.append(self._booted_at)
        return earliest(*moments)


def _outputs(values: list[float], lsb: int, enables: int) -> Sample:
    """Three axes in counts; bits 3 to 5 of `enables` switch X, Y, Z on."""
    return tuple(counts(value, lsb) if enables >> 3 + n & 1 else 0 for n, value in enumerate(values))
