"""What an image is: segments, sections, symbols, lines, and how they lie in the chip's memory."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from cmsim.errors import UsageError
from cmsim.image.cxx_names import qualified_name
from cmsim.image.layout import Bounds, heap, stacks
from cmsim.image.lines import LineTable, SourceLine
from cmsim.image.marks import Mark
from cmsim.image.scopes import ScopeTable
from cmsim.image.symbols import NoSymbolError, Symbol, SymbolTable

ADDRESS_SPACE = 1 << 32
ARTIFICIAL = "<artificial>"
"""How GCC calls a unit that link-time optimisation made."""
INLINED = ("the debug information knows the name: a function that was inlined wherever it is called has no code of its "
           "own (regions can begin at one of its lines, file.cc:12)")


class ImageError(UsageError):
    """The firmware file cannot be used; one line: the file, what is wrong, what to do."""


class Region(NamedTuple):
    """A memory of the chip: `size` bytes from `base`."""

    name: str
    base: int
    size: int

    def holds(self, address: int, size: int = 1) -> bool:
        """Whether all `size` bytes from `address` lie in this memory."""
        return self.base <= address and address + size <= self.base + self.size

    def __str__(self) -> str:
        return f"{self.name} {span(self.base, self.size)}"


MEMORIES = (Region("flash", 0, 0x10_0000), Region("ram", 0x2000_0000, 0x4_0000), Region("uicr", 0x1000_1000, 0x1000),
            Region("external flash", 0x1200_0000, 0x80_0000))  # fmt: skip
"""The memories that an nRF52840 image may fill; a board passes its own list."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Bytes that the image puts at `address`."""

    address: int
    data: bytes

    @property
    def end(self) -> int:
        """The first address behind the segment."""
        return self.address + len(self.data)


@dataclass(frozen=True, slots=True)
class Section:
    """A named part of the linked program, at its run-time address.

    `flags` is a subset of the letters "WAXT" (write, alloc, execute, thread-local); `kind` is one of "code", "rodata",
    "data", "bss" (takes no bytes in the file), "debug", "other". `load_address` says where its bytes are stored, None
    where the file has none.
    """

    name: str
    address: int
    size: int
    flags: str
    kind: str
    load_address: int | None = None


class Chunk(NamedTuple):
    """Bytes at an address with the place in the file that they come from, for messages."""

    address: int
    data: bytes
    where: str


@dataclass(frozen=True)
class Contents:
    """What a format's parser found in a file. `claims` are further (name, address, size) that must lie in memory."""

    segments: tuple[Segment, ...]
    symbols: tuple[Symbol, ...] = ()
    sections: tuple[Section, ...] = ()
    claims: tuple[tuple[str, int, int], ...] = ()
    entry: int | None = None
    lines: Callable[[], LineTable] = LineTable
    scopes: Callable[[], ScopeTable] = ScopeTable
    array_length: Callable[[int], int | None] = lambda address: None
    marks: tuple[Mark, ...] = ()


class Image:
    """A firmware image that fits the memories it was loaded for. Segments are sorted and do not overlap."""

    def __init__(self, path: str, format: str, contents: Contents, memories: tuple[Region, ...] = MEMORIES) -> None:
        self.path = path
        self.format = format
        """"ELF", "Intel HEX", "UF2" or "binary"."""
        self.segments = contents.segments
        self.symbols = SymbolTable(contents.symbols)
        self.sections = contents.sections
        self.entry = contents.entry
        """The file's own start address, where it gives one: only a hint, hardware starts from the vector table."""
        self.memories = memories
        self._load_lines, self._load_scopes = contents.lines, contents.scopes
        self.array_length = contents.array_length
        """Elements of the variable that lies at an address, by DWARF; None where nothing is known or it is no array."""
        self.marks = contents.marks
        """Where regions begin and end, by firmware/include/cmsim_region.h."""
        self._starts = [segment.address for segment in self.segments]
        for segment in self.segments:
            self._check_bounds(self._name(segment), segment.address, len(segment.data))
        for name, address, size in contents.claims:
            self._check_bounds(name, address, size)

    def __repr__(self) -> str:
        ranges = ", ".join(span(segment.address, len(segment.data)) for segment in self.segments)
        return f"<Image {self.path} ({self.format}): {ranges}>"

    def read(self, address: int, size: int) -> bytes | None:
        """`size` bytes that the image puts at `address`; None unless one segment holds all of them."""
        index = bisect_right(self._starts, address) - 1
        if index < 0 or address + size > self.segments[index].end:
            return None
        offset = address - self._starts[index]
        return self.segments[index].data[offset : offset + size]

    def find(self, name: str) -> Symbol:
        """The one symbol of that name; see `SymbolTable.find`."""
        try:
            return self.symbols.find(name)
        except UsageError as error:
            raise UsageError(f"{self.path}: {error}") from None

    def find_code(self, name: str) -> Symbol:
        """The same, where code is meant. UsageError for data, too."""
        return self._code(name, lambda name: [self.symbols.find(name)])[0]

    def find_copies(self, name: str) -> list[Symbol]:
        """The same, with the clones that the compiler made of a function; see `SymbolTable.find_copies`."""
        return self._code(name, self.symbols.find_copies)

    def _code(self, name: str, find: Callable[[str], list[Symbol]]) -> list[Symbol]:
        try:
            symbols = self.in_file(name) or find(name)
        except NoSymbolError as error:
            bare = qualified_name(name).rpartition("::")[2]
            known = any(symbol.qualified.rpartition("::")[2] == bare for symbol in self.symbols.functions)
            inlined = f"; {INLINED}" if not known and self.scopes.mentions(bare) else ""
            raise NoSymbolError(f"{self.path}: {error}{inlined}") from None
        except UsageError as error:
            raise UsageError(f"{self.path}: {error}") from None
        if symbols[0].kind == "object":
            raise UsageError(f"{self.path}: {symbols[0]} is data, not code: name a function or an address")
        return symbols

    def in_file(self, name: str) -> list[Symbol]:
        """The functions that "file.cc:name" means: static ones of one name in several files are told apart so."""
        parts = _IN_FILE.fullmatch(name.strip())
        if parts is None:
            return []
        name, tail = parts["name"], f"/{parts['file']}"
        called = [symbol for symbol in self.symbols.functions
                  if name in (symbol.name, symbol.demangled) or f"::{symbol.qualified}".endswith(f"::{name}")]
        places = ((symbol, self.line(symbol.address)) for symbol in called)
        return [symbol for symbol, line in places if line is not None and f"/{line.file}".endswith(tail)]

    def function_at(self, address: int) -> Symbol | None:
        """The innermost function whose code covers `address` (Thumb bit ignored)."""
        return self.symbols.function_at(address)

    @cached_property
    def lines(self) -> LineTable:
        """The DWARF line table, read on first use (about 0.6 s for 100,000 rows); empty where the file has none."""
        return self._load_lines()

    @cached_property
    def scopes(self) -> ScopeTable:
        """Compilation units and inlined functions from DWARF, read on first use; empty where the file has none."""
        return self._load_scopes()

    def line(self, address: int) -> SourceLine | None:
        """The source line that `address` was compiled from."""
        return self.lines.at(address)

    def object_at(self, address: int) -> str | None:
        """The source file of the compilation unit whose code that is; None without debug information.

        Link-time optimisation makes one unit of all, which has no name: then that of the function's first line.
        """
        unit = self.scopes.unit_at(address)
        symbol = self.function_at(address) if unit is not None and unit.name.endswith(ARTIFICIAL) else None
        line = None if symbol is None else self.line(symbol.address)
        return line.file if line is not None else None if unit is None else unit.name

    def region(self, name: str) -> Region | None:
        """The memory of that name that the image was loaded for."""
        return next((region for region in self.memories if region.name == name), None)

    @cached_property
    def flash_used(self) -> int:
        """Bytes of the image that lie in the memory named "flash"."""
        flash = self.region("flash")
        inside = (segment for segment in self.segments if flash and flash.holds(segment.address))
        return sum(len(segment.data) for segment in inside)

    @cached_property
    def static_ram(self) -> int | None:
        """Bytes of RAM taken by variables and RAM code; None without sections (HEX, UF2, raw).

        Everything that the linker placed in the memory named "ram", less what symbols or section names show to be
        room kept for stacks and the heap.
        """
        ram = self.region("ram")
        if not self.sections or ram is None:
            return None
        placed = [s for s in self.sections if "A" in s.flags and ram.holds(s.address) and not _thread_local_bss(s)]
        taken = [(s.address, s.address + s.size) for s in placed]
        kept = [(s.address, s.address + s.size) for s in placed if _RESERVATION.match(s.name)]
        kept += [(b.low, b.high) for b in (*self.stacks, self.heap_bounds()) if b is not None]
        return _covered(taken + kept) - _covered(kept)

    @cached_property
    def stacks(self) -> tuple[Bounds, ...]:
        """Every stack that well-known symbols describe, that of `main` first."""
        return stacks(self.symbols)

    def stack_bounds(self) -> Bounds | None:
        """The stack that `main` runs on, where well-known symbols describe it."""
        return self.stacks[0] if self.stacks else None

    def heap_bounds(self) -> Bounds | None:
        """The heap, where well-known symbols describe it and it is not empty."""
        return heap(self.symbols)

    def _name(self, segment: Segment) -> str:
        held = [
            section.name
            for section in self.sections
            if section.load_address is not None and segment.address <= section.load_address < segment.end
        ]
        return " ".join(held)

    def _check_bounds(self, name: str, address: int, size: int) -> None:
        if any(region.holds(address, size) for region in self.memories):
            return
        raise ImageError(
            f"segment {span(address, size)}{f' ({name})' if name else ''} lies outside the memory map"
            f" ({', '.join(map(str, self.memories))}): link the firmware for this chip, or choose another board"
        )


def span(address: int, size: int) -> str:
    """An address range for messages, both ends included."""
    return f"0x{address:08x}-0x{address + max(size, 1) - 1:08x}"


def check_chunks(chunks: Iterable[Chunk]) -> list[Chunk]:
    """The chunks sorted by address; raises where two overlap or one leaves the 32-bit address space."""
    ordered = sorted(chunks, key=lambda chunk: chunk.address)
    for before, after in pairwise(ordered):
        if before.address + len(before.data) > after.address:
            raise ImageError(f"{after.where} overlaps {before.where} at 0x{after.address:08x}: the file is damaged")
    if ordered and ordered[-1].address + len(ordered[-1].data) > ADDRESS_SPACE:
        raise ImageError(f"{ordered[-1].where} runs past the end of the 32-bit address space: the file is damaged")
    return ordered


def join(chunks: Iterable[Chunk]) -> tuple[Segment, ...]:
    """Chunks made into as few segments as possible."""
    runs: list[tuple[int, list[bytes]]] = []
    end = -1
    for chunk in check_chunks(chunk for chunk in chunks if chunk.data):
        if chunk.address == end:
            runs[-1][1].append(chunk.data)
        else:
            runs.append((chunk.address, [chunk.data]))
        end = chunk.address + len(chunk.data)
    return tuple(Segment(address, b"".join(parts)) for address, parts in runs)


_IN_FILE = re.compile(r"(?P<file>[^:]+\.\w+):\s*(?P<name>[^:].*)")
_RESERVATION = re.compile(r"\._?(user_)?(heap|stack)")
"""Sections that linker scripts use only to keep room: .heap, .stack, .stack_dummy, ._user_heap_stack."""


def _thread_local_bss(section: Section) -> bool:
    """The template of zeroed thread-local variables has an address but takes no memory there."""
    return section.kind == "bss" and "T" in section.flags


def _covered(ranges: Iterable[tuple[int, int]]) -> int:
    """How many addresses lie in at least one of the (low, high) ranges."""
    total = reached = 0
    for low, high in sorted(ranges):
        total += max(0, high - max(low, reached))
        reached = max(reached, high)
    return total
