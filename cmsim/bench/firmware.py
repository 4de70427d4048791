"""The bench firmware (firmware/apps/bench/README.md): finding it, putting a model behind it in flash, what parts cost.

The ELF takes more flash than a model's own firmware would, as it has every operator; so the simulated flash is made as
large as it must be, and `flash_needs` tells what the model's own firmware would take.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from ..boards import find_board
from ..errors import UsageError
from ..image import Image, Region, Segment, load
from ..image.model import Contents
from ..soc import Board
from ..tflite import Model

KERNELS = ("dsp", "reference")
MODEL_ALIGNMENT = 16
LARGEST_FLASH = 0x0080_0000
"""Up to the alias of RAM in the code region."""


@dataclass(frozen=True)
class Firmware:
    """A bench ELF for a board: no model in it yet. `parts` is the content of the .json file beside it."""

    kernels: str
    image: Image
    board: Board
    parts: dict[str, Any]

    def operators(self) -> frozenset[str]:
        """TFLite's names of the operators that it has."""
        return frozenset(self.parts["operators"])

    @property
    def arena_room(self) -> tuple[int, int]:
        """Where an arena can lie: the first address and the bytes up to the stack, both multiples of 16."""
        low, high = (self.image.find(name).address for name in ("__ram_used__", "__StackLimit"))
        low += -low % MODEL_ALIGNMENT
        return low, (high - low) // MODEL_ALIGNMENT * MODEL_ALIGNMENT

    def flash_needs(self, model: Model) -> dict[str, int]:
        """Bytes of flash for a firmware with just this model: model, its kernels, the interpreter, and their sum."""
        sizes: list[int] = [size for _, size in self.parts["sections"]]
        interpreter = set(self.parts["interpreter"])
        kernels: set[int] = set()
        for name, is_custom in model.operator_versions():
            if not is_custom:
                kernels |= set(self.parts["operators"].get(name, ()))
        parts = {
            "model": len(model.content),
            "kernels": sum(sizes[index] for index in kernels - interpreter),
            "interpreter": sum(sizes[index] for index in interpreter),
        }
        return {**parts, "total": sum(parts.values())}

    def place(self, model: Model) -> tuple[Image, Board, int]:
        """The image with the model behind it, a board with enough flash for that, and the model's address."""
        chip = self.board.chip
        flash_end = chip.flash_base + chip.flash_size
        end = max(s.end for s in self.image.segments if s.address < flash_end)
        address = end + -end % MODEL_ALIGNMENT
        needed = address + len(model.content) - chip.flash_base
        if needed > LARGEST_FLASH:
            over = self.flash_needs(model)["total"] - chip.flash_size
            raise UsageError(f"{model.path}: does not fit: it needs {over:,} bytes more flash than the "
                             f"{chip.flash_size:,} of the {chip.title}")
        pages = -(-needed // chip.flash_page)
        board = replace(self.board, chip=replace(chip, flash_size=max(chip.flash_size, pages * chip.flash_page)))
        segments = sorted((*self.image.segments, Segment(address, model.content)), key=lambda segment: segment.address)
        contents = Contents(tuple(segments), sections=self.image.sections, entry=self.image.entry)
        memories = tuple(Region(*region) for region in board.chip.regions)
        image = Image(self.image.path, self.image.format, contents, memories)
        image.symbols = self.image.symbols  # with its indexes: the search for the smallest arena makes many images
        return image, board, address


def prebuilt() -> Path:
    """Where the bench firmware that ships with cmsim lies."""
    from .. import prebuilt as package  # noqa: PLC0415 - packaged from firmware/prebuilt

    return Path(package.__path__[0])


@cache
def load_firmware(kernels: str = "dsp", board: str = "nano33ble-sense", directory: Path | None = None) -> Firmware:
    """`bench-<kernels>.elf` and its .json from `directory` (default: those that ship with cmsim)."""
    if kernels not in KERNELS:
        raise UsageError(f"kernels {kernels!r} are not known; choose {' or '.join(KERNELS)}")
    path = (directory or prebuilt()) / f"bench-{kernels}.elf"
    found = find_board(board)
    parts = path.with_suffix(".json")
    try:
        content = json.loads(parts.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"{parts}: cannot read the sizes of the bench firmware ({error}); reinstall cmsim") from None
    return Firmware(kernels, load(path, memories=found.chip.regions), found, content)
