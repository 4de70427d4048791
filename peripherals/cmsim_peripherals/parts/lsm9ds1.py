"""LSM9DS1: accelerometer, gyroscope and magnetometer in one package (ST DocID025715 rev 3).

Two I2C targets that share nothing but the supply: see `lsm9ds1_ag.py` and `lsm9ds1_m.py`. After power-on both boot for
20 ms (ST's driver waits so long; the data sheet gives no figure): registers can be read and written, BOOT_STATUS is
set, and the first sample period begins when it ends.

Not modelled: the SPI interface, supply current, and the rise times of section 2.2.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from cmsim.kernel import Scheduler
from cmsim.parts import Sensor

from .lsm9ds1_ag import AccelerometerGyroscope
from .lsm9ds1_m import Magnetometer
from .lsm9ds1_scales import BOOT_CYCLES
from .sampling import AXES


class Lsm9ds1(Sensor):
    """The part; `sdo_ag` and `sdo_m` are the levels of the address pins."""

    channels: ClassVar[Mapping[str, tuple[str, float]]] = {
        **{f"accel {axis}": ("g", 1.0 if axis == "z" else 0.0) for axis in AXES},
        **{f"gyro {axis}": ("dps", 0.0) for axis in AXES},
        **{f"mag {axis}": ("gauss", 0.0) for axis in AXES},
        "temperature": ("degC", 25.0),
    }
    outputs: ClassVar[Mapping[str, bool]] = dict.fromkeys(("INT1_A/G", "INT2_A/G", "INT_M", "DRDY_M"), False)

    def __init__(self, scheduler: Scheduler, name: str, *, sdo_ag: bool = True, sdo_m: bool = True) -> None:
        super().__init__(scheduler, name)
        self.ag = self.connect(0x6B if sdo_ag else 0x6A, AccelerometerGyroscope(self))
        self.m = self.connect(0x1E if sdo_m else 0x1C, Magnetometer(self))
        self.power_up()

    def answers(self, address: int) -> bool:
        """Powered, and I2C not switched off by I2C_DISABLE."""
        target = self.ag if self.i2c[address] is self.ag else self.m
        return self.powered and not target.i2c_disabled

    def power_up(self) -> None:
        """Reset values, then the boot procedure."""
        self.ag.restart(BOOT_CYCLES)
        self.m.restart(self.scheduler.now + BOOT_CYCLES)
