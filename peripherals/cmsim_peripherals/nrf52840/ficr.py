"""FICR: factory information (nRF52840 PS v1.8, section 4.4).

A QIAA part with the sizes of the chip's table. What differs from chip to chip (device identifier and address, the
encryption and identity roots, the NFC tag) comes from the run's seed; the temperature trim and TRNG90B.STARTUP are
those that the data sheet gave up to version 1.1 (since then it gives none).

Not modelled: the production tests behind PRODTEST, the entropy figures of TRNG90B other than STARTUP. Two words
are not in the data sheet: Nordic's start-up code reads 0x130 and 0x134 to choose errata workarounds. This part is of
revision 1 (variant AAC0), for which `nrf52_erratas.h` of MDK 8.75 expects 2 in the second.
"""

from __future__ import annotations

from random import Random

from cmsim.registers import Register
from cmsim.soc import Soc

from .information import ERASED, InformationPage

TESTED = 0xBB42_319F
NORDIC_MFGID = 0x5F
"""NFC manufacturer identifier, the low byte of TAGHEADER0."""
RANDOM_ADDRESS = 0xFFFF_FFFF
"""DEVICEADDRTYPE with bit 0 set: the address is a random static one."""


class Ficr(InformationPage):
    """FICR."""

    CODEPAGESIZE = Register(0x010, ERASED)
    CODESIZE = Register(0x014, ERASED)
    DEVICEID = Register.array(0x060, 2, reset=ERASED)
    ER = Register.array(0x080, 4, reset=ERASED)
    IR = Register.array(0x090, 4, reset=ERASED)
    DEVICEADDRTYPE = Register(0x0A0, RANDOM_ADDRESS)
    DEVICEADDR = Register.array(0x0A4, 2, reset=ERASED)
    INFO_PART = Register(0x100, 0x52840)
    INFO_VARIANT = Register(0x104, int.from_bytes(b"AAC0", "big"))
    INFO_PACKAGE = Register(0x108, 0x2004)
    INFO_RAM = Register(0x10C, ERASED)
    INFO_FLASH = Register(0x110, ERASED)
    ERRATA_PART = Register(0x130, 0x08)
    ERRATA_REVISION = Register(0x134, 0x02)
    PRODTEST = Register.array(0x350, 3, reset=TESTED)
    TEMP_A0 = Register(0x404, 0xFFFF_F320)
    TEMP_A1 = Register(0x408, 0xFFFF_F343)
    TEMP_A2 = Register(0x40C, 0xFFFF_F35D)
    TEMP_A3 = Register(0x410, 0xFFFF_F400)
    TEMP_A4 = Register(0x414, 0xFFFF_F452)
    TEMP_A5 = Register(0x418, 0xFFFF_F37B)
    TEMP_B0 = Register(0x41C, 0xFFFF_3FCC)
    TEMP_B1 = Register(0x420, 0xFFFF_3F98)
    TEMP_B2 = Register(0x424, 0xFFFF_3F98)
    TEMP_B3 = Register(0x428, 0xFFFF_0012)
    TEMP_B4 = Register(0x42C, 0xFFFF_004D)
    TEMP_B5 = Register(0x430, 0xFFFF_3E10)
    TEMP_T0 = Register(0x434, 0xFFFF_FFE2)
    TEMP_T1 = Register(0x438, 0xFFFF_FF00)
    TEMP_T2 = Register(0x43C, 0xFFFF_FF14)
    TEMP_T3 = Register(0x440, 0xFFFF_FF19)
    TEMP_T4 = Register(0x444, 0xFFFF_FF50)
    NFC_TAGHEADER = Register.array(0x450, 4, reset=0xFFFF_FF5F)
    TRNG90B_BYTES = Register(0xC00, ERASED)
    TRNG90B_RCCUTOFF = Register(0xC04, ERASED)
    TRNG90B_APCUTOFF = Register(0xC08, ERASED)
    TRNG90B_STARTUP = Register(0xC0C, 0x210)
    TRNG90B_ROSC = Register.array(0xC10, 4, reset=ERASED)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        super().__init__(soc, name, base)
        chip, source = soc.chip, soc.random(name)
        self.CODEPAGESIZE, self.CODESIZE = chip.flash_page, chip.flash_size // chip.flash_page
        self.INFO_RAM, self.INFO_FLASH = chip.ram_size // 1024, chip.flash_size // 1024
        self._fill(source)

    def _fill(self, source: Random) -> None:
        for words in (self.DEVICEID, self.ER, self.IR, self.DEVICEADDR, self.NFC_TAGHEADER):
            for n in range(len(words)):
                words[n] = source.getrandbits(32)
        self.NFC_TAGHEADER[0] = self.NFC_TAGHEADER[0] & ~0xFF | NORDIC_MFGID

    def write(self, offset: int, value: int, mask: int = ERASED) -> None:
        """Written in the factory only."""
        self.soc.report_unmodelled(self.name, offset, "write")
