"""Intel HEX: text records ":", count, address, type, data, checksum.

Follows Intel's Hexadecimal Object File Format Specification (1988), record types 00 to 05, and the micro:bit Universal
Hex specification 0.4, types 0A to 0E: blocks of records for several boards in one file.

Not modelled: the wrap-around within a 64 KB segment that type 02 defines; a record that would need it is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cmsim.image.model import Chunk, Contents, ImageError, join

DATA, END_OF_FILE, SEGMENT_BASE, START_SEGMENT, LINEAR_BASE, START_LINEAR = range(6)
BLOCK_START, BLOCK_END, PADDING, CUSTOM_DATA, OTHER_DATA = range(0x0A, 0x0F)

_LENGTHS = {END_OF_FILE: 0, SEGMENT_BASE: 2, START_SEGMENT: 4, LINEAR_BASE: 2, START_LINEAR: 4}
_FIRST_LINE = re.compile(rb"\s*:[0-9A-Fa-f]{2,}\s*(\n|\r|$)")


def recognise(data: bytes) -> bool:
    """Whether the file's first line that is not blank is a colon with hexadecimal digits."""
    return bool(_FIRST_LINE.match(data.removeprefix(b"\xef\xbb\xbf")))


def parse(data: bytes, block: int | None = None) -> Contents:
    """The bytes of all records; of a Universal Hex, those in blocks for the board id `block` (None: the only one)."""
    state = _State()
    lines = data.removeprefix(b"\xef\xbb\xbf").splitlines()
    for number, line in enumerate(lines, start=1):
        if record := line.strip():
            try:
                state.take(number, *_record(record))
            except ImageError as error:
                raise ImageError(f"line {number}: {error}") from None
    if not state.ended:
        raise ImageError(f"line {len(lines)}: the end-of-file record is missing: the file is truncated")
    segments = join(state.chosen(block))
    if not segments:
        raise ImageError("Intel HEX without any data: nothing to load")
    return Contents(segments, entry=state.entry)


def _record(text: bytes) -> tuple[int, int, bytes]:
    """Type, 16-bit address and data of one record."""
    if not text.startswith(b":"):
        raise ImageError(f"a record begins with ':', not {text[:8].decode('ascii', 'backslashreplace')!r}")
    try:
        raw = bytes.fromhex(text[1:].decode("ascii"))
    except ValueError:
        raise ImageError("not a record of hexadecimal digit pairs: the file is damaged") from None
    if len(raw) < 5 or len(raw) != raw[0] + 5:
        announced = f", which announces {raw[0]} data bytes" if raw else ""
        raise ImageError(f"a record of {len(raw)} bytes{announced}, is too short or too long: the file is damaged")
    if sum(raw) & 0xFF:
        expected = -sum(raw[:-1]) & 0xFF
        raise ImageError(f"checksum 0x{raw[-1]:02X} should be 0x{expected:02X}: the file is damaged")
    return raw[3], raw[1] << 8 | raw[2], raw[4:-1]


@dataclass
class _State:
    """What the records read so far have set up."""

    base: int = 0
    segmented: bool = False
    board: int | None = None
    ended: bool = False
    entry: int | None = None
    chunks: dict[int | None, list[Chunk]] = field(default_factory=dict)
    """By board id; None for records outside any block."""

    def take(self, line: int, kind: int, address: int, data: bytes) -> None:
        if self.ended:
            raise ImageError("a record after the end-of-file record: the file is damaged or two files were joined")
        if len(data) != _LENGTHS.get(kind, len(data)):
            raise ImageError(f"a record of type {kind:02X} has {_LENGTHS[kind]} data bytes, not {len(data)}")
        value = int.from_bytes(data, "big")
        if kind in (DATA, CUSTOM_DATA):
            self._data(line, address, data)
        elif kind == END_OF_FILE:
            self.ended = True
        elif kind in (SEGMENT_BASE, LINEAR_BASE):
            self.segmented = kind == SEGMENT_BASE
            self.base = value << (4 if self.segmented else 16)
        elif kind == START_SEGMENT:
            self.entry = ((value >> 16) << 4) + (value & 0xFFFF)
        elif kind == START_LINEAR:
            self.entry = value
        elif kind == BLOCK_START:
            if len(data) < 2:
                raise ImageError("a block start record without a board id: the file is damaged")
            self.board = int.from_bytes(data[:2], "big")
        elif kind == BLOCK_END:
            self.board = None
        elif kind not in (PADDING, OTHER_DATA):
            raise ImageError(f"unknown record type {kind:02X}: only Intel HEX and micro:bit Universal Hex are known")

    def _data(self, line: int, address: int, data: bytes) -> None:
        if self.segmented and address + len(data) > 0x1_0000:
            raise ImageError("the data runs past the end of its 64 KB segment, which cmsim does not support")
        self.chunks.setdefault(self.board, []).append(Chunk(self.base + address, data, f"line {line}"))

    def chosen(self, block: int | None) -> list[Chunk]:
        """The data that `block` names; a plain Intel HEX file has no blocks, and then any board may have it."""
        boards = [board for board in self.chunks if board is not None]
        if not boards:
            return self.chunks.get(None, [])
        if None in self.chunks:
            where = self.chunks[None][0].where
            raise ImageError(f"{where}: data outside the blocks of a Universal Hex: the file is damaged")
        names = ", ".join(f"0x{board:04X}" for board in sorted(boards))
        if block is None and len(boards) > 1:
            raise ImageError(f"a Universal Hex for several boards ({names}): choose one by --board, or give one's HEX")
        if block is not None and block not in boards:
            raise ImageError(f"a Universal Hex for the boards {names}, not 0x{block:04X}: take the file for this board")
        return self.chunks[boards[0] if block is None else block]
