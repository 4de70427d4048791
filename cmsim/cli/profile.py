"""`cmsim profile`: run firmware and show where its cycles went."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from . import files, html, measuring, memory, run, tracing

DESCRIPTION = """\
Run FIRMWARE as `cmsim run` does, and show where its cycles went: every one of them, without sampling. The number of
cycles is that of `cmsim run`. docs/profile.md tells what the figures mean."""
FORMATS = ("collapsed", "speedscope", "csv", "pprof")


def add_to(commands: Any) -> None:
    """The command's grammar."""
    command = commands.add_parser("profile", help="where the cycles went: functions, call paths, operators",
                                  description=DESCRIPTION)
    run.add_options(command)
    shown = command.add_argument_group("profile")
    shown.add_argument("--top", type=run.count, default=20, metavar="N", help="rows of the table; default %(default)s")
    shown.add_argument("--by", choices=("function", "operator", *tracing.BY_COUNTS), default="function",
                       help="default %(default)s")
    shown.add_argument("--export", action="append", default=[], type=_export, metavar="FORMAT=FILE",
                       help=f"write the profile there, too: {', '.join(FORMATS)}; may be given several times")
    command.set_defaults(execute=execute, profile=True)


def _export(text: str) -> tuple[str, Path]:
    name, _, file = text.partition("=")
    if name not in FORMATS or not file:
        raise argparse.ArgumentTypeError(f"{text!r} is not FORMAT=FILE with one of {', '.join(FORMATS)}")
    return name, Path(file)


def execute(options: argparse.Namespace) -> int:
    """Run, show the table, write the files; the exit code tells whether the goal was reached."""
    from ..record import to_json  # noqa: PLC0415 - Unicorn and numpy are loaded only when something runs
    from ..report import text_faults  # noqa: PLC0415
    from ..report.terminal import styled, summary  # noqa: PLC0415
    from ..report.text_profile import EXPORTS, TABLES  # noqa: PLC0415

    performed = run.perform(options)
    record = performed.machine.record
    print("\n" + "\n".join(TABLES[options.by](record, options.top, styled(sys.stdout))))
    memory.show(record, styled(sys.stdout))
    measuring.show(record, styled(sys.stdout))
    tracing.show(record, styled(sys.stdout))
    print("\n" + "\n".join((*text_faults.report(record), summary(record))), flush=True)
    for name, path in options.export:
        files.write(path, EXPORTS[name](record))
    html.write(record, options)
    if options.json is not None:
        files.write(options.json, to_json(record))
    return run.conclude(performed, options)
