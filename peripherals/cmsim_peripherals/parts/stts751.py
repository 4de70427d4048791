"""STTS751: temperature (ST DocID16483, sections 4 and 5): the smallest sensor here, and the one to begin from.

9 to 12 bits (10 after power-on), 1/16 to 32 conversions a second. EVENT pulls low while the last conversion lies above
the high or at or below the low limit and CONFIG.MASK1 is 0; reading STATUS clears its two limit flags.

Not modelled: the therm limit and hysteresis (stored) with their pin, one-shot conversions (stored), BUSY (a conversion
takes no time), the SMBus alert response and time-out, other addresses than that of a 7.5 kOhm resistor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from cmsim.kernel import Rate, Scheduler
from cmsim.parts import Sensor, SensorRegisters
from cmsim.registers import Register

from .sampling import SampleClock

T_HIGH, T_LOW = 0x40, 0x20


class _Registers(SensorRegisters):
    """Section 5; temperatures are 16-bit words, 256 a degree, whose low bytes stand apart."""

    name = "STTS751"
    TEMP_HIGH, TEMP_LOW = Register(0x00, writable=0), Register(0x02, writable=0)
    STATUS = Register(0x01, writable=0)
    CONFIG = Register(0x03, writable=0xCC)
    RATE = Register(0x04, reset=0x04, writable=0x0F)
    HIGH_LIMIT = Register.array(0x05, 2, stride=1, reset=0x00, writable=0xFF)
    LOW_LIMIT = Register.array(0x07, 2, stride=1, reset=0x00, writable=0xFF)
    THERM_LIMIT, HYSTERESIS = Register(0x20, reset=0x55, writable=0xFF), Register(0x21, reset=0x0A, writable=0xFF)
    PRODUCT_ID, MANUFACTURER_ID = Register(0xFD, writable=0), Register(0xFE, reset=0x53, writable=0)
    REVISION = Register(0xFF, reset=0x01, writable=0)
    masked, standby, resolution = CONFIG.bit(7), CONFIG.bit(6), CONFIG.field(3, 2)

    def reset(self) -> None:
        """As after power-on: one conversion a second."""
        super().reset()
        self.HIGH_LIMIT[0], self.LOW_LIMIT[0] = 85, -10 & 0xFF
        self.clock = SampleClock()
        self._configure(0)

    @CONFIG.on_write
    @RATE.on_write
    def _configure(self, value: int) -> None:
        self.clock.run(None if self.standby else Rate.hertz(1 << min(self.RATE, 9), 16), self.scheduler.now)

    def catch_up(self) -> None:
        """The last conversion is the one that counts."""
        if ticks := self.clock.take(self.scheduler.now):
            bits = (10, 11, 9, 12)[self.resolution]
            celsius = self.part.sense("temperature", self.clock.moment(ticks[-1]))
            word = max(-64 << 8, min(0x7FFF, round(celsius * (1 << bits - 8)) << 16 - bits))
            self.TEMP_HIGH, self.TEMP_LOW = word >> 8 & 0xFF, word & 0xFF
            high, low = (int.from_bytes(limit, "big", signed=True) for limit in (self.HIGH_LIMIT, self.LOW_LIMIT))
            self.STATUS |= (word > high) * T_HIGH | (word <= low) * T_LOW

    @STATUS.on_read
    def _read_status(self) -> int:
        value, self.STATUS = self.STATUS, 0
        self.update()
        return value

    def select_register(self, byte: int) -> None:
        """All eight bits."""
        self.pointer = byte

    def drive_pins(self) -> None:
        """EVENT."""
        self.part.set_output("EVENT", self.masked or not self.STATUS, open_drain=True)

    def next_change(self) -> int | None:
        """EVENT waits for a conversion."""
        return None if self.masked or self.STATUS else self.clock.next


class Stts751(Sensor):
    """The part, at 0x48."""

    channels: ClassVar[Mapping[str, tuple[str, float]]] = {"temperature": ("degC", 25.0)}
    outputs: ClassVar[Mapping[str, bool]] = {"EVENT": True}

    def __init__(self, scheduler: Scheduler, name: str) -> None:
        super().__init__(scheduler, name)
        self.registers = self.connect(0x48, _Registers(self))
