"""LSM9DS1: accelerometer, gyroscope and magnetometer in one package (ST DocID025715 rev 3).

Two I2C targets that share nothing but the supply: see `lsm9ds1_ag.py` and `lsm9ds1_m.py`. After power-on both boot for
20 ms (ST's driver waits so long; the data sheet gives no figure): registers can be read and written, BOOT_STATUS is
set, and the first sample period begins when it ends.

Not modelled: the SPI interface, supply current, and the rise times of section 2.2.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from cmsim.kernel import Line, Scheduler
from cmsim.parts import Part, Signal

from .lsm9ds1_ag import AccelerometerGyroscope
from .lsm9ds1_m import Magnetometer
from .lsm9ds1_scales import BOOT_CYCLES
from .sampling import AXES


class Lsm9ds1(Part):
    """The part; `sdo_ag` and `sdo_m` are the levels of the address pins."""

    channels: ClassVar[Mapping[str, tuple[str, float]]] = {
        **{f"accel {axis}": ("g", 1.0 if axis == "z" else 0.0) for axis in AXES},
        **{f"gyro {axis}": ("dps", 0.0) for axis in AXES},
        **{f"mag {axis}": ("gauss", 0.0) for axis in AXES},
        "temperature": ("degC", 25.0),
    }

    def __init__(self, scheduler: Scheduler, name: str, *, sdo_ag: bool = True, sdo_m: bool = True) -> None:
        super().__init__(scheduler, name)
        self.lines = {pin: Line(f"{name}.{pin}") for pin in ("INT1_A/G", "INT2_A/G", "INT_M", "DRDY_M")}
        self.ag, self.m = AccelerometerGyroscope(self), Magnetometer(self)
        self._ag_address, self._m_address = 0x6B if sdo_ag else 0x6A, 0x1E if sdo_m else 0x1C
        self.i2c = {self._ag_address: self.ag, self._m_address: self.m}
        self.power_up()

    def answers(self, address: int) -> bool:
        """Powered, and I2C not switched off by I2C_DISABLE."""
        target = self.ag if address == self._ag_address else self.m
        return self.powered and not target.i2c_disabled

    def feed(self, channel: str, signal: Signal) -> None:
        """From now on `channel` follows `signal`, a pure function of the cycle; earlier samples keep the old one."""
        self.ag.catch_up()
        self.m.catch_up()
        super().feed(channel, signal)

    def power_up(self) -> None:
        """Reset values, then the boot procedure."""
        self.ag.restart(BOOT_CYCLES)
        self.m.restart(self.scheduler.now + BOOT_CYCLES)

    def power_down(self) -> None:
        """Nothing runs, nothing drives a pin."""
        self.ag.reset()
        self.m.reset()
        for line in self.lines.values():
            line.set(False)
