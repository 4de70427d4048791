"""Coverage for a terminal: shares, and the largest functions that never ran."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .terminal import grid

MOST = 10
"""Functions that are named."""


def table(coverage: Mapping[str, Any], bold: bool = False) -> list[str]:
    """One line of shares, and a table if anything never ran."""
    shares = ", ".join(
        f"{what} {coverage[f'{what}_run']:,} of {coverage[what]:,}{_percent(coverage[f'{what}_run'], coverage[what])}"
        for what in ("lines", "branches", "functions")
    )
    if not coverage["lines"]:
        return ["coverage: the image has no debug information; compile with -g"]
    never = coverage["never"]
    rows = [(f"{row['size']:,}", row["name"]) for row in never[:MOST]]
    if len(never) > MOST:
        rows.append(("", f"... and {len(never) - MOST} more; all: {coverage['never_bytes']:,} bytes"))
    return [f"coverage: {shares}"] + (["", *grid(("bytes", "never ran"), rows, left=(1,), bold=bold)] if rows else [])


def _percent(part: int, whole: int) -> str:
    return f" ({100 * part / whole:.1f} %)" if whole else ""
