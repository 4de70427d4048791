"""LSM303AGR: accelerometer and magnetometer in one package (ST DocID027765 rev 8).

Two I2C targets, 0x19 and 0x1E, in `lsm303agr_a.py` and `lsm303agr_m.py`; without a trace the part lies flat and still.

Not modelled: the SPI interface, supply currents, and the start-up times of section 2.
"""

from __future__ import annotations

from cmsim.kernel import Line, Scheduler
from cmsim.parts import Part

from .lsm303agr_a import Accelerometer
from .lsm303agr_m import Magnetometer

INVERTED = "INT_1_XL inverted"


class Lsm303agr(Part):
    """The part, with its pins INT_1_XL and INT_MAG/DRDY.

    The line `INT_1_XL inverted` is what a transistor on the board makes of INT_1_XL: low while the pin is high,
    released while it is low.
    """

    channels = {
        "accel x": ("g", 0.0),
        "accel y": ("g", 0.0),
        "accel z": ("g", 1.0),
        "mag x": ("uT", 0.0),
        "mag y": ("uT", 0.0),
        "mag z": ("uT", 0.0),
        "temp": ("degC", 25.0),
    }

    def __init__(self, scheduler: Scheduler, name: str) -> None:
        super().__init__(scheduler, name)
        self.lines = {"INT_1_XL": Line(f"{name}.INT_1_XL"), "INT_MAG/DRDY": Line(f"{name}.INT_MAG/DRDY")}
        inverted = self.lines[INVERTED] = Line(f"{name}.{INVERTED}", True)
        self.open_drain = {INVERTED}
        self.lines["INT_1_XL"].listen(lambda level: inverted.set(not level))
        self.accelerometer = Accelerometer(self)
        self.magnetometer = Magnetometer(self)
        self.i2c = {0x19: self.accelerometer, 0x1E: self.magnetometer}

    def power_up(self) -> None:
        """Reset values."""
        self.accelerometer.reset()
        self.magnetometer.reset()

    def power_down(self) -> None:
        """No clock runs."""
        self.accelerometer.reset()
        self.magnetometer.reset()
