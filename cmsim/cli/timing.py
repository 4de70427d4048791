"""`cmsim timing`: what the timing model knows: a function instruction by instruction."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..errors import UsageError
from . import firmware


def add_to(commands: Any) -> None:
    """The command's grammar."""
    command = commands.add_parser("timing", help="look into the timing model",
                                  description="What instructions cost, and why (docs/timing.md).")
    parts = command.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = parts.add_parser("explain", help="each instruction of a function with its cycles and what it waits for",
                               description="List a function: cycles of each instruction, and why it waits.")
    firmware.add_arguments(listing)
    listing.add_argument("--function", required=True, metavar="NAME|ADDR", help="which one")
    listing.add_argument("--cache", choices=("on", "off"), default="on",
                         help="the flash's instruction cache (NVMC.ICACHECNF); default on")
    listing.set_defaults(execute=explain)


def explain(options: argparse.Namespace) -> int:
    """Print the listing."""
    from ..boards import find_board  # noqa: PLC0415 - `cmsim --version` needs none of it
    from ..image import load  # noqa: PLC0415
    from ..timing.explain import explain as listing  # noqa: PLC0415
    from ..timing.model import Code  # noqa: PLC0415
    from ..timing.silicon import Silicon  # noqa: PLC0415

    chip = find_board(options.board).chip
    path = firmware.shipped() if options.firmware is None else Path(options.firmware)
    image = load(path, options.base, chip.regions)
    symbol = image.find(options.function)
    address = symbol.address & ~1
    size = symbol.size or 256
    data = image.read(address, size)
    if data is None:
        raise UsageError(f"{path}: no code at 0x{address:08x} ({options.function}); give a function's name or address")
    code = Code.RAM_ALIAS
    if chip.flash_base <= address < chip.flash_base + chip.flash_size:
        code = Code.FLASH_CACHED if options.cache == "on" else Code.FLASH
    elif chip.ram_base <= address < chip.ram_base + chip.ram_size:
        code = Code.RAM
    print(f"{symbol.demangled}: {size} bytes at 0x{address:08x}")
    for block in listing(data, address, Silicon(), code):
        bounds = "" if block.low == block.high == block.cycles else f", {block.low} to {block.high}"
        refill = f", and {block.refill} more when it branches" if block.refill else ""
        print(f"\nblock 0x{block.lines[0].address:08x}: {_plural(block.cycles)}{bounds}{refill}")
        for line in block.lines:
            why = [f"{reason} {cycles}" for reason, cycles in line.waits] + list(line.notes)
            print(f"  {line.address:08x}  {line.cycles:>3}  {line.text:<36}{'; '.join(why)}".rstrip())
    return 0


def _plural(cycles: int) -> str:
    return f"{cycles} cycle" + "s" * (cycles != 1)
