"""`cmsim flash`: where the bytes of an image in flash went."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from . import files, firmware, run

DESCRIPTION = """\
Show what takes the flash: sections, symbols, functions, object files (from debug information, or from the linker's
map), libraries (from the map). Every table adds up to the image. docs/flash.md"""


def add_to(commands: Any) -> None:
    """The command's grammar."""
    command = commands.add_parser("flash", help="what takes the flash, by symbol, object or library",
                                  description=DESCRIPTION)
    firmware.add_arguments(command)
    command.add_argument("--map", type=Path, metavar="FILE", help="GNU ld's map of the same link (-Wl,-Map=FILE)")
    command.add_argument("--by", choices=("section", "symbol", "function", "object", "library"), default="symbol",
                         help="default %(default)s")
    command.add_argument("--top", type=run.count, default=30, metavar="N",
                         help="rows of the table; default %(default)s")
    command.add_argument("--json", type=Path, metavar="FILE", help="write all tables there")
    command.set_defaults(execute=execute)


def execute(options: argparse.Namespace) -> int:
    """Print the table."""
    from ..boards import find_board, load_image  # noqa: PLC0415 - `cmsim --version` needs none of it
    from ..image.linker_map import load_map  # noqa: PLC0415
    from ..measure.flash import record, usage  # noqa: PLC0415
    from ..report.short_names import fitting  # noqa: PLC0415
    from ..report.terminal import grid, room, shortened, styled  # noqa: PLC0415

    board = find_board(options.board)
    image = load_image(board, firmware.path(options), options.base)
    linker_map = None if options.map is None else load_map(options.map)
    rows = usage(image, options.by, linker_map)
    if options.json is not None:
        files.write(options.json, json.dumps(record(image, linker_map), indent=1, ensure_ascii=False) + "\n")
    whole = sum(size for _, size in rows)
    shown = rows[: options.top]
    rest = rows[options.top :]
    if rest:
        shown = [*shown, (f"... and {len(rest):,} more", sum(size for _, size in rest))]
    short = shortened if options.by == "object" else fitting
    table = [(f"{size:,}", f"{100 * size / max(whole, 1):.1f} %", short(name)) for name, size in shown]
    print("\n".join(grid(("bytes", "share", options.by), table, left=(2,), bold=styled(sys.stdout), width=room())))
    print(f"{whole:,} of {board.chip.flash_size:,} bytes ({100 * whole / board.chip.flash_size:.1f} %)")
    return 0
