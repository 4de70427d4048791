"""Where execution starts: the vector table's first two words are the initial stack pointer and the reset vector.

Follows the ARMv7-M Architecture Reference Manual, B1.5.3 (the vector table) and B3.2.5 (VTOR). A chip starts from the
table at 0; an application that is linked behind a bootloader or a SoftDevice which is not part of the image starts from
its own table, as the bootloader would start it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from cmsim.image.model import Image, ImageError, Region, span

SECTIONS = (".isr_vector", ".vectors", ".vector_table", ".intvecs", ".isr_vectors", "rom_start")
SYMBOLS = ("__isr_vector", "__Vectors", "_vector_table", "__vector_table", "g_pfnVectors", "__vectors", "_vectors")

VTOR_ALIGNMENT = 0x80
"""VTOR holds bits 31:7 of the table's address."""
SCAN_ALIGNMENT = 0x100
"""A table of 64 vectors (nRF52840: 16 + 48) must be aligned to the next power of two of its size."""


class VectorTable(NamedTuple):
    """The two words that a core starts from; `reset` is the first instruction's address, Thumb bit stripped."""

    address: int
    initial_sp: int
    reset: int
    found_by: str


def vector_table(image: Image, ram: tuple[str, int, int] | None = None, override: int | None = None) -> VectorTable:
    """The table that the image starts from.

    In this order: the one at 0; the one that a section or symbol of the usual name shows; the one at the lowest loaded
    address; the first one found at a multiple of 0x100. A table is believed if the initial stack pointer is a word
    address in `ram` (default: the image's memory named "ram") or just above it, and the reset vector a Thumb address
    inside the image. `override` gives the address instead. Raises `ImageError` where there is none.
    """
    memory = Region(*ram) if ram is not None else image.region("ram")
    if memory is None:
        raise ImageError(f"{image.path}: the memory map has no RAM, so that no vector table can be told")
    if override is not None:
        return _demand(image, override, memory)
    for address, found_by in _candidates(image):
        if table := _table_at(image, address, memory, found_by):
            return table
    raise ImageError(
        f"{image.path}: no vector table: looked at 0, at the usual sections and symbols ({SECTIONS[0]}, {SYMBOLS[0]}"
        f" ...), at the lowest address and at every multiple of 0x{SCAN_ALIGNMENT:x} for an initial stack pointer in"
        f" {memory} and an odd reset vector inside the image; give the table's address with --vector 0x..."
    )


def _candidates(image: Image) -> Iterator[tuple[int, str]]:
    yield 0, "address 0"
    for name in SECTIONS:
        for section in image.sections:
            if section.name == name and section.load_address is not None:
                yield section.load_address, f"section {name}"
    for name in SYMBOLS:
        if symbol := image.symbols.get(name):
            yield symbol.address, f"symbol {name}"
    code = [segment for segment in image.segments if not _is_uicr(image, segment.address)]
    if code:
        yield code[0].address, "lowest address"
    for segment in code:
        first = -(-segment.address // SCAN_ALIGNMENT) * SCAN_ALIGNMENT
        for address in range(first, segment.end - 15, SCAN_ALIGNMENT):
            # Two words can look like a table by chance; NMI and HardFault handlers, which every table has, hardly.
            nmi, hard_fault = struct.unpack("<II", image.read(address + 8, 8) or bytes(8))
            if _is_handler(image, nmi) and _is_handler(image, hard_fault):
                yield address, "scan"


def _is_uicr(image: Image, address: int) -> bool:
    """Whether the bytes there are settings of the chip, which no code can lie in."""
    return any(region.name == "uicr" and region.holds(address) for region in image.memories)


def _is_handler(image: Image, vector: int) -> bool:
    return bool(vector & 1) and image.read(vector - 1, 2) is not None


def _words(image: Image, address: int) -> tuple[int, int] | None:
    data = image.read(address, 8)
    if data is None:
        return None
    stack, reset = struct.unpack("<II", data)
    return stack, reset


def _table_at(image: Image, address: int, ram: Region, found_by: str) -> VectorTable | None:
    words = _words(image, address)
    if words is None or address % VTOR_ALIGNMENT:
        return None
    stack, reset = words
    if not (ram.base < stack <= ram.base + ram.size) or stack % 4 or not _is_handler(image, reset):
        return None
    return VectorTable(address, stack, reset - 1, found_by)


def _demand(image: Image, address: int, ram: Region) -> VectorTable:
    """The table that the user says is there; the error tells what is there instead."""
    if table := _table_at(image, address, ram, "given"):
        return table
    where = f"{image.path}: no vector table at 0x{address:08x}"
    if address % VTOR_ALIGNMENT:
        raise ImageError(f"{where}: a table begins at a multiple of 0x{VTOR_ALIGNMENT:x}")
    words = _words(image, address)
    if words is None:
        loaded = ", ".join(span(segment.address, len(segment.data)) for segment in image.segments)
        raise ImageError(f"{where}: the image has only {loaded}")
    raise ImageError(
        f"{where}: its first words are 0x{words[0]:08x}, 0x{words[1]:08x}, not an initial stack pointer in {ram} and an"
        " odd reset vector inside the image"
    )
