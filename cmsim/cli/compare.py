"""`cmsim compare`: two records side by side, with limits."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

DESCRIPTION = """\
Show what changed from one record (`cmsim run --json`) to another: totals, memory, operators, functions. Exit code 1
when a limit (--max) is exceeded, 2 when the records cannot be compared. docs/compare.md lists the metrics."""
FORMATS = ("text", "markdown", "junit", "github-action-benchmark", "bencher")


def add_to(commands: Any) -> None:
    """The command's grammar."""
    command = commands.add_parser("compare", help="what changed between two records, and is it too much",
                                  description=DESCRIPTION)
    command.add_argument("base", type=Path, metavar="BASE.json", help="the record before")
    command.add_argument("new", type=Path, metavar="NEW.json", help="the record now")
    command.add_argument("--max", action="append", default=[], type=_limit, metavar="METRIC:LIMIT", dest="limits",
                         help="such as cycles:+1%%, stack_peak:+0, arena_used:4096, operators:+2%%; may be repeated")
    command.add_argument("--format", choices=FORMATS, default="text", help="default %(default)s")
    command.add_argument("--output", type=Path, metavar="FILE", help="write there instead of to standard output")
    command.add_argument("--force", action="store_true",
                         help="compare even if board, timing model or operators differ")
    command.set_defaults(execute=execute)


def _limit(text: str) -> tuple[str, str]:
    name, colon, limit = text.rpartition(":")
    if not colon or not name or not limit:
        raise argparse.ArgumentTypeError(f"{text!r} is not METRIC:LIMIT, such as cycles:+1%")
    return name, limit


def execute(options: argparse.Namespace) -> int:
    """Compare and show; 1 on a breach."""
    from ..compare import LimitError, compare, load_record  # noqa: PLC0415
    from ..report import benchmark_json, compare_markdown, compare_text, junit  # noqa: PLC0415
    from ..report.terminal import styled  # noqa: PLC0415
    from . import complain, files  # noqa: PLC0415 - this package imports this module

    base, new = load_record(options.base), load_record(options.new)
    limits = dict(options.limits)
    if len(limits) < len(options.limits):
        twice = next(name for name in limits if [known for known, _ in options.limits].count(name) > 1)
        raise LimitError(f"--max {twice}: given twice; which limit counts?")
    comparison = compare(base, new, limits, force=options.force)
    match options.format:
        case "text":
            text = compare_text.report(comparison, bold=options.output is None and styled(sys.stdout))
        case "markdown":
            text = compare_markdown.report(comparison)
        case "junit":
            text = junit.report(comparison)
        case "github-action-benchmark":
            text = benchmark_json.github_action_benchmark(comparison)
        case _:
            text = benchmark_json.bencher(comparison)
    if options.output is None:
        sys.stdout.write(text)
    else:
        files.write(options.output, text)
    breaches = comparison.breaches
    if breaches:
        more = f" and {len(breaches) - 1} more" if len(breaches) > 1 else ""
        complain(f"{options.new}: over the limit: {breaches[0].sentence()}{more}")
    return 1 if breaches else 0
