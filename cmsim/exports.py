"""Files for other tools, from Python: each function takes what was measured and a path.

    machine = cmsim.Machine("app.elf", profile=True, timeline=True, coverage=True)
    machine.run(seconds=2)
    exports.write_perfetto(machine.timeline, "app.pftrace")
    exports.write_lcov(machine.coverage, "app.info")
    exports.write_pprof(machine.record, "app.pb.gz")

A record (docs/record.md) must have `profile` for `write_pprof`, `write_speedscope`, `write_collapsed` and
`write_functions_csv`. All raise UsageError where the file cannot be written. A VCD is recorded while the machine runs:
`cmsim.report.vcd.VcdRecorder`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .errors import UsageError
from .report import text_profile
from .report.lcov import write_lcov
from .report.perfetto_trace import write_perfetto
from .report.pprof import write_pprof
from .report.timeline_csv import write_timeline_csv

__all__ = [
    "write_collapsed",
    "write_functions_csv",
    "write_lcov",
    "write_perfetto",
    "write_pprof",
    "write_speedscope",
    "write_timeline_csv",
]

Record = Mapping[str, Any]


def write_collapsed(record: Record, path: str | Path) -> None:
    """One line a call path, for flame-graph scripts."""
    _write(text_profile.collapsed, record, path)


def write_speedscope(record: Record, path: str | Path) -> None:
    """For the viewer of that name."""
    _write(text_profile.speedscope, record, path)


def write_functions_csv(record: Record, path: str | Path) -> None:
    """All functions, for spreadsheets."""
    _write(text_profile.table, record, path)


def _write(export: Callable[[Record], str], record: Record, path: str | Path) -> None:
    try:
        Path(path).write_text(export(record), encoding="utf-8", newline="")
    except OSError as error:
        raise UsageError(f"{path}: cannot write there: {error.strerror or error}") from None
