"""UICR: user information, one page of flash-like words (nRF52840 PS v1.8, section 4.5).

Erased words read 0xFFFFFFFF; programming clears bits and only NVMC's ERASEUICR or ERASEALL sets them again, so that the
page survives every reset. A store by the CPU goes through `soc.program_flash`, which NVMC grants while CONFIG is Wen.

Not modelled: what the words mean to the hardware, because other blocks would have to obey: a reset pin (PSELRESET),
port protection (APPROTECT), pins 9 and 10 for NFC (NFCPINS), debug features (DEBUGCTRL), the regulator (REGOUT0).
"""

from __future__ import annotations

from cmsim.registers import WORD, Register

from .information import ERASED, InformationPage

SIZE = 0x1000


class Uicr(InformationPage):
    """UICR."""

    NRFFW = Register.array(0x014, 15, reset=ERASED)
    NRFHW = Register.array(0x050, 12, reset=ERASED)
    CUSTOMER = Register.array(0x080, 32, reset=ERASED)
    PSELRESET = Register.array(0x200, 2, reset=ERASED)
    APPROTECT = Register(0x208, ERASED)
    NFCPINS = Register(0x20C, ERASED)
    DEBUGCTRL = Register(0x210, ERASED)
    REGOUT0 = Register(0x304, ERASED)

    def write(self, offset: int, value: int, mask: int = WORD) -> None:
        """A store by the CPU: a whole word, while NVMC allows it; anything else is reported and dropped."""
        if mask != WORD or not self.soc.program_flash(self.base + offset, value):
            self.soc.report_unmodelled(self.name, offset, "write of less than a word or without NVMC.CONFIG = Wen")

    def program(self, offset: int, value: int) -> None:
        """Clear the bits of one word that are 0 in `value`."""
        self.values[offset] = self.values.get(offset, ERASED) & value

    def erase(self) -> None:
        """Every word to 0xFFFFFFFF."""
        self.values.update(dict.fromkeys(self.values, ERASED))

    def load(self, offset: int, data: bytes) -> None:
        """Put bytes of an image at `offset`, as a programmer does before the chip starts."""
        if not (offset >= 0 and offset + len(data) <= SIZE):
            raise ValueError(f"{self.name}: {len(data)} bytes at 0x{offset:03x} do not fit its 0x{SIZE:x} bytes")
        for at, byte in enumerate(data, offset):
            word, shift = at & ~3, 8 * (at & 3)
            self.values[word] = self.values.get(word, ERASED) & ~(0xFF << shift) | byte << shift
