"""Coverage for a terminal: shares, and the largest functions that never ran."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .terminal import grid

MOST = 10
"""Functions that are named."""


def table(coverage: Mapping[str, Any], bold: bool = False) -> list[str]:
    """What ran of lines, branches and functions, and a table if anything never ran."""
    shares = [(what, f"{coverage[f'{what}_run']:,}", f"{coverage[what]:,}",
               _percent(coverage[f"{what}_run"], coverage[what])) for what in ("lines", "branches", "functions")]
    if not coverage["lines"]:
        return ["coverage: the image has no debug information; compile with -g"]
    never = coverage["never"]
    rows = [(f"{row['size']:,}", row["name"]) for row in never[:MOST]]
    if len(never) > MOST:
        rows.append(("", f"... and {len(never) - MOST} more; all: {coverage['never_bytes']:,} bytes"))
    found = grid(("coverage", "ran", "of", "share"), shares, left=(0,), bold=bold)
    return found + (["", *grid(("bytes", "never ran"), rows, left=(1,), bold=bold)] if rows else [])


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else ""
