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

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .report import text_profile
from .report.lcov import write_lcov
from .report.perfetto_trace import write_perfetto
from .report.pprof import write_pprof
from .report.timeline_csv import write_timeline_csv
from .whole_file import write_whole

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
    write_whole(path, text_profile.collapsed(record))


def write_speedscope(record: Record, path: str | Path) -> None:
    """For the viewer of that name."""
    write_whole(path, text_profile.speedscope(record))


def write_functions_csv(record: Record, path: str | Path) -> None:
    """All functions, for spreadsheets."""
    write_whole(path, text_profile.table(record))
