"""`cmsim arena`: what an interpreter's arena holds, and the smallest that works."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import files, run, storage

if TYPE_CHECKING:
    from ..measure.arena_search import Minimum

DESCRIPTION = """\
Run FIRMWARE until an inference is done, show what its arena holds, and find the smallest arena with which preparing and
the inference still succeed. Nothing is rebuilt: the interpreter's constructor is told another size. docs/arena.md"""


def add_to(commands: Any) -> None:
    """The command's grammar."""
    command = commands.add_parser("arena", help="what the arena holds, and the smallest that works",
                                  description=DESCRIPTION)
    run.add_what_runs(command)
    storage.add_arguments(command, saves=False)
    group = command.add_argument_group("arena")
    group.add_argument("--arena", type=_index, default=0, metavar="N",
                       help="which one, in the order of construction; default 0")
    group.add_argument("--no-minimum", action="store_true", help="run once, do not search")
    command.set_defaults(execute=execute, **run.NOTHING_MORE)


def _index(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 on")
    return int(text)


def execute(options: argparse.Namespace) -> int:
    """Search and show."""
    from ..measure.arena_search import ArenaSearch  # noqa: PLC0415 - loaded only when something runs
    from ..record import to_json  # noqa: PLC0415
    from ..report.terminal import styled  # noqa: PLC0415
    from ..report.text_arena import text  # noqa: PLC0415
    from . import apps  # noqa: PLC0415

    apps.prepare(options)
    began = time.perf_counter()
    search = ArenaSearch(lambda: run.machine(options), inferences=options.inferences or 1,
                         seconds=options.seconds or 60.0, index=options.arena)
    found = search.find(minimum=not options.no_minimum)
    record = _record(found, options.arena)
    print("\n".join(text(record, time.perf_counter() - began, bold=styled(sys.stdout))))
    if options.json is not None:
        files.write(options.json, to_json(record))
    return 0


def _record(found: Minimum, index: int) -> dict[str, Any]:
    machine = found.given.machine
    used = found.given if found.given.worked else found.best
    arena = used.arenas[index].record() | {"base": found.arena.base, "size": found.arena.size}
    return {
        "schema": 1,
        "firmware": Path(machine.image.path).name,
        "board": machine.board.name,
        "index": index,
        "works": found.given.worked,
        "reason": found.given.reason,
        "arena": {**arena, "touched": found.touched},
        "plan": [] if used.machine.arena_plan is None else used.machine.arena_plan.rows,
        "resizable": found.given.resizable,
        "minimum": found.bytes,
        "relocated": found.relocated,
        "tries": found.tries,
    }
