"""Options of `cmsim run` and `cmsim profile` for what happened when (timeline, latencies), and for what ran at all."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from . import files

if TYPE_CHECKING:
    from ..machine import Machine
    from ..measure.timeline import Timeline

FORMATS = (".pftrace", ".csv", ".json")
BY_COUNTS = ("line", "object", "inlined")
"""Of `cmsim profile --by`, what needs blocks to be counted."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """The grammar."""
    group = command.add_argument_group("what happened when (docs/timeline.md)")
    group.add_argument("--timeline", type=Path, metavar="FILE",
                       help="write interrupts, threads, operators, transfers, pins, text, samples: "
                            "Perfetto (.pftrace), .csv or .json")
    command.add_argument("--coverage", type=Path, metavar="FILE.info",
                         help="write which lines, branches and functions ran, as LCOV reads it (docs/profile.md)")
    group.add_argument("--latency", action="append", default=[], metavar="FROM,TO",
                       help="time from one thing on the timeline to another; may be given several times")


def wanted(options: argparse.Namespace) -> dict[str, Any]:
    """What `Machine` must be asked for. UsageError for a file of no known format."""
    path = options.timeline
    if path is not None and path.suffix not in FORMATS:
        raise UsageError(f"--timeline {path}: the name must end in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
    return {
        "timeline": path is not None or options.html is not None,
        "latencies": options.latency,
        "lines": getattr(options, "by", None) in BY_COUNTS,
        "coverage": options.coverage is not None,
    }


def write(machine: Machine, options: argparse.Namespace) -> None:
    """Write the files that were asked for."""
    if options.timeline is not None:
        files.write(options.timeline, _content(machine.timeline, options.timeline.suffix))
    if machine.coverage is not None:
        from ..report.lcov import lcov  # noqa: PLC0415

        files.write(options.coverage, lcov(machine.coverage, Path(machine.image.path).stem))


def show(record: Mapping[str, Any], bold: bool) -> None:
    """Print the latencies and what was covered."""
    from ..report import text_coverage, text_latency  # noqa: PLC0415 - only when something has run

    if record.get("latencies"):
        print("\n" + "\n".join(text_latency.table(record["latencies"], bold)), flush=True)
    if "coverage" in record:
        print("\n" + "\n".join(text_coverage.table(record["coverage"], bold)), flush=True)


def _content(timeline: Timeline | None, suffix: str) -> str | bytes:
    from ..report.timeline_csv import timeline_csv  # noqa: PLC0415

    assert timeline is not None
    if suffix == ".csv":
        return timeline_csv(timeline)
    if suffix == ".json":
        return json.dumps(timeline.to_record(), ensure_ascii=False) + "\n"
    from ..report.perfetto_trace import perfetto_trace  # noqa: PLC0415 - its classes take 0.2 s to load

    return perfetto_trace(timeline)
