"""`cmsim boards`: what there is to run firmware on."""

from __future__ import annotations

import argparse
import textwrap
from typing import Any

from ..report.terminal import WIDTH


def add_to(commands: Any) -> None:
    """The command's grammar."""
    command = commands.add_parser("boards", help="list the boards", description="List the boards that are installed.")
    command.set_defaults(execute=execute)


def execute(options: argparse.Namespace) -> int:
    """Print one paragraph a board."""
    from ..boards import board_names, find_board, find_part  # noqa: PLC0415 - `cmsim --version` needs none of it

    for name in board_names():
        board = find_board(name)
        chip = board.chip
        print(f"{name}\n  {board.title}: {chip.title}, {chip.memory_title}")
        print(f"  console {board.console}")
        if board.buttons:
            print(f"  buttons {', '.join(board.buttons)}")
        for part in board.parts:
            model = find_part(part.model)
            channels = getattr(model, "channels", {})
            where = f" on {part.bus}" if part.bus else ""
            plugged = ", plugged in by that option" if part.optional else ""
            if part.stimulus:
                fed = f", fed by --{part.stimulus}{plugged}"
            elif channels:
                fed = f", fed by --sensor {part.name}"
            elif hasattr(model, "load"):
                fed = ", filled by --external-flash"
            else:
                fed = ", fed by --audio" if part.pdm else ""
            print(f"  {part.name}: {part.model}{where}{fed}")
            sensed = " ".join(f"{channel} [{unit}],".replace(" ", "\0") for channel, (unit, _) in channels.items())
            for line in textwrap.wrap(sensed.rstrip(","), WIDTH - 5):
                print("    " + line.replace("\0", " "))
    return 0
