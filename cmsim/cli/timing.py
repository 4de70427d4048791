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
    fit = parts.add_parser("calibrate", help="compare a board's log of microbench with the simulator",
                           description="Compare a board's log of microbench.elf with the simulator's by kernel, "
                                       "and fit the open figures of the timing model (docs/timing.md).")
    fit.add_argument("log", metavar="BOARD_LOG", help="what the board printed over its UART")
    fit.add_argument("--microbench", required=True, metavar="ELF", help="the microbench.elf that the board ran")
    fit.add_argument("--no-fit", action="store_true", help="compare only")
    fit.set_defaults(execute=calibrate)


def explain(options: argparse.Namespace) -> int:
    """Print the listing."""
    from ..boards import find_board, load_image  # noqa: PLC0415 - `cmsim --version` needs none of it
    from ..timing.explain import explain as listing  # noqa: PLC0415
    from ..timing.model import Code  # noqa: PLC0415
    from ..timing.silicon import Silicon  # noqa: PLC0415

    board = find_board(options.board)
    chip = board.chip
    path = firmware.path(options)
    image = load_image(board, path, options.base)
    symbol = image.find_code(options.function)
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
        branch = "when it branches" if block.conditional else "for its branch"
        refill = f", and {block.refill} more {branch}" if block.refill else ""
        print(f"\nblock 0x{block.lines[0].address:08x}: {_plural(block.cycles)}{bounds}{refill}")
        for line in block.lines:
            why = [f"{reason} {cycles}" for reason, cycles in line.waits] + list(line.notes)
            print(f"  {line.address:08x}  {line.cycles:>3}  {line.text:<36}{'; '.join(why)}".rstrip())
    return 0


def calibrate(options: argparse.Namespace) -> int:
    """Print the comparison and what the board wants otherwise."""
    from ..timing import calibrate as calibration  # noqa: PLC0415

    try:
        log = Path(options.log).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"{options.log}: cannot read the log: {error.strerror or error}") from None
    elf = Path(options.microbench)
    rerun = None if options.no_fit else lambda parameters: calibration.kernels(elf, parameters)
    try:
        calibration.parse_log(log)  # its errors before the runs, which take seconds
        report = calibration.calibrate(log, calibration.bounds(elf), rerun=rerun)
    except calibration.LogError as error:
        raise UsageError(f"{options.log}: {error}") from None
    print(report.text())
    return 0


def _plural(cycles: int) -> str:
    return f"{cycles} cycle" + "s" * (cycles != 1)
