"""Firmware images: bytes at addresses, plus symbols, sections and a line table.

Nothing else in cmsim knows a file format. `load` recognises the format by the content:

    image = load("gesture.elf")
    image.find("tflite::MicroInterpreter::Invoke").address
    image.line(0x1234)                      # SourceLine(file, line) or None
    vector_table(image).reset               # where execution starts

ELF follows the System V ABI with the ELF for the Arm Architecture supplement, Intel HEX the 1988 specification plus the
micro:bit's Universal Hex 0.4, UF2 Microsoft's specification.

Not modelled: encrypted or compressed images, DFU zip packages, S-records, scatter-loading tables, ELF files of other
machines, separate debug files (`.gnu_debuglink`), split DWARF (`.dwo`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from cmsim.image import elf, intel_hex, raw, uf2
from cmsim.image.layout import Bounds
from cmsim.image.lines import LineTable, SourceLine
from cmsim.image.model import MEMORIES, Contents, Image, ImageError, Region, Section, Segment
from cmsim.image.symbols import Symbol, SymbolTable, demangle
from cmsim.image.vectors import VectorTable, vector_table

__all__ = [
    "MEMORIES",
    "Bounds",
    "Image",
    "ImageError",
    "LineTable",
    "Region",
    "Section",
    "Segment",
    "SourceLine",
    "Symbol",
    "SymbolTable",
    "VectorTable",
    "demangle",
    "load",
    "load_bytes",
    "vector_table",
]


def load(
    path: str | os.PathLike[str],
    base: int | None = None,
    memories: Iterable[tuple[str, int, int]] = MEMORIES,
    *,
    uf2_family: int | None = uf2.NRF52840,
    hex_block: int | None = None,
) -> Image:
    """Read a firmware file; the format is recognised by its content.

    `base` is the address of a raw binary's first byte, and is refused for every other format. `memories` lists the
    (name, base, size in bytes) of all memory that an image may fill; the names "flash" and "ram" mean what they say.
    `uf2_family` (None: any) and `hex_block` (None: the only one) pick this chip's part of a file made for several.
    Raises `ImageError` with one line that says what is wrong and what to do.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ImageError(f"{os.fspath(path)}: cannot read the firmware file: {error.strerror or error}") from None
    return load_bytes(data, os.fspath(path), base, memories, uf2_family=uf2_family, hex_block=hex_block)


def load_bytes(
    data: bytes,
    path: str,
    base: int | None = None,
    memories: Iterable[tuple[str, int, int]] = MEMORIES,
    *,
    uf2_family: int | None = uf2.NRF52840,
    hex_block: int | None = None,
) -> Image:
    """`load` for a file's content that is already in memory; `path` only names it in messages."""
    try:
        format_, contents = _parse(data, path, base, uf2_family, hex_block)
        return Image(path, format_, contents, tuple(Region(*memory) for memory in memories))
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from None


def _parse(
    data: bytes, path: str, base: int | None, uf2_family: int | None, hex_block: int | None
) -> tuple[str, Contents]:
    if not data:
        raise ImageError("the file is empty")
    if elf.recognise(data):
        format_, parse = "ELF", partial(elf.parse, data)
    elif uf2.recognise(data):
        format_, parse = "UF2", partial(uf2.parse, data, uf2_family)
    elif intel_hex.recognise(data):
        format_, parse = "Intel HEX", partial(intel_hex.parse, data, hex_block)
    else:
        return "binary", raw.parse(data, base, Path(path).suffix)
    if base is not None:
        raise ImageError(f"a base address is for raw binaries; this {format_} file has its own addresses: drop --base")
    return format_, parse()
