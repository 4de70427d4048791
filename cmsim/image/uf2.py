"""UF2, the format of drag-and-drop bootloaders: 512-byte blocks that each say where up to 476 bytes go.

Follows Microsoft's UF2 specification: magic numbers, the flags "not main flash", "file container" and "family ID
present", block numbering, families mixed in one file. Blocks may come in any order.

Not modelled: checking the MD5 sums (flag 0x4000) and reading the extension tags (flag 0x8000): both are ignored.
"""

from __future__ import annotations

import struct

from cmsim.image.model import Chunk, Contents, ImageError, join

NRF52840 = 0xADA5_2840
"""Family id of the nRF52840."""
FAMILIES = {
    NRF52840: "nRF52840", 0x621E_937A: "nRF52833", 0x1B57_745F: "nRF52", 0xE48B_FF56: "RP2040", 0x68ED_2B88: "SAMD21",
    0x5511_4460: "SAMD51", 0xBFDD_4EEE: "ESP32-S2", 0xC47E_5767: "ESP32-S3", 0x5775_5A57: "STM32F4",
}  # fmt: skip
"""Names for messages, of the families that are met most."""

BLOCK = struct.Struct("<8I476sI")
MAGIC = (0x0A32_4655, 0x9E5D_5157, 0x0AB1_6F30)
NOT_MAIN_FLASH, FILE_CONTAINER, FAMILY_PRESENT = 0x1, 0x1000, 0x2000


def recognise(data: bytes) -> bool:
    """Whether the file begins like UF2."""
    return data.startswith(struct.pack("<I", MAGIC[0]))


def parse(data: bytes, family: int | None = NRF52840) -> Contents:
    """The bytes for `family` (None: whatever there is) and those of blocks that name none."""
    if len(data) % BLOCK.size:
        raise ImageError(
            f"truncated UF2: {len(data)} bytes are not a multiple of {BLOCK.size}: copy or download the file again"
        )
    chunks: list[Chunk] = []
    families: set[int] = set()
    numbering: dict[int | None, _Numbering] = {}
    for index, block in enumerate(BLOCK.iter_unpack(data)):
        magic0, magic1, flags, address, size, number, total, family_or_size, payload, magic_end = block
        where = f"UF2 block {index}"
        if (magic0, magic1, magic_end) != MAGIC:
            raise ImageError(f"{where} lacks the magic numbers: the file is damaged")
        if size > len(payload):
            raise ImageError(f"{where} claims {size} bytes of payload, more than {len(payload)}: the file is damaged")
        own = family_or_size if flags & FAMILY_PRESENT else None
        wanted = family is None or own in (None, family)
        if wanted:
            numbering.setdefault(own, _Numbering()).add(number, total, where)
        if flags & (NOT_MAIN_FLASH | FILE_CONTAINER):
            continue
        if own is not None:
            families.add(own)
        if wanted:
            chunks.append(Chunk(address, payload[:size], where))
    _check_complete(numbering, len(data) // BLOCK.size)
    if family is None and len(families) > 1:
        raise ImageError(f"UF2 for several families ({_names(families)}): choose one")
    segments = join(chunks)
    if not segments:
        if families and family is not None:
            raise ImageError(f"UF2 for {_names(families)}, not for {_names({family})}: take the file for this chip")
        raise ImageError("UF2 without any block for the main flash: nothing to load")
    return Contents(segments)


class _Numbering:
    """Block numbers seen, against the count that the blocks announce."""

    def __init__(self) -> None:
        self.total: int | None = None
        self.seen: set[int] = set()

    def add(self, number: int, total: int, where: str) -> None:
        if number >= total or number in self.seen or self.total not in (None, total):
            raise ImageError(f"{where} is numbered {number} of {total}, which cannot be: the file is damaged")
        self.total = total
        self.seen.add(number)


def _check_complete(numbering: dict[int | None, _Numbering], blocks: int) -> None:
    """Blocks may be numbered through the whole file or by family."""
    for part in numbering.values():
        if part.total not in (len(part.seen), blocks):
            raise ImageError(f"UF2 with {len(part.seen)} of {part.total} blocks: copy or download the file again")


def _names(families: set[int]) -> str:
    return ", ".join(FAMILIES.get(family, f"the family 0x{family:08x}") for family in sorted(families))
