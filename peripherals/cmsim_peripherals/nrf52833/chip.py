"""The nRF52833 as a table (nRF52833 PS v1.6, section 4.2): the nRF52840's blocks without QSPI and CryptoCell.

Half the memories (512 KB flash, 128 KB RAM), 42 pins (P0.00 to P0.31, P1.00 to P1.09), its own factory page. Every
other row is the nRF52840's: the two chips share base addresses, interrupt numbers and block designs.

Not modelled: what the nRF52833 has more or resets otherwise: RADIO's direction finding (DFE registers) and CCACTRL,
CCM.HEADERMASK, NVMC.READYNEXT, NFCT's modulation registers; and every row that the nRF52840's table leaves out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cmsim.soc import Block, Chip, Row, Soc

from ..nrf52840.analog import AIN_PINS
from ..nrf52840.chip import APB
from ..nrf52840.chip import ROWS as NRF52840_ROWS
from ..nrf52840.vendor_words import identification, vendor_words
from .ficr import Ficr52833

ABSENT = {"QSPI", "XIP", "CRYPTOCELL", "CC"}
OWN: dict[str, Callable[[Soc, str, int], Block]] = {
    "FICR": Ficr52833,
    "ROM table": vendor_words(identification(0x0D)),
}


def _row(row: Row) -> Row:
    return replace(row, model=OWN[row.name]) if row.name in OWN else row


ROWS: tuple[Row, ...] = tuple(_row(row) for row in NRF52840_ROWS if row.name not in ABSENT)

NRF52833 = Chip(
    name="nrf52833",
    title="Nordic nRF52833",
    rows=ROWS,
    flash_size=512 * 1024,
    ram_size=128 * 1024,
    pins=42,
    analog_pins=AIN_PINS,
    memory_title="512 KB flash, 128 KB RAM",
    uf2_family=0x621E_937A,
    bridge=APB,
)
