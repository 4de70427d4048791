"""What the commands have in common: naming a firmware file and where it lies."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..apps import app_path

DEFAULT_BOARD = "nano33ble-sense"


def add_arguments(command: argparse.ArgumentParser) -> None:
    """FIRMWARE, --board, --base, --vector."""
    command.add_argument("firmware", metavar="FIRMWARE", nargs="?",
                         help="ELF, Intel HEX, UF2 or raw binary; default: the gesture application of cmsim")
    command.add_argument("--board", default=DEFAULT_BOARD, metavar="NAME",
                         help="default %(default)s; `cmsim boards` lists all")
    command.add_argument("--base", type=address, metavar="ADDR", help="where a raw binary's first byte lies")
    command.add_argument("--vector", type=address, metavar="ADDR",
                         help="where the vector table lies (default: at 0, or where the image shows it)")


def path(options: argparse.Namespace) -> Path:
    """FIRMWARE, or the gesture application."""
    return app_path("gesture") if options.firmware is None else Path(options.firmware)


def address(text: str) -> int:
    """A number such as 0x26000, for argparse."""
    try:
        value = int(text, 0)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an address such as 0x26000") from None
    if not 0 <= value < 1 << 32:
        raise argparse.ArgumentTypeError(f"{text} is not within the 32-bit address space")
    return value
