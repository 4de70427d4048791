"""What each operator costs in flash: the sections that the linker keeps for it.

    flash_costs.py RESULT.json OBJECT_OR_ARCHIVE...

From an operator's registration it follows the relocations, as the linker's garbage collection does. Of several objects
that define a symbol the first counts, as with archives. Gaps from alignment are not counted.
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import SymbolTableSection

REGISTRATION = re.compile(r"^_ZN5cmsim2opL?\d+([A-Z0-9_]+)E$")
INTERPRETER = re.compile(r"^_ZN5cmsim11Interpreter(C[12]E|7prepareEv|6invokeEv|5resetEv)")
EXIDX = ".ARM.exidx"


@dataclass
class Section:
    """A section of an object that takes memory, and the symbols it refers to."""

    name: str
    size: int
    refers: list[str] = field(default_factory=list)
    local: list[Section] = field(default_factory=list)


def members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each object of an archive (`ar`), or of the one that the file is."""
    data = path.read_bytes()
    if not data.startswith(b"!<arch>\n"):
        yield f"{path.parent.name}/{path.name.removesuffix('.obj').removesuffix('.o')}", data
        return
    position = 8
    while position + 60 <= len(data):
        name, size = data[position : position + 16], int(data[position + 48 : position + 58])
        body = data[position + 60 : position + 60 + size]
        if body.startswith(b"\x7fELF"):
            yield f"{path.stem}/{name.decode().strip().rstrip('/')}", body
        position += 60 + size + size % 2


def read(name: str, data: bytes) -> dict[str, Section]:
    """The sections that define the global symbols of an object, by symbol."""
    symbols: dict[str, Section] = {}
    elf = ELFFile(io.BytesIO(data))
    sections: dict[int, Section] = {}
    for index, section in enumerate(elf.iter_sections()):
        if section["sh_flags"] & SH_FLAGS.SHF_ALLOC and not section.name.startswith(EXIDX):
            sections[index] = Section(f"{name}:{section.name}",
                                      0 if section["sh_type"] == "SHT_NOBITS" else section["sh_size"])
    table: Any = next(s for s in elf.iter_sections() if isinstance(s, SymbolTableSection))
    listed = list(table.iter_symbols())
    for symbol in listed:
        if symbol["st_info"]["bind"] != "STB_LOCAL" and symbol["st_shndx"] in sections:
            symbols[symbol.name] = sections[symbol["st_shndx"]]
    for section in elf.iter_sections():
        if not isinstance(section, RelocationSection) or section["sh_info"] not in sections:
            continue
        source = sections[section["sh_info"]]
        for relocation in section.iter_relocations():
            symbol = listed[relocation["r_info_sym"]]
            if symbol["st_shndx"] in sections and symbol["st_info"]["bind"] == "STB_LOCAL":
                source.local.append(sections[symbol["st_shndx"]])
            elif symbol.name:
                source.refers.append(symbol.name)
    return symbols


def reach(roots: Iterable[Section], symbols: dict[str, Section]) -> dict[int, Section]:
    """What is kept for `roots`: sections by identity."""
    kept: dict[int, Section] = {}
    waiting = list(roots)
    while waiting:
        section = waiting.pop()
        if id(section) in kept:
            continue
        kept[id(section)] = section
        waiting += section.local
        waiting += [symbols[name] for name in section.refers if name in symbols]
    return kept


def main(arguments: list[str]) -> None:
    """See the module's docstring."""
    result, *files = arguments
    symbols: dict[str, Section] = {}
    for path in files:
        for name, data in members(Path(path)):
            for symbol, section in read(name, data).items():
                symbols.setdefault(symbol, section)
    listed: list[Section] = []
    numbers: dict[int, int] = {}

    def number(kept: dict[int, Section]) -> list[int]:
        for identity, section in kept.items():
            if identity not in numbers and section.size:
                numbers[identity] = len(listed)
                listed.append(section)
        return sorted(numbers[identity] for identity in kept if identity in numbers)

    roots = [section for symbol, section in symbols.items() if INTERPRETER.match(symbol)]
    interpreter = number(reach(roots, symbols))
    operators = {}
    for symbol in sorted(symbols):
        found = REGISTRATION.match(symbol)
        if found:
            operators[found[1]] = number(reach([symbols[symbol]], symbols))
    costs = {"sections": [[section.name, section.size] for section in listed], "operators": operators,
             "interpreter": interpreter}
    Path(result).write_text(json.dumps(costs, indent=None, separators=(",", ":"), sort_keys=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
