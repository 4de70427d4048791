"""GNU ld's map file (-Wl,-Map=FILE): which object file, of which library, each stretch of memory came from.

Follows the layout that ld prints below "Linker script and memory map": input section, address, size, file; a long name
has a line of its own.

Not modelled: maps of lld, armlink and IAR; ld's cross-reference table.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from pathlib import Path
from typing import NamedTuple

from cmsim.errors import UsageError

BEGIN = "Linker script and memory map"
_PIECE = re.compile(
    r" (?P<section>[.\w$*]\S*)?\s+0x(?P<address>[0-9a-f]+)\s+0x(?P<size>[0-9a-f]+)(\s+(?P<file>\S.*))?$"
)
_NAME = re.compile(r" (?P<section>[.\w$][^\s]*)$")
_MEMBER = re.compile(r"(?P<library>.*)\((?P<object>[^()]+)\)$")
FILL = "*fill*"


class Piece(NamedTuple):
    """`size` bytes at run-time `address`: an input section of an object file; `library` is "" outside archives."""

    address: int
    size: int
    section: str
    object: str
    library: str


class LinkerMap:
    """The pieces by address."""

    def __init__(self, pieces: list[Piece]) -> None:
        self.pieces = sorted(pieces)
        self._starts = [piece.address for piece in self.pieces]

    def at(self, address: int) -> Piece | None:
        """The piece that covers an address."""
        index = bisect_right(self._starts, address) - 1
        if index < 0 or address >= self.pieces[index].address + self.pieces[index].size:
            return None
        return self.pieces[index]


def load_map(path: Path) -> LinkerMap:
    """Read a map file. UsageError where it is none of GNU ld's."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"{path}: cannot read the linker map: {error.strerror or error}") from None
    _, found, body = text.partition(BEGIN)
    pieces = _pieces(body)
    if not found or not pieces:
        raise UsageError(f"{path}: no map of GNU ld; link with -Wl,-Map=FILE")
    return LinkerMap(pieces)


def _pieces(body: str) -> list[Piece]:
    found: list[Piece] = []
    name = ""
    for line in body.splitlines():
        match = _PIECE.match(line)
        if match is None:
            alone = _NAME.match(line)
            name = alone["section"] if alone is not None else ""
            continue
        section, file = match["section"] or name, match["file"]
        name = ""
        address, size = int(match["address"], 16), int(match["size"], 16)
        if not size or not section or section == FILL or file is None or file.startswith(("load address", "PROVIDE")):
            continue
        member = _MEMBER.match(file)
        if member is not None:
            found.append(Piece(address, size, section, member["object"], Path(member["library"]).name))
        else:
            found.append(Piece(address, size, section, file, ""))
    return found
