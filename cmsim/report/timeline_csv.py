"""A timeline as a table, one row an event: for spreadsheets and data frames."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from ..kernel import CPU_HZ
from ..measure.timeline import Timeline
from ..whole_file import write_whole

COLUMNS = ("cycle", "cycles", "seconds", "kind", "track", "name", "ended")


def timeline_csv(timeline: Timeline) -> str:
    """All events in the order in which they began; `ended` is 0 for what still lasted."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    events = [(e, track) for track in timeline.tracks for e in track.events]
    for e, track in sorted(events, key=lambda found: found[0].cycle):
        seconds = f"{e.cycle / CPU_HZ:.9f}"
        writer.writerow((e.cycle, e.cycles, seconds, str(track.kind), track.title, e.name, int(e.ended)))
    return text.getvalue()


def write_timeline_csv(timeline: Timeline, path: str | Path) -> None:
    """Write the table. UsageError if it cannot be written."""
    write_whole(path, timeline_csv(timeline))
