"""MX25R6435F: 8 MB serial flash, the external memory of the nRF52840 DK (Macronix PM2138 rev 1.6, sections 9 to 11).

Commands are in `nor_flash.py`; times are the typical ones of the chip's own SFDP table, which is its high-performance
mode. The chip starts erased, or with what `load` put into it.

Not modelled: the slower times of the low-power mode (the bit of configuration register 2 is stored), WP# and HOLD#,
and what `nor_flash.py` leaves out.
"""

from __future__ import annotations

from pathlib import Path

from cmsim.errors import UsageError
from cmsim.kernel import Scheduler
from cmsim.parts import Part
from cmsim.pins import Pin
from cmsim.whole_file import write_whole

from .nor_flash import BLOCK, HALF_BLOCK, SECTOR, Geometry, NorFlash

PARAMETERS = bytes.fromhex(
    "e520f1ffffffff0344eb086b083b04bb" "eeffffffffff00ffffff00ff0c200f52"
    "10d800ff2372f50082ed04cc44836844" "30b030b0f7c4d55c00be29fff0d0ffff"
)  # fmt: skip
"""Basic flash parameter table, 16 words."""
SFDP = (b"SFDP\x06\x01\x00\xff" + bytes((0x00, 0x06, 0x01, len(PARAMETERS) // 4, 0x10, 0x00, 0x00, 0xFF)) + PARAMETERS)
GEOMETRY = Geometry(
    identity=b"\xc2\x28\x17",
    signature=0x17,
    size=8 << 20,
    sfdp=SFDP,
    page_program=0.00085,
    erase={SECTOR: 0.040, HALF_BLOCK: 0.240, BLOCK: 0.480},
    chip_erase=50.0,
    write_status=0.030,
    leave_power_down=35e-6,
)


class Mx25r6435f(Part):
    """The part; its lines are `CS#` and the bus of the board's row."""

    def __init__(self, scheduler: Scheduler, name: str) -> None:
        super().__init__(scheduler, name)
        self.spi = NorFlash(scheduler, GEOMETRY)
        self.inputs = {"CS#": self._wire}
        self._cs: Pin | None = None

    def _wire(self, pin: Pin) -> None:
        self._cs = pin
        pin.line.listen(lambda level: self.spi.deselect() if level else self.spi.select())

    @property
    def selected(self) -> bool:
        """Whether the chip takes part in the bus."""
        return self.powered and self._cs is not None and not self._cs.level

    @property
    def memory(self) -> bytearray:
        """What it holds."""
        return self.spi.memory

    def load(self, path: Path) -> None:
        """Start with the content of a file; what the file does not fill is erased. UsageError if it is too large."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror or error}") from None
        if len(data) > len(self.memory):
            raise UsageError(f"{path}: {len(data)} bytes; {self.name} holds {len(self.memory)}")
        self.memory[:] = data.ljust(len(self.memory), b"\xff")

    def save(self, path: Path) -> None:
        """Write what it holds to a file."""
        write_whole(path, self.memory)

    def power_up(self) -> None:
        """As after power-on; memory is kept."""
        self.spi.reset()
