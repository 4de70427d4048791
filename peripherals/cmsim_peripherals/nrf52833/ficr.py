"""FICR of the nRF52833: factory information (nRF52833 PS v1.6, section 4.4).

A QIAA part of the first revision. The words that differ from chip to chip come from the run's seed, as on the nRF52840.

Not modelled: what the nRF52840's `ficr.py` leaves out; the temperature trim is the nRF52840's table. The words at
0x130 and 0x134, by which Nordic's start-up code chooses errata work-arounds, are 0x0D and 0 here.
"""

from __future__ import annotations

from cmsim.registers import Register

from ..nrf52840.ficr import Ficr


class Ficr52833(Ficr):
    """FICR."""

    INFO_PART = Register(0x100, 0x52833)
    INFO_VARIANT = Register(0x104, int.from_bytes(b"AAA0", "big"))
    ERRATA_PART = Register(0x130, 0x0D)
    ERRATA_REVISION = Register(0x134, 0x00)
