"""LSM303AGR: accelerometer and magnetometer in one package (ST DocID027765 rev 8).

Two I2C targets, 0x19 and 0x1E, in `lsm303agr_a.py` and `lsm303agr_m.py`; without a trace the part lies flat and still.

Not modelled: the SPI interface, supply currents, and the start-up times of section 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from cmsim.kernel import Line, Scheduler
from cmsim.parts import Sensor

from .lsm303agr_a import Accelerometer
from .lsm303agr_m import Magnetometer
from .sampling import AXES

INVERTED = "INT_1_XL inverted"


class Lsm303agr(Sensor):
    """The part, with its pins INT_1_XL and INT_MAG/DRDY.

    The line `INT_1_XL inverted` is what a transistor on the board makes of INT_1_XL: low while the pin is high,
    released while it is low.
    """

    channels: ClassVar[Mapping[str, tuple[str, float]]] = {
        **{f"accel {axis}": ("g", 1.0 if axis == "z" else 0.0) for axis in AXES},
        **{f"mag {axis}": ("gauss", 0.0) for axis in AXES},
        "temperature": ("degC", 25.0),
    }
    outputs: ClassVar[Mapping[str, bool]] = {"INT_1_XL": False, "INT_MAG/DRDY": False}

    def __init__(self, scheduler: Scheduler, name: str) -> None:
        super().__init__(scheduler, name)
        inverted = self.lines[INVERTED] = Line(f"{name}.{INVERTED}", True)
        self.open_drain = {INVERTED}
        self.lines["INT_1_XL"].listen(lambda level: inverted.set(not level))
        self.accelerometer = self.connect(0x19, Accelerometer(self))
        self.magnetometer = self.connect(0x1E, Magnetometer(self))
