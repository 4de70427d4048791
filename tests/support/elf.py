"""Writes ELF files from bytes, so that the tests of the loader need no compiler.

`ElfWriter` lays out: header, program headers, contents of the sections, symbol and string tables, section headers.
Every header field can be set wrongly on purpose.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

WRITE, ALLOC, EXEC, TLS = 0x1, 0x2, 0x4, 0x400
PROGBITS, NOBITS = 1, 8
NOTYPE, OBJECT, FUNC, SECTION, FILE = 0, 1, 2, 3, 4
LOCAL, GLOBAL, WEAK = 0, 1, 2
ABS = 0xFFF1
PT_LOAD, PT_INTERP, PT_NOTE = 1, 3, 4


@dataclass
class Sec:
    """A section; `size` is for those without contents, `lma` the physical address where it differs."""

    name: str
    address: int
    data: bytes = b""
    flags: int = ALLOC
    type: int = PROGBITS
    size: int | None = None
    lma: int | None = None

    @property
    def memory_size(self) -> int:
        return len(self.data) if self.size is None else self.size


@dataclass
class Sym:
    """A symbol; `section` is a section's name, or a number such as ABS."""

    name: str
    value: int
    size: int = 0
    type: int = FUNC
    binding: int = GLOBAL
    section: str | int = ".text"


@dataclass
class ElfWriter:
    """An ELF file; each section that is allocated gets a PT_LOAD segment of its own."""

    sections: list[Sec] = field(default_factory=list)
    symbols: list[Sym] = field(default_factory=list)
    notes: list[tuple[int, bytes]] = field(default_factory=list)
    """Further (segment type, contents)."""
    class_: int = 1
    order: int = 1
    machine: int = 40
    type: int = 2
    osabi: int = 0
    entry: int = 0
    with_section_headers: bool = True
    first_load_covers_headers: bool = False

    def build(self) -> bytes:
        endian = "<" if self.order == 1 else ">"
        allocated = [s for s in self.sections if s.flags & ALLOC]
        phnum = len(allocated) + len(self.notes)
        contents = bytearray(52 + 32 * phnum)
        offsets: list[int] = []
        for section in self.sections:
            contents += bytes(-len(contents) % 4)
            offsets.append(len(contents))
            if section.type != NOBITS:
                contents += section.data
        programs = []
        for section, offset in zip(self.sections, offsets, strict=True):
            if section.flags & ALLOC:
                lma = section.address if section.lma is None else section.lma
                size = 0 if section.type == NOBITS else len(section.data)
                back = offset if self.first_load_covers_headers and not programs else 0
                fields = (PT_LOAD, offset - back, section.address - back, lma - back, size + back)
                programs.append(struct.pack(endian + "8I", *fields, section.memory_size + back, 5, 4))
        for type_, data in self.notes:
            programs.append(struct.pack(endian + "8I", type_, len(contents), 0, 0, len(data), len(data), 4, 4))
            contents += data
        shoff = shnum = 0
        if self.with_section_headers:
            shoff, shnum = self._append_tables(contents, offsets, endian)
        ident = b"\x7fELF" + bytes((self.class_, self.order, 1, self.osabi)) + bytes(8)
        header = (self.type, self.machine, 1, self.entry, 52, shoff, 0x5000000, 52, 32, phnum, 40, shnum)
        contents[:52] = struct.pack(endian + "16sHHIIIIIHHHHHH", ident, *header, max(shnum - 1, 0))
        contents[52 : 52 + 32 * phnum] = b"".join(programs)
        return bytes(contents)

    def _append_tables(self, contents: bytearray, offsets: list[int], endian: str) -> tuple[int, int]:
        names = [section.name for section in self.sections]
        strings, headers = bytearray(b"\0"), [bytes(40)]

        def text(name: str, table: bytearray) -> int:
            offset = len(table)
            table += name.encode() + b"\0"
            return offset

        symbol_names, symtab = bytearray(b"\0"), bytearray(16)
        for symbol in self.symbols:
            index = symbol.section if isinstance(symbol.section, int) else names.index(symbol.section) + 1
            info = symbol.binding << 4 | symbol.type
            name = text(symbol.name, symbol_names)
            symtab += struct.pack(endian + "IIIBBH", name, symbol.value, symbol.size, info, 0, index)
        for section, offset in zip(self.sections, offsets, strict=True):
            place = (section.address, offset, section.memory_size, 0, 0, 4, 0)
            headers.append(
                struct.pack(endian + "10I", text(section.name, strings), section.type, section.flags, *place)
            )
        count = len(headers)
        for name, type_, data, link, entry_size in (
            (".symtab", 2, symtab, count + 1, 16),
            (".strtab", 3, symbol_names, 0, 0),
            (".shstrtab", 3, strings, 0, 0),
        ):
            name_offset = text(name, strings)
            place = (type_, 0, 0, len(contents), len(data), link, 1, 4, entry_size)
            headers.append(struct.pack(endian + "10I", name_offset, *place))
            contents += data
        contents += bytes(-len(contents) % 4)
        offset = len(contents)
        contents += b"".join(headers)
        return offset, len(headers)


def vectors(initial_sp: int, reset: int, *others: int) -> bytes:
    """The beginning of a vector table."""
    return struct.pack(f"<{2 + len(others)}I", initial_sp, reset, *others)


def firmware(base: int = 0, table: bytes | None = None) -> ElfWriter:
    """A small program with a vector table, a function, initialised and zeroed variables."""
    table = vectors(0x2004_0000, base + 0x101) if table is None else table
    return ElfWriter(
        sections=[
            Sec(".isr_vector", base, table.ljust(0x100, b"\0")),
            Sec(".text", base + 0x100, b"\x00\xbf" * 32, ALLOC | EXEC),
            Sec(".data", 0x2000_0000, b"initial!", ALLOC | WRITE, lma=base + 0x140),
            Sec(".bss", 0x2000_0008, flags=ALLOC | WRITE, type=NOBITS, size=24),
            Sec(".debug_str", 0, b"text", flags=0),
        ],
        symbols=[
            Sym("Reset_Handler", base + 0x101, 16),
            Sym("_ZN6tflite16MicroInterpreter6InvokeEv", base + 0x111, 8),
            Sym("greeting", 0x2000_0000, 8, OBJECT, section=".data"),
        ],
        entry=base + 0x101,
    )
