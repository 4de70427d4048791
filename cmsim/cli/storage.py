"""Options of `cmsim run` for memory chips on the board: what the external flash holds before the run, and after it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError

if TYPE_CHECKING:
    from ..machine import Machine
    from ..parts import Storage


def add_arguments(command: argparse.ArgumentParser, *, saves: bool = True) -> None:
    """The grammar; `saves`: whether the command can write down what the chip holds at the end."""
    group = command.add_argument_group("external flash (nrf52840dk: MX25R6435F, 8 MB)")
    group.add_argument("--external-flash", type=Path, metavar="FILE", help="what the chip holds; erased if not said")
    if saves:
        group.add_argument("--save-external-flash", type=Path, metavar="FILE",
                           help="write there what it holds at the end")
    else:
        command.set_defaults(save_external_flash=None)


def attach(machine: Machine, options: argparse.Namespace) -> None:
    """Fill the chip. UsageError for a board without one, and for a file that cannot be read."""
    from ..external_flash import load  # noqa: PLC0415 - Unicorn and numpy are loaded only when something runs

    if options.external_flash is not None:
        _chip(machine, "--external-flash").load(options.external_flash)
        load(machine.image, machine.soc, machine.board, machine.parts.values())  # on top of it
    if options.save_external_flash is not None:
        _chip(machine, "--save-external-flash")


def write(machine: Machine, options: argparse.Namespace) -> None:
    """The file that was asked for."""
    if options.save_external_flash is not None:
        _chip(machine, "--save-external-flash").save(options.save_external_flash)


def _chip(machine: Machine, option: str) -> Storage:
    from ..external_flash import find  # noqa: PLC0415 - as above

    chip = find(machine.parts.values())
    if chip is not None:
        return chip
    raise UsageError(f"{option}: board {machine.board.name} has no external flash")
