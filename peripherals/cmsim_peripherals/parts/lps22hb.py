"""LPS22HB: absolute pressure and temperature (ST DocID027083 rev 6, sections 4 and 9).

4096 counts a hPa, 100 counts a degree. A one-shot conversion takes 15 ms (the data sheet names no time; the highest
rate is 75 Hz). P_DA and T_DA fall when the last byte of their output is read, and only then: a driver that polls T_DA
and reads pressure alone finds it set for ever, as Arduino's library does.

Not modelled: the FIFO (FIFO_CTRL is stored), the threshold interrupt with INTERRUPT_CFG, THS_P, AUTOZERO, AUTORIFP and
REF_P (stored; INT_SOURCE stays 0), the low-pass filter (EN_LPFP, LPFP_CFG stored), RPDS (stored), noise, SPI.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from cmsim.kernel import Rate, Scheduler, cycles_of
from cmsim.parts import Sensor, SensorRegisters
from cmsim.registers import Register

from .sampling import OneShot, SampleClock, counts, earliest

RATES = (None, *(Rate.hertz(hz) for hz in (1, 10, 25, 50, 75)), None, None)
"""By ODR; 0 is one-shot, 6 and 7 are reserved."""
ONE_SHOT_CYCLES = cycles_of(0.015)
PRESSURE_MAX = (1 << 23) - 1
P_DA, T_DA = 1, 2


class _Registers(SensorRegisters):
    """Section 9."""

    name = "LPS22HB"

    INTERRUPT_CFG = Register(0x0B, writable=0xFF)
    THS_P = Register.array(0x0C, 2, stride=1, writable=0xFF)
    WHO_AM_I = Register(0x0F, reset=0xB1, writable=0)
    CTRL_REG1 = Register(0x10, writable=0x7F)
    CTRL_REG2 = Register(0x11, reset=0x10, writable=0xFD)
    CTRL_REG3 = Register(0x12, writable=0xFF)
    FIFO_CTRL = Register(0x14, writable=0xFF)
    REF_P = Register.array(0x15, 3, stride=1, writable=0xFF)
    RPDS = Register.array(0x18, 2, stride=1, writable=0xFF)
    RES_CONF = Register(0x1A, writable=0x01)
    INT_SOURCE = Register(0x25, writable=0)
    FIFO_STATUS = Register(0x26, writable=0)
    STATUS = Register(0x27, writable=0)
    OUT = Register.array(0x28, 5, stride=1, writable=0)
    LPFP_RES = Register(0x33, writable=0)
    odr, bdu = CTRL_REG1.field(6, 4), CTRL_REG1.bit(1)
    boot, increment, i2c_disabled = CTRL_REG2.bit(7), CTRL_REG2.bit(4), CTRL_REG2.bit(3)
    software_reset, one_shot = CTRL_REG2.bit(2), CTRL_REG2.bit(0)
    active_low, open_drain, drdy_enabled = CTRL_REG3.bit(7), CTRL_REG3.bit(6), CTRL_REG3.bit(2)

    def __init__(self, part: Lps22hb) -> None:
        self.clock, self._single = SampleClock(), OneShot(ONE_SHOT_CYCLES)
        super().__init__(part)

    def reset(self) -> None:
        """Power-down."""
        super().reset()
        self._latest, self._held = bytes(5), bytes(5)
        self._open: set[int] = set()
        """With BDU: bytes of a value that was begun and not finished."""
        self._status, self._single.due = 0, None
        self.clock.run(None, 0)

    @CTRL_REG1.on_write
    def _set_rate(self, value: int) -> None:
        self.clock.run(RATES[self.odr], self.scheduler.now)

    @CTRL_REG2.on_write
    def _control(self, value: int) -> None:
        if self.software_reset:
            self.reset()
        self.boot = 0
        if self.one_shot and self.odr == 0:
            self._single.start(self.scheduler.now)
        else:
            self.one_shot = 0

    def catch_up(self) -> None:
        """Let the conversions happen whose time has come."""
        now, moments = self.scheduler.now, []
        if ticks := self.clock.take(now):
            self._status |= (self._status if len(ticks) == 1 else P_DA | T_DA) << 4
            moments.append(self.clock.moment(ticks[-1]))
        if (done := self._single.take(now)) is not None:
            self._status |= (self._status & 3) << 4
            moments.append(done)
            self.one_shot = 0
        for cycle in moments:
            pressure = round(self.part.sense("pressure", cycle) * 4096)
            celsius = counts(self.part.sense("temperature", cycle), 10_000)
            self._latest = (max(-PRESSURE_MAX - 1, min(PRESSURE_MAX, pressure)).to_bytes(3, "little", signed=True)
                            + celsius.to_bytes(2, "little", signed=True))
            self._status |= P_DA | T_DA
        self._status &= 0x33

    @STATUS.on_read
    def _read_status(self) -> int:
        return self._status

    @OUT.on_read
    def _output(self, n: int) -> int:
        value = range(3) if n < 3 else range(3, 5)
        if not (self.bdu and self._open & set(value)):
            self._held = self._held[: value.start] + self._latest[value.start : value.stop] + self._held[value.stop :]
            self._open |= set(value)
        self._open.discard(n)
        if n == value[-1]:
            self._open -= set(value)
            self._status &= ~((P_DA if n == 2 else T_DA) * 0x11)
            self.update()
        return self._held[n]

    def advance(self, pointer: int) -> int:
        """The next register of a burst."""
        return super().advance(pointer) if self.increment else pointer

    def drive_pins(self) -> None:
        """INT_DRDY, while it is enabled."""
        level = self.drdy_enabled and bool(self._status & P_DA) != self.active_low
        self.part.set_output("INT_DRDY", level, open_drain=self.open_drain)

    def next_change(self) -> int | None:
        """INT_DRDY waits for a conversion."""
        return earliest(self.clock.next, self._single.due) if self.drdy_enabled and not self._status & P_DA else None


class Lps22hb(Sensor):
    """The part; `sa0` is the level of the address pin: 0x5C or 0x5D."""

    channels: ClassVar[Mapping[str, tuple[str, float]]] = {"pressure": ("hPa", 1013.25), "temperature": ("degC", 25.0)}
    outputs: ClassVar[Mapping[str, bool]] = {"INT_DRDY": False}

    def __init__(self, scheduler: Scheduler, name: str, *, sa0: bool = False) -> None:
        super().__init__(scheduler, name)
        self.registers = self.connect(0x5D if sa0 else 0x5C, _Registers(self))

    def answers(self, address: int) -> bool:
        """Powered, and I2C not switched off by I2C_DIS."""
        return self.powered and not self.registers.i2c_disabled
