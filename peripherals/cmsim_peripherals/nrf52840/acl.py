"""ACL: access control lists of the flash (nRF52840 PS v1.8, section 6.3).

Eight regions of whole pages. ADDR, SIZE and PERM of each can be written once after a reset, of whatever kind; a 0 for
SIZE or PERM has no effect, and does not count. A region
that PERM protects against writing refuses NVMC's words and erases: a refused store is a bus fault, a refused erase has
no effect. One that it protects against reading refuses the CPU's loads and fetches with a bus fault.

Not modelled: the bus fault of a refused erase, and the two cycles after which a region becomes effective; vectors are
fetched from a protected region all the same.
"""

from __future__ import annotations

from cmsim.nordic import NordicPeripheral
from cmsim.registers import WORD, Register
from cmsim.soc import Soc

REGIONS = 8
FIRST, STRIDE = 0x800, 0x10
WRITE_DISABLED, READ_DISABLED = 1 << 1, 1 << 2


class Acl(NordicPeripheral):
    """ACL, the upper half of NVMC's page."""

    ADDR = Register.array(FIRST, REGIONS, stride=STRIDE)
    SIZE = Register.array(FIRST + 4, REGIONS, stride=STRIDE)
    PERM = Register.array(FIRST + 8, REGIONS, stride=STRIDE, writable=WRITE_DISABLED | READ_DISABLED)

    def __init__(self, soc: Soc, name: str, base: int) -> None:
        self._hidden: list[range] = []
        super().__init__(soc, name, base)

    def reset(self) -> None:
        """No region."""
        super().reset()
        self._written: set[int] = set()
        self._hide()

    def write(self, offset: int, value: int, mask: int = WORD) -> None:
        """The first store counts, every other one is ignored."""
        if offset >= FIRST and offset in self.registers:
            if offset in self._written or (value == 0 and offset not in type(self).ADDR.offsets):
                return
            self._written.add(offset)
        super().write(offset, value, mask)
        if offset in self._written:
            self._hide()

    def _regions(self, protection: int) -> list[range]:
        """The addresses that have this bit in PERM."""
        page = self.soc.chip.flash_page
        return [
            range(start, start + size)
            for start, size, permissions in zip(self.ADDR, self.SIZE, self.PERM, strict=True)
            if permissions & protection and start % page == 0 and size
        ]

    def _hide(self) -> None:
        before, self._hidden = self._hidden, self._regions(READ_DISABLED)
        if before != self._hidden:
            self.soc.hooks.hide(self._hidden)

    def protects(self, address: int, length: int = 1) -> bool:
        """Whether any byte of [address, address + length) may not be written or erased."""
        return any(r.start < address + length and address < r.stop for r in self._regions(WRITE_DISABLED))


def protected(soc: Soc, address: int, length: int) -> bool:
    """Whether the chip has an ACL that protects these bytes against writing."""
    block = soc.blocks.get("ACL")
    return isinstance(block, Acl) and block.protects(address, length)
