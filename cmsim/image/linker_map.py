"""GNU ld's map file (-Wl,-Map=FILE): which object file, of which library, each stretch of memory came from.

Follows the layout that ld prints below "Linker script and memory map": input section, address, size, file, below the
output section, which begins its line; a long name has a line of its own. Output sections that are not loaded (debug
information) have addresses, too, which mean nothing: a piece is found by its output section and its address.

Not modelled: maps of lld, armlink and IAR; ld's cross-reference table.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from cmsim.errors import UsageError

BEGIN = "Linker script and memory map"
_PIECE = re.compile(
    r" (?P<section>[.\w$*]\S*)?\s+0x(?P<address>[0-9a-f]+)\s+0x(?P<size>[0-9a-f]+)(\s+(?P<file>\S.*))?$"
)
_OUTPUT = re.compile(r"(?P<name>\S+)(\s+0x(?P<address>[0-9a-f]+)\s+0x(?P<size>[0-9a-f]+)\b.*)?$")
_NAME = re.compile(r" (?P<section>[.\w$][^\s]*)$")
_MEMBER = re.compile(r"(?P<library>.*)\((?P<object>[^()]+)\)$")
FILL = "*fill*"


class Piece(NamedTuple):
    """`size` bytes at run-time `address`: an input section of an object file; `library` is "" outside archives.

    `output` is the section of the linked program.
    """

    address: int
    size: int
    section: str
    object: str
    library: str
    output: str = ""


class LinkerMap:
    """The pieces by address; `outputs`: (address, size) of each section of the linked program."""

    def __init__(self, pieces: list[Piece], outputs: Mapping[str, tuple[int, int]] | None = None) -> None:
        self.pieces = sorted(pieces)
        self.outputs = dict(outputs or {})
        self._by_output: dict[str, list[Piece]] = {}
        for piece in self.pieces:
            self._by_output.setdefault(piece.output, []).append(piece)

    def at(self, output: str, address: int) -> tuple[Piece | None, int]:
        """The piece of that section of the program that covers an address, and where it ends.

        None where there is none, and the next one's begin, or the end of all memory.
        """
        pieces = self._by_output.get(output, [])
        index = bisect_right(pieces, address, key=lambda piece: piece.address)
        if index and address < (end := pieces[index - 1].address + pieces[index - 1].size):
            return pieces[index - 1], end
        return None, pieces[index].address if index < len(pieces) else 1 << 32


def load_map(path: Path) -> LinkerMap:
    """Read a map file. UsageError where it is none of GNU ld's."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"{path}: cannot read the linker map: {error.strerror or error}") from None
    _, found, body = text.partition(BEGIN)
    pieces, outputs = _pieces(body)
    if not found or not pieces:
        raise UsageError(f"{path}: no map of GNU ld; link with -Wl,-Map=FILE")
    return LinkerMap(pieces, outputs)


def _pieces(body: str) -> tuple[list[Piece], dict[str, tuple[int, int]]]:
    found: list[Piece] = []
    outputs: dict[str, tuple[int, int]] = {}
    name = output = ""
    for line in body.splitlines():
        begun, match = _OUTPUT.match(line), _PIECE.match(line)
        if begun is not None:
            output = begun["name"]
            if begun["size"] is not None:
                outputs[output] = int(begun["address"], 16), int(begun["size"], 16)
        if match is None:
            alone = _NAME.match(line)
            name = alone["section"] if alone is not None else ""
            continue
        section, file = match["section"] or name, match["file"]
        name = ""
        address, size = int(match["address"], 16), int(match["size"], 16)
        if not section:  # of an output section with a long name
            outputs.setdefault(output, (address, size))
        if not size or not section or section == FILL or file is None or file.startswith(("load address", "PROVIDE")):
            continue
        member = _MEMBER.match(file)
        if member is not None:
            found.append(Piece(address, size, section, member["object"], Path(member["library"]).name, output))
        else:
            found.append(Piece(address, size, section, file, "", output))
    return found, outputs
