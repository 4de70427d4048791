"""HTS221: relative humidity and temperature (ST DocID026333 rev 4, sections 4 to 8).

Software converts the outputs with the two calibration points of the part in hand. This one has the typical
sensitivities, 256 counts a percent and 64 a degree, and its points at 20 and 80 %, 10 and 40 degC: the conversion gives
back the traced value to half a count. A one-shot conversion takes 10 ms (the data sheet names no time).

Not modelled: noise and its reduction by AV_CONF (stored), the heater (stored), and the SPI interface.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from cmsim.kernel import Rate, Scheduler, cycles_of
from cmsim.parts import Sensor
from cmsim.registers import Register

from .sampling import OneShot, OutputWords, SampleClock, StRegisters, counts, earliest

RATES = (None, Rate.hertz(1), Rate.hertz(7), Rate.hertz(25, 2))
"""By ODR; 0 is one-shot."""
ONE_SHOT_CYCLES = cycles_of(0.010)
HUMIDITY_MICRO, TEMPERATURE_MICRO = 3906.25, 15625
"""Millionths of a percent and of a degree per count: 1/256 and 1/64."""
HUMIDITY_CENTRE, TEMPERATURE_CENTRE = 50, 25
"""What an output of 0 means."""


def _calibration() -> bytes:
    """Registers 0x30 to 0x3F."""
    low, high = 20, 80
    cold, hot = 10 * 8, 40 * 8
    table = bytearray(16)
    table[0:2] = bytes((low * 2, high * 2))
    table[2:4] = bytes((cold & 0xFF, hot & 0xFF))
    table[5] = cold >> 8 | hot >> 8 << 2
    points = {6: 256 * (low - 50), 10: 256 * (high - 50), 12: 64 * (10 - 25), 14: 64 * (40 - 25)}
    for place, value in points.items():
        table[place : place + 2] = value.to_bytes(2, "little", signed=True)
    return bytes(table)


CALIBRATION = _calibration()


class _Registers(StRegisters):
    """Section 7."""

    name = "HTS221"

    WHO_AM_I = Register(0x0F, reset=0xBC, writable=0)
    AV_CONF = Register(0x10, reset=0x1B, writable=0x3F)
    CTRL_REG1 = Register(0x20, writable=0x87)
    CTRL_REG2 = Register(0x21, writable=0x83)
    CTRL_REG3 = Register(0x22, writable=0xC4)
    STATUS_REG = Register(0x27, writable=0)
    OUT = Register.array(0x28, 4, stride=1, writable=0)
    CALIB = Register.array(0x30, 16, stride=1, writable=0)
    powered_up, bdu, odr = CTRL_REG1.bit(7), CTRL_REG1.bit(2), CTRL_REG1.field(1, 0)
    boot, one_shot = CTRL_REG2.bit(7), CTRL_REG2.bit(0)
    active_low, open_drain, drdy_enabled = CTRL_REG3.bit(7), CTRL_REG3.bit(6), CTRL_REG3.bit(2)

    def __init__(self, part: Hts221) -> None:
        self.clock, self._words, self._single = SampleClock(), OutputWords(), OneShot(ONE_SHOT_CYCLES)
        super().__init__(part)

    def reset(self) -> None:
        """Power-down."""
        super().reset()
        for n, byte in enumerate(CALIBRATION):
            self.CALIB[n] = byte
        self._latest, self._ready, self._single.due = (0, 0), 0, None
        self.clock.run(None, 0)
        self._words.clear()

    @CTRL_REG1.on_write
    def _set_rate(self, value: int) -> None:
        self.clock.run(RATES[self.odr] if self.powered_up else None, self.scheduler.now)

    @CTRL_REG2.on_write
    def _control(self, value: int) -> None:
        self.boot = 0
        if self.one_shot and self.powered_up and self.odr == 0:
            self._single.start(self.scheduler.now)
        else:
            self.one_shot = 0

    def catch_up(self) -> None:
        """Let the conversions happen whose time has come."""
        now, moments = self.scheduler.now, []
        if ticks := self.clock.take(now):
            moments.append(self.clock.moment(ticks[-1]))
        if (done := self._single.take(now)) is not None:
            moments.append(done)
            self.one_shot = 0
        for cycle in moments:
            humidity, celsius = self.part.sense("humidity", cycle), self.part.sense("temperature", cycle)
            self._latest = (round((humidity - HUMIDITY_CENTRE) * 1e6 / HUMIDITY_MICRO),
                            counts(celsius - TEMPERATURE_CENTRE, TEMPERATURE_MICRO))
            self._ready = 3

    @STATUS_REG.on_read
    def _status(self) -> int:
        return (self._ready & 1) << 1 | self._ready >> 1  # H_DA is bit 1, T_DA bit 0

    @OUT.on_read
    def _output(self, n: int) -> int:
        channel, half = n >> 1, n & 1
        value = self._words.byte(channel, half, self._latest[channel], held=self.bdu, big_endian=False)
        if half:
            self._ready &= ~(1 << channel)
            self.update()
        return value

    def drive_pins(self) -> None:
        """DRDY, while it is enabled."""
        level = self.drdy_enabled and bool(self._ready) != self.active_low
        self.part.set_output("DRDY", level, open_drain=self.open_drain)

    def next_change(self) -> int | None:
        """DRDY waits for a conversion."""
        return earliest(self.clock.next, self._single.due) if self.drdy_enabled and not self._ready else None


class Hts221(Sensor):
    """The part, at 0x5F."""

    channels: ClassVar[Mapping[str, tuple[str, float]]] = {"humidity": ("%", 45.0), "temperature": ("degC", 25.0)}
    outputs: ClassVar[Mapping[str, bool]] = {"DRDY": False}

    def __init__(self, scheduler: Scheduler, name: str) -> None:
        super().__init__(scheduler, name)
        self.registers = self.connect(0x5F, _Registers(self))
