"""Where execution starts."""

from __future__ import annotations

import pytest
from support.elf import ALLOC, EXEC, NOTYPE, ElfWriter, Sec, Sym, firmware, vectors
from support.intel_hex import END, record

from cmsim.image import Image, ImageError, VectorTable, load_bytes, vector_table

TOP = 0x2004_0000


def raw(data: bytes, base: int = 0) -> Image:
    return load_bytes(data, "a.bin", base=base)


@pytest.mark.parametrize("base", [0x1000, 0x10000, 0x26000, 0x27000])
def test_application_behind_a_bootloader(base: int) -> None:
    image = load_bytes(firmware(base).build(), "a.elf")
    assert vector_table(image) == VectorTable(base, TOP, base + 0x100, "section .isr_vector")
    image = raw(vectors(0x2000_8000, base + 0x11) + bytes(64), base)
    assert vector_table(image) == VectorTable(base, 0x2000_8000, base + 0x10, "lowest address")


def test_table_at_0_comes_first() -> None:
    elf = firmware(0x1000)
    elf.sections.insert(0, Sec(".mbr", 0, vectors(0x2000_0400, 0x21).ljust(64, b"\0")))
    assert vector_table(load_bytes(elf.build(), "a.elf")) == VectorTable(0, 0x2000_0400, 0x20, "address 0")


def test_table_by_symbol() -> None:
    flash = bytes(0x400) + vectors(TOP, 0x201) + bytes(56)
    elf = ElfWriter([Sec(".text", 0x200, flash, ALLOC | EXEC)], [Sym("__Vectors", 0x600, 0, NOTYPE)])
    assert vector_table(load_bytes(elf.build(), "a.elf")) == VectorTable(0x600, TOP, 0x200, "symbol __Vectors")


def test_table_by_scan() -> None:
    header = b"signed header".ljust(0x200, b"\xff")
    table = vectors(TOP, 0x8301, 0x8303, 0x8305).ljust(0x100, b"\0")
    image = raw(header + table + bytes(0x20), 0x8000)
    assert vector_table(image) == VectorTable(0x8200, TOP, 0x8300, "scan")
    lookalike = vectors(TOP, 0x8301, 0x1234_5678, 0).ljust(0x100, b"\0")
    image = raw(header + lookalike + table + bytes(0x20), 0x8000)
    assert vector_table(image).address == 0x8300


def test_uicr_is_not_searched() -> None:
    text = record(4, 0, b"\x10\x00") + record(0, 0x1000, vectors(TOP, 0x1000_1001)) + END
    with pytest.raises(ImageError, match="no vector table"):
        vector_table(load_bytes(text.encode(), "a.hex"))


@pytest.mark.parametrize(
    ("stack", "reset", "good"),
    [
        (TOP, 0x11, True),
        (0x2000_0004, 0x11, True),
        (TOP + 4, 0x11, False),
        (0x2000_0000, 0x11, False),
        (0x2000_1002, 0x11, False),
        (TOP, 0x10, False),
        (TOP, 0x1001, False),
        (0xFFFF_FFFF, 0xFFFF_FFFF, False),
        (0, 0, False),
    ],
)
def test_plausibility(stack: int, reset: int, good: bool) -> None:
    image = raw(vectors(stack, reset) + bytes(32))
    if good:
        assert vector_table(image) == VectorTable(0, stack, reset - 1, "address 0")
    else:
        with pytest.raises(ImageError, match="no vector table"):
            vector_table(image)


def test_the_ram_may_be_given() -> None:
    image = raw(vectors(0x3000_0100, 0x11) + bytes(32))
    assert vector_table(image, ram=("ram", 0x3000_0000, 0x100)).initial_sp == 0x3000_0100
    without = load_bytes(bytes(64), "a.bin", base=0, memories=[("flash", 0, 0x1000)])
    with pytest.raises(ImageError, match="the memory map has no RAM"):
        vector_table(without)


def test_error_says_what_was_looked_for() -> None:
    with pytest.raises(ImageError) as error:
        vector_table(raw(bytes(0x300), 0x27000))
    text = str(error.value)
    assert text.startswith("a.bin: no vector table: looked at 0, at the usual sections and symbols (.isr_vector,")
    assert "ram 0x20000000-0x2003ffff" in text
    assert text.endswith("--vector 0x...")
    assert "\n" not in text


def test_override() -> None:
    image = raw(bytes(0x80) + vectors(TOP, 0x11) + bytes(0x100))
    assert vector_table(image, override=0x80) == VectorTable(0x80, TOP, 0x10, "given")
    with pytest.raises(ImageError, match="no vector table at 0x00000100: its first words are 0x00000000, 0x00000000"):
        vector_table(image, override=0x100)
    with pytest.raises(ImageError, match="no vector table at 0x00000084: a table begins at a multiple of 0x80"):
        vector_table(image, override=0x84)
    with pytest.raises(ImageError, match="no vector table at 0x00027000: the image has only 0x00000000-0x00000187"):
        vector_table(image, override=0x27000)
