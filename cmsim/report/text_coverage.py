"""Coverage for a terminal: shares, and the largest functions that never ran."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .terminal import grid

NO_LINES = "coverage: the image has no debug information; compile with -g for lines and branches"
MOST = 10
"""Functions that are named."""


def table(coverage: Mapping[str, Any], bold: bool = False) -> list[str]:
    """What ran of lines, branches and functions, and a table if anything never ran."""
    missing = [] if coverage["lines"] else [NO_LINES]
    known = ("functions",) if missing else ("lines", "branches", "functions")
    shares = [(what, f"{coverage[f'{what}_run']:,}", f"{coverage[what]:,}",
               _percent(coverage[f"{what}_run"], coverage[what])) for what in known]
    if not coverage["functions"]:
        return missing
    never = coverage["never"]
    rows = [(f"{row['size']:,}", row["name"]) for row in never[:MOST]]
    if len(never) > MOST:
        rows.append(("", f"... and {len(never) - MOST} more; all: {coverage['never_bytes']:,} bytes"))
    found = grid(("coverage", "ran", "of", "share"), shares, left=(0,), bold=bold)
    return missing + found + (["", *grid(("bytes", "never ran"), rows, left=(1,), bold=bold)] if rows else [])


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else ""
