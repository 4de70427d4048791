"""ELF: what is taken from a good file, and what is said about each kind of bad one."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from support.elf import (
    ABS,
    ALLOC,
    EXEC,
    FILE,
    FUNC,
    LOCAL,
    NOTYPE,
    OBJECT,
    PT_INTERP,
    PT_NOTE,
    SECTION,
    WRITE,
    ElfWriter,
    Sec,
    Sym,
    firmware,
)

from cmsim.image import ImageError, Section, load_bytes


def test_segments_lie_at_physical_addresses() -> None:
    image = load_bytes(firmware(0x27000).build(), "a.elf")
    assert [(s.address, s.end) for s in image.segments] == [(0x27000, 0x27100), (0x27100, 0x27140), (0x27140, 0x27148)]
    assert image.read(0x27140, 8) == b"initial!"
    assert image.read(0x2000_0000, 1) is None
    assert image.entry == 0x27100


def test_sections() -> None:
    sections = {section.name: section for section in load_bytes(firmware().build(), "a.elf").sections}
    assert sections[".isr_vector"] == Section(".isr_vector", 0, 0x100, "A", "rodata", 0)
    assert sections[".text"] == Section(".text", 0x100, 64, "AX", "code", 0x100)
    assert sections[".data"] == Section(".data", 0x2000_0000, 8, "WA", "data", 0x140)
    assert sections[".bss"] == Section(".bss", 0x2000_0008, 24, "WA", "bss", None)
    assert sections[".debug_str"].kind == "debug"
    assert sections[".symtab"].kind == "other"


def test_symbols_are_those_that_somebody_named() -> None:
    elf = firmware()
    elf.symbols += [
        Sym("$t", 0x100, 0, NOTYPE, LOCAL),
        Sym("$d.1", 0x110, 0, NOTYPE, LOCAL),
        Sym("main.c", 0, 0, FILE, LOCAL, ABS),
        Sym(".text", 0x100, 0, SECTION, LOCAL),
        Sym("elsewhere", 0, 0, NOTYPE, section=0),
        Sym("__StackTop", 0x2004_0000, 0, NOTYPE, section=ABS),
        Sym("$money", 0x2000_0004, 4, OBJECT, section=".data"),
        Sym("", 0x2000_0004, 4, OBJECT, section=".data"),
    ]
    image = load_bytes(elf.build(), "a.elf")
    assert [(s.name, s.address, s.size, s.kind, s.section) for s in image.symbols] == [
        ("Reset_Handler", 0x100, 16, "function", ".text"),
        ("_ZN6tflite16MicroInterpreter6InvokeEv", 0x110, 8, "function", ".text"),
        ("greeting", 0x2000_0000, 8, "object", ".data"),
        ("$money", 0x2000_0004, 4, "object", ".data"),
        ("__StackTop", 0x2004_0000, 0, "label", "*ABS*"),
    ]


def test_variables_without_a_type_are_told_by_their_size() -> None:
    """As GNU as writes static ones of .comm; what marks a place has no size."""
    elf = firmware()
    elf.symbols += [
        Sym("stack_a", 0x2000_0008, 16, NOTYPE, LOCAL, ".bss"),
        Sym("__bss_start__", 0x2000_0008, 0, NOTYPE, section=".bss"),
        Sym("table", 0x120, 8, NOTYPE, LOCAL, ".text"),
    ]
    kinds = {symbol.name: symbol.kind for symbol in load_bytes(elf.build(), "a.elf").symbols}
    assert [kinds[name] for name in ("stack_a", "__bss_start__", "table")] == ["object", "label", "label"]


def test_functions_without_a_size_reach_to_the_next_one() -> None:
    elf = firmware()
    elf.symbols = [Sym("first", 0x101), Sym("second", 0x111), Sym("nowhere", 0x9001)]
    image = load_bytes(elf.build(), "a.elf")
    assert [(s.name, s.size) for s in image.symbols] == [("first", 0x10), ("second", 0x30), ("nowhere", 0)]


def test_functions_without_a_size_end_where_data_begins() -> None:
    """At a variable, and at the assembler's mark of data that no code follows; a literal in between belongs to them."""
    elf = firmware()
    elf.symbols = [
        Sym("first", 0x101), Sym("$t", 0x100, type=NOTYPE, binding=LOCAL), Sym("$d", 0x104, type=NOTYPE, binding=LOCAL),
        Sym("$t", 0x108, type=NOTYPE, binding=LOCAL), Sym("$d", 0x10C, type=NOTYPE, binding=LOCAL),
        Sym("second", 0x111), Sym("$t", 0x110, type=NOTYPE, binding=LOCAL), Sym("table", 0x118, 4, type=OBJECT),
    ]  # fmt: skip
    image = load_bytes(elf.build(), "a.elf")
    assert [(s.name, s.size) for s in image.symbols] == [("first", 0xC), ("second", 8), ("table", 4)]


def test_headers_at_the_front_of_a_segment_are_not_firmware() -> None:
    elf = ElfWriter([Sec(".text", 0x27000, b"\x00\xbf" * 8, ALLOC | EXEC)], first_load_covers_headers=True)
    image = load_bytes(elf.build(), "a.elf")
    assert [(s.address, len(s.data)) for s in image.segments] == [(0x27000, 16)]


def test_file_without_section_headers() -> None:
    elf = firmware()
    elf.with_section_headers = False
    image = load_bytes(elf.build(), "a.elf")
    assert image.read(0x140, 8) == b"initial!"
    assert image.sections == ()
    assert image.static_ram is None
    assert len(image.symbols) == 0


def changed(**fields: object) -> bytes:
    elf = firmware()
    for name, value in fields.items():
        setattr(elf, name, value)
    return elf.build()


GNU_ABI_TAG = struct.pack("<III4s4I", 4, 16, 1, b"GNU\0", 0, 3, 2, 0)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"type": 1}, r"a relocatable object file \(.o\): link it"),
        ({"type": 3}, "shared object or position-independent executable: link it at fixed addresses"),
        ({"type": 4}, "a core dump"),
        ({"type": 77}, "an ELF of unknown type 77"),
        ({"machine": 62, "class_": 2}, r"ELF for x86-64 \(64-bit, little-endian\), but a Cortex-M needs ARM"),
        ({"machine": 3}, r"ELF for x86 \(32-bit, little-endian\)"),
        ({"machine": 183, "class_": 2}, "ELF for AArch64"),
        ({"machine": 9999}, "ELF for machine 9999"),
        ({"order": 2}, r"ELF for ARM \(32-bit, big-endian\)"),
        ({"class_": 7}, "class 7"),
        ({"osabi": 3}, "a program for Linux on ARM"),
        ({"notes": [(PT_INTERP, b"/lib/ld-linux.so.3\0")]}, "a program for Linux on ARM"),
        ({"notes": [(PT_NOTE, GNU_ABI_TAG)]}, "a program for Linux on ARM"),
        ({"sections": [], "symbols": []}, "no PT_LOAD segment"),
        (
            {"sections": [Sec(".a", 0, b"12345678"), Sec(".b", 4, b"1234")], "symbols": []},
            "PT_LOAD segment at 0x00000004 overlaps PT_LOAD segment at 0x00000000",
        ),
        (
            {"sections": [Sec(".a", 0xFFFF_FFFC, b"12345678")], "symbols": []},
            "past the end of the 32-bit address space",
        ),
    ],
)
def test_bad_files_are_named(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ImageError, match=message) as error:
        load_bytes(changed(**fields), "a.elf")
    assert "\n" not in str(error.value)


def test_build_id_note_is_not_linux() -> None:
    note = struct.pack("<III4s", 4, 4, 3, b"GNU\0") + b"\1\2\3\4"
    assert load_bytes(changed(notes=[(PT_NOTE, note)]), "a.elf").flash_used == 0x148


def test_every_truncation_is_told() -> None:
    data = firmware().build()
    for size in range(5, len(data), 7):
        with pytest.raises(ImageError, match="truncated"):
            load_bytes(data[:size], "a.elf")


def damage(offset: int, layout: str, value: int) -> Callable[[bytearray], None]:
    return lambda data: struct.pack_into(layout, data, offset, value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (damage(42, "<H", 33), "program header entries of 33 bytes instead of 32"),
        (damage(46, "<H", 41), "section header entries of 41 bytes instead of 40"),
        (damage(28, "<I", 0xFFFF_FFF0), "truncated ELF: the program header table ends at byte"),
        (damage(32, "<I", 0x7FFF_FFFF), "truncated ELF: the section header table ends at byte"),
        (damage(52 + 16, "<I", 0x7FFF_FFFF), "truncated ELF: the segment at 0x00000000 ends at byte"),
    ],
)
def test_damaged_headers(change: Callable[[bytearray], None], message: str) -> None:
    data = bytearray(firmware().build())
    change(data)
    with pytest.raises(ImageError, match=message):
        load_bytes(bytes(data), "a.elf")


def test_alias_and_ram_code() -> None:
    elf = firmware()
    elf.sections.append(Sec(".ramcode", 0x2000_1000, b"\x70\x47", ALLOC | EXEC | WRITE, lma=0x200))
    elf.symbols.append(Sym("fast", 0x2000_1001, 2, FUNC, section=".ramcode"))
    image = load_bytes(elf.build(), "a.elf")
    fast = image.function_at(0x2000_1001)
    assert fast is not None
    assert fast.name == "fast"
    assert image.read(0x200, 2) == b"\x70\x47"
