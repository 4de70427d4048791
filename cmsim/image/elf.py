"""ELF executables for 32-bit little-endian ARM: segments by physical address, sections, symbols.

Follows the System V ABI (chapters 4 and 5) and the ELF for the Arm Architecture supplement (mapping
symbols, Thumb bit). Read with `struct` alone, since this is on the way to every run; pyelftools reads the debug
information when somebody asks for a line.

Not modelled: relocatable files, shared objects, dynamic linking, thread-local symbols.
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from cmsim.image.arrays import read_array_length
from cmsim.image.lines import read_lines
from cmsim.image.marks import SECTION as MARKS
from cmsim.image.marks import read_marks
from cmsim.image.model import Chunk, Contents, ImageError, Section, Segment, check_chunks
from cmsim.image.scopes import read_scopes
from cmsim.image.symbols import Symbol

MAGIC = b"\x7fELF"
CLASS_32, LITTLE_ENDIAN, OS_LINUX = 1, 1, 3
ET_REL, ET_EXEC, ET_DYN, ET_CORE = 1, 2, 3, 4
EM_ARM = 40
PT_LOAD, PT_INTERP, PT_NOTE = 1, 3, 4
SHT_SYMTAB, SHT_NOBITS = 2, 8
SHF_WRITE, SHF_ALLOC, SHF_EXECINSTR, SHF_TLS = 0x1, 0x2, 0x4, 0x400
SHN_UNDEF, SHN_ABS, SHN_COMMON = 0, 0xFFF1, 0xFFF2
STT_NOTYPE, STT_OBJECT, STT_FUNC, STT_IFUNC = 0, 1, 2, 10

MACHINES = {
    2: "SPARC",
    3: "x86",
    8: "MIPS",
    20: "PowerPC",
    40: "ARM",
    62: "x86-64",
    83: "AVR",
    94: "Xtensa",
    183: "AArch64",
    243: "RISC-V",
}
TYPES = {
    ET_REL: "a relocatable object file (.o): link it with the linker script into an executable",
    ET_DYN: "a shared object or position-independent executable: link it at fixed addresses (-static -no-pie)",
    ET_CORE: "a core dump: give the firmware's executable",
}

_HEADER = struct.Struct("<16sHHIIIIIHHHHHH")
_PROGRAM = struct.Struct("<8I")
_SECTION = struct.Struct("<10I")
_SYMBOL = struct.Struct("<IIIBBH")

_KINDS = {STT_NOTYPE: "label", STT_OBJECT: "object", STT_FUNC: "function", STT_IFUNC: "function"}
_BINDINGS = {0: "local", 1: "global", 2: "weak"}
_MAPPING = re.compile(r"\$[adtx](\.|$)")
"""Names that mark where code and data begin, not things that anybody named."""


class _ProgramHeader(NamedTuple):
    type: int
    offset: int
    vaddr: int
    paddr: int
    filesz: int
    memsz: int
    flags: int
    align: int


class _SectionHeader(NamedTuple):
    name: int
    type: int
    flags: int
    addr: int
    offset: int
    size: int
    link: int
    info: int
    addralign: int
    entsize: int


def recognise(data: bytes) -> bool:
    """Whether the file begins like ELF."""
    return data.startswith(MAGIC)


def parse(data: bytes) -> Contents:
    """Everything that an executable holds; raises `ImageError` for an ELF that no Cortex-M could run."""
    programs, section_headers, names_index, entry = _headers(data)
    loads = [header for header in programs if header.type == PT_LOAD]
    sections = _sections(data, section_headers, names_index, loads)
    chunks = [
        Chunk(*_loaded(data, header, programs, section_headers), f"PT_LOAD segment at 0x{header.paddr:08x}")
        for header in loads
        if header.filesz
    ]
    if not chunks:
        raise ImageError("the ELF has no PT_LOAD segment with contents: nothing to load")
    return Contents(
        segments=tuple(Segment(chunk.address, chunk.data) for chunk in check_chunks(chunks) if chunk.data),
        symbols=_symbols(data, section_headers, sections),
        sections=sections,
        claims=_claims(sections, loads),
        entry=entry & ~1,
        lines=partial(read_lines, data, _is_code(sections)),
        scopes=partial(read_scopes, data, _is_code(sections)),
        array_length=partial(read_array_length, data),
        marks=read_marks(_contents(data, section_headers, sections, MARKS)),
    )


def _headers(data: bytes) -> tuple[list[_ProgramHeader], list[_SectionHeader], int, int]:
    """Program headers, section headers, the index of the section with the section names, the entry address."""
    if len(data) < _HEADER.size:
        raise ImageError(f"truncated ELF: {len(data)} bytes are less than its header: build or copy it again")
    _check_identity(data)
    (_, type_, _, _, entry, phoff, shoff, _, _, phentsize, phnum, shentsize, shnum, names) = _HEADER.unpack_from(data)
    if type_ != ET_EXEC:
        raise ImageError(f"this is {TYPES.get(type_, f'an ELF of unknown type {type_}')}")
    rows = _table(data, _PROGRAM, phoff, entry_size=phentsize, count=phnum, what="program header")
    programs = [_ProgramHeader(*row) for row in rows]
    rows = _table(data, _SECTION, shoff, entry_size=shentsize, count=shnum, what="section header")
    headers = [_SectionHeader(*row) for row in rows]
    if data[7] == OS_LINUX or any(program.type == PT_INTERP or _is_linux_note(data, program) for program in programs):
        raise ImageError("this is a program for Linux on ARM, not firmware: build it with arm-none-eabi-gcc")
    return programs, headers, names, entry


def _check_identity(data: bytes) -> None:
    class_, order = data[4], data[5]
    (machine,) = struct.unpack_from("<H" if order == LITTLE_ENDIAN else ">H", data, 18)
    if (class_, order, machine) != (CLASS_32, LITTLE_ENDIAN, EM_ARM):
        bits = {1: "32-bit", 2: "64-bit"}.get(class_, f"class {class_}")
        endian = {1: "little-endian", 2: "big-endian"}.get(order, f"byte order {order}")
        raise ImageError(
            f"ELF for {MACHINES.get(machine, f'machine {machine}')} ({bits}, {endian}), but a Cortex-M needs ARM"
            " (32-bit, little-endian): build it with arm-none-eabi-gcc or clang --target=arm-none-eabi"
        )


def _table(
    data: bytes, layout: struct.Struct, offset: int, *, entry_size: int, count: int, what: str
) -> list[tuple[int, ...]]:
    if not count or not offset:
        return []
    if entry_size != layout.size:
        raise ImageError(f"damaged ELF: {what} entries of {entry_size} bytes instead of {layout.size}: build it again")
    return list(layout.iter_unpack(_bytes(data, offset, entry_size * count, f"the {what} table")))


def _bytes(data: bytes, offset: int, size: int, what: str) -> bytes:
    if offset + size > len(data):
        raise ImageError(
            f"truncated ELF: {what} ends at byte {offset + size}, the file at {len(data)}: build or copy it again"
        )
    return data[offset : offset + size]


def _is_linux_note(data: bytes, program: _ProgramHeader) -> bool:
    """Whether this is the GNU ABI tag, which every Linux program carries, static ones too."""
    if program.type != PT_NOTE:
        return False
    note = data[program.offset : program.offset + 16]
    return note[:4] == b"\x04\0\0\0" and note[8:] == b"\x01\0\0\0GNU\0"


def _loaded(
    data: bytes, header: _ProgramHeader, programs: list[_ProgramHeader], sections: list[_SectionHeader]
) -> tuple[int, bytes]:
    """Physical address and bytes of a segment.

    Linkers may page-align the first segment downwards so that it begins with the ELF's own headers, which are no part
    of the program and could lie where a bootloader belongs: they are left out.
    """
    contents = _bytes(data, header.offset, header.filesz, f"the segment at 0x{header.paddr:08x}")
    skip = 0
    if header.offset < _HEADER.size + len(programs) * _PROGRAM.size:
        offsets = [
            section.offset - header.offset
            for section in sections
            if section.flags & SHF_ALLOC and section.type != SHT_NOBITS and section.size
        ]
        skip = min((offset for offset in offsets if 0 <= offset < header.filesz), default=0)
    return header.paddr + skip, contents[skip:]


def _sections(
    data: bytes, headers: list[_SectionHeader], names_index: int, loads: list[_ProgramHeader]
) -> tuple[Section, ...]:
    """All named sections, in the file's order; index 0, which is always empty, included."""
    names = _string_table(data, headers, names_index)
    sections = []
    for header in headers:
        name = names(header.name)
        letters = (("W", SHF_WRITE), ("A", SHF_ALLOC), ("X", SHF_EXECINSTR), ("T", SHF_TLS))
        flags = "".join(letter for letter, bit in letters if header.flags & bit)
        address = _load_address(header, loads)
        sections.append(Section(name, header.addr, header.size, flags, _kind(name, header), address))
    return tuple(sections)


def _contents(data: bytes, headers: list[_SectionHeader], sections: tuple[Section, ...], name: str) -> bytes:
    """The bytes of the first section of that name; none where there is none."""
    found = (h for h, section in zip(headers, sections, strict=True) if section.name == name and h.type != SHT_NOBITS)
    header = next(found, None)
    return b"" if header is None else _bytes(data, header.offset, header.size, f"the section {name}")


def _kind(name: str, header: _SectionHeader) -> str:
    if not header.flags & SHF_ALLOC:
        return "debug" if name.startswith((".debug", ".zdebug")) else "other"
    if header.type == SHT_NOBITS:
        return "bss"
    if header.flags & SHF_EXECINSTR:
        return "code"
    return "data" if header.flags & SHF_WRITE else "rodata"


def _load_address(header: _SectionHeader, loads: list[_ProgramHeader]) -> int | None:
    """Where the section's bytes are stored, which for initialised variables is not where they are used."""
    if not header.flags & SHF_ALLOC or header.type == SHT_NOBITS or not header.size:
        return None
    for load in loads:
        if load.offset <= header.offset and header.offset + header.size <= load.offset + load.filesz:
            return load.paddr + header.offset - load.offset
    return None


def _claims(sections: tuple[Section, ...], loads: list[_ProgramHeader]) -> tuple[tuple[str, int, int], ...]:
    """Where the program runs, which must be memory too; by segment in an ELF without section headers."""
    if not sections:
        return tuple(("", load.vaddr, load.memsz) for load in loads if load.memsz)
    return tuple(
        (section.name, section.address, section.size)
        for section in sections
        if "A" in section.flags and "T" not in section.flags and section.size
    )


def _string_table(data: bytes, headers: list[_SectionHeader], index: int) -> Callable[[int], str]:
    table = b""
    if index < len(headers) and headers[index].type != SHT_NOBITS:
        table = _bytes(data, headers[index].offset, headers[index].size, "a string table")

    def text(offset: int) -> str:
        end = table.find(b"\0", offset)
        return table[offset : end if end >= 0 else len(table)].decode("utf-8", "backslashreplace")

    return text


def _symbols(data: bytes, headers: list[_SectionHeader], sections: tuple[Section, ...]) -> tuple[Symbol, ...]:
    symbols: list[Symbol] = []
    code: dict[int, bool] = {}
    for header in headers:
        if header.type != SHT_SYMTAB:
            continue
        table = _bytes(data, header.offset, header.size // _SYMBOL.size * _SYMBOL.size, "the symbol table")
        names = _string_table(data, headers, header.link)
        for name_offset, value, size, info, _, section in _SYMBOL.iter_unpack(table):
            kind, binding = _KINDS.get(info & 0xF), _BINDINGS.get(info >> 4)
            if kind is None or binding is None or section in (SHN_UNDEF, SHN_COMMON):
                continue
            name = names(name_offset)
            if not name or _MAPPING.match(name):
                if name:
                    code[value] = not name.startswith("$d")
                continue
            where = sections[section].name if section < len(sections) else "*ABS*" if section == SHN_ABS else ""
            if kind == "label" and size and section < len(sections) and sections[section].kind in ("data", "bss"):
                kind = "object"  # GNU as gives static variables of .comm a size, but no type
            address = value & ~1 if kind == "function" else value
            symbols.append(Symbol(name, address, size, kind, binding, where))
    return _with_sizes(symbols, sections, code)


def _with_sizes(
    symbols: list[Symbol], sections: tuple[Section, ...], is_code: Mapping[int, bool]
) -> tuple[Symbol, ...]:
    """Gives hand-written functions without `.size` a reach: to the next function or variable or their section's end.

    `is_code` are the assembler's marks (AAELF32, 5.5.5): data behind the function's last code, which may be other
    files' tables, is no part of it.
    """
    starts = sorted({symbol.address for symbol in symbols if symbol.kind in ("function", "object")})
    marks = sorted(is_code)
    allocated = [section for section in sections if "A" in section.flags]

    def code_end(low: int, high: int) -> int:
        """Where the data begins that fills the end of a stretch."""
        end = high
        for at in reversed(marks[bisect_left(marks, low) : bisect_left(marks, high)]):
            if is_code[at]:
                break
            end = at
        return end if end > low else high

    def sized(symbol: Symbol) -> Symbol:
        if symbol.kind != "function" or symbol.size:
            return symbol
        following = bisect_right(starts, symbol.address)
        ends = [s.address + s.size for s in allocated if s.address <= symbol.address < s.address + s.size]
        ends += starts[following : following + 1] if ends else []
        return replace(symbol, size=code_end(symbol.address, min(ends)) - symbol.address if ends else 0)

    return tuple(map(sized, symbols))


def _is_code(sections: tuple[Section, ...]) -> Callable[[int], bool]:
    code = [(section.address, section.address + section.size) for section in sections if "X" in section.flags]

    def is_code(address: int) -> bool:
        return any(low <= address < high for low, high in code)

    return is_code
