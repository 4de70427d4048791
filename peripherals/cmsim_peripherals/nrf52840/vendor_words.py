"""Words that are in no data sheet, at which vendor code looks or writes to work around anomalies.

At 0xF0000FE0 is the identification of the chip: part in the low byte (0x08 nRF52840, 0x0D nRF52833), revision in the
upper half of the byte at 0xFE8 (0x20 revision 1, 0x30 revision 2, by Nordic's USB driver of SDK 15). Newer code asks
FICR 0x130 and 0x134 first (`nrf52_erratas.h` of MDK 8.75). 0x4006EC00, EC14 and ED14 are written by the USB drivers
(anomalies 171 and 187 of the nRF52840). Blocks name words of their own in `undocumented`, with the anomaly: CLOCK and
POWER, NFCT, QSPI, RADIO, SAADC, SPIM, USBD. All were found in system_nrf52.c of MDK 8.75 and the drivers of nrfx 4.2.

Not modelled: what these words do; on silicon they repair what here is not broken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cmsim.nordic import Unimplemented
from cmsim.soc import Soc

USB_WORDS = dict.fromkeys((0xC00, 0xC14, 0xD14), 0)
REVISION_1 = 0x20


class VendorWords(Unimplemented):
    """A page of which only a few words are known: they read as `resets` says and keep what is written."""


def vendor_words(values: Mapping[int, int]) -> Callable[[Soc, str, int], VendorWords]:
    """Offset -> value after reset."""
    return lambda soc, name, base: VendorWords(soc, name, base, values, frozenset(values))


def identification(part: int, revision: int = 0) -> dict[int, int]:
    """The words from 0xFE0 on: `part` as Nordic's headers compare it, `revision` in the upper half of a byte."""
    return {0xFE0: part, 0xFE4: 0, 0xFE8: revision, 0xFEC: 0}
