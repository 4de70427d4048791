"""Where the bytes of an image in flash went: by section, symbol, function, object file and library.

Every byte of the image in flash is in exactly one row of each kind, so that each table adds up to `flash_used`. Bytes
that no symbol covers are alignment, strings and literals; initial values of variables count to the variables. Static
functions and tables of one name have their files in front, as far as debug information or the map tell these.

Not modelled: object files of data without a linker map; libraries without one; images without sections and symbols.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ..errors import UsageError
from ..image import Image, Section
from ..image.linker_map import LinkerMap

NO_SYMBOL, NO_SECTION, NO_FILE = "(no symbol)", "(no section)", "(not known)"
PROGRAM = "(the program)"
_LTRANS = re.compile(r"\.ltrans\d*\.(ltrans\.)?o$")
"""What link-time optimisation calls its object files: sources say more."""
KINDS = ("section", "symbol", "function", "object", "library")


@dataclass(frozen=True)
class Stretch:
    """`size` bytes in flash that belong together; `address` is the run-time one."""

    address: int
    size: int
    section: str
    symbol: str
    is_code: bool


def stretches(image: Image) -> Iterator[Stretch]:
    """All bytes of the image in flash, by section and symbol."""
    flash = image.region("flash")
    placed = 0
    for section in image.sections:
        where = section.load_address
        if "A" in section.flags and section.size and where is not None and flash is not None and flash.holds(where):
            placed += section.size
            yield from _of_section(image, section)
    if image.flash_used > placed:
        yield Stretch(0, image.flash_used - placed, NO_SECTION, NO_SYMBOL, False)


def _of_section(image: Image, section: Section) -> Iterator[Stretch]:
    at, end = section.address, section.address + section.size
    for symbol in image.symbols:
        low, high = max(symbol.address, at), symbol.address + symbol.size
        if symbol.kind not in ("function", "object") or not symbol.size or high <= low or low >= end:
            continue
        if not section.address <= symbol.address < end:
            continue
        if low > at:
            yield Stretch(at, low - at, section.name, NO_SYMBOL, False)
        high = min(high, end)
        yield Stretch(low, high - low, section.name, symbol.demangled, symbol.kind == "function")
        at = high
    if at < end:
        yield Stretch(at, end - at, section.name, NO_SYMBOL, False)


def usage(image: Image, kind: str, linker_map: LinkerMap | None = None) -> list[tuple[str, int]]:
    """(name, bytes) of each section, symbol, function, object or library, largest first.

    UsageError for an image without sections, for libraries without a map, and for the map of another link.
    """
    if not image.sections:
        raise UsageError(f"{image.path}: {image.format} has no sections; give the ELF that it was made from")
    if kind == "library" and linker_map is None:
        raise UsageError("only the linker knows what came from a library: give its map with --map (-Wl,-Map=FILE)")
    if linker_map is not None:
        _same_link(image, linker_map)
    sums: dict[str, int] = {}
    shared = _shared(image) if kind in ("symbol", "function") else set()
    for stretch in stretches(image):
        if stretch.symbol in shared:
            stretch = _told_apart(image, stretch, linker_map)  # noqa: PLW2901
        for name, size in _names(image, kind, stretch, linker_map):
            sums[name] = sums.get(name, 0) + size
    return sorted(sums.items(), key=lambda item: (-item[1], item[0]))


def _shared(image: Image) -> set[str]:
    """Names that several functions or tables have."""
    places = {(symbol.demangled, symbol.address) for symbol in image.symbols if symbol.size}
    often = Counter(name for name, _ in places)
    return {name for name, count in often.items() if count > 1}


def _told_apart(image: Image, stretch: Stretch, linker_map: LinkerMap | None) -> Stretch:
    """The same with its source file in front, else its object file."""
    line = image.line(stretch.address) if stretch.is_code else None
    piece = None if linker_map is None else linker_map.at(stretch.section, stretch.address)[0]
    file = line.file.rpartition("/")[2] if line is not None else piece.object if piece is not None else ""
    return replace(stretch, symbol=f"{file}: {stretch.symbol}") if file else stretch


def _names(image: Image, kind: str, stretch: Stretch, linker_map: LinkerMap | None) -> Iterator[tuple[str, int]]:
    if kind == "section":
        yield stretch.section, stretch.size
    elif kind == "symbol":
        yield stretch.symbol, stretch.size
    elif kind == "function":
        yield stretch.symbol if stretch.is_code else "(data)", stretch.size
    elif linker_map is None:
        yield (image.object_at(stretch.address) if stretch.is_code else None) or NO_FILE, stretch.size
    else:
        for name, size in _from_map(kind, stretch, linker_map):
            source = image.object_at(stretch.address) if _LTRANS.search(name) and stretch.is_code else None
            yield source or name, size


def _same_link(image: Image, linker_map: LinkerMap) -> None:
    for section in image.sections:
        mapped = linker_map.outputs.get(section.name)
        if "A" in section.flags and mapped is not None and mapped != (section.address, section.size):
            raise UsageError(f"{image.path}: the map is of another link: in it {section.name} has {mapped[1]:,} bytes "
                             f"at 0x{mapped[0]:08x}, in the image {section.size:,} at 0x{section.address:08x}")


def _from_map(kind: str, stretch: Stretch, linker_map: LinkerMap) -> Iterator[tuple[str, int]]:
    """A stretch can hold bytes of several object files, where no symbol parts them."""
    at, end = stretch.address, stretch.address + stretch.size
    while at < end:
        piece, behind = linker_map.at(stretch.section, at)
        size = min(end, behind) - at
        if piece is None:
            yield NO_FILE, size
        else:
            whole = f"{piece.library}({piece.object})" if piece.library else piece.object
            yield whole if kind == "object" else piece.library or PROGRAM, size
        at += size


def record(image: Image, linker_map: LinkerMap | None = None) -> dict[str, Any]:
    """Every table as plain data: lists of `name` and `bytes`; `library` is null without a map."""
    tables: dict[str, Any] = {}
    for kind in KINDS:
        known = kind != "library" or linker_map is not None
        rows = usage(image, kind, linker_map) if known else None
        tables[kind] = None if rows is None else [{"name": name, "bytes": size} for name, size in rows]
    return {"schema": 1, "flash_used": image.flash_used, **tables}
