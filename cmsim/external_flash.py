"""The memory chip of the board that the CPU sees through a window: what an image has for the window goes there."""

from __future__ import annotations

from collections.abc import Iterable

from .errors import UsageError
from .image import Image
from .parts import Part, Storage
from .soc import Board, MemoryWindow, Soc


def window(soc: Soc) -> range:
    """Its addresses; none on a chip without one."""
    for row in soc.chip.rows:
        if isinstance(soc.blocks[row.name], MemoryWindow):
            return range(row.base, row.base + row.size)
    return range(0)


def find(parts: Iterable[Part]) -> Storage | None:
    """The chip, if the board has one."""
    return next((part for part in parts if isinstance(part, Storage)), None)


def load(image: Image, soc: Soc, board: Board, parts: Iterable[Part]) -> None:
    """Fill the chip. UsageError for an image that needs one on a board that has none."""
    addresses, chip = window(soc), find(parts)
    for segment in image.segments:
        if segment.address not in addresses:
            continue
        if chip is None:
            raise UsageError(
                f"{image.path}: {len(segment.data)} bytes at 0x{segment.address:08x} are for an external flash, which "
                f"board {board.name} does not have"
            )
        offset = segment.address - addresses.start
        chip.memory[offset : offset + len(segment.data)] = segment.data
