"""A comparison as tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from ..compare import Change, Comparison, number, signed
from .terminal import grid, room, style

MOST = 20
"""Rows of what can be many."""


def report(comparison: Comparison, bold: bool = False) -> str:
    """Totals and memory, what changed of each group, breaches."""
    sections = [
        _table("metric", [*comparison.of("total"), *comparison.of("memory")], bold),
        *(_group(comparison, kind, bold) for kind in comparison.groups),
        [f"note: {note}" for note in comparison.notes],
        [style("breach: ", 31, bold) + change.sentence() for change in comparison.breaches] or _verdict(comparison),
    ]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def shown(comparison: Comparison, kind: str) -> list[Change]:
    """Of one kind what moved: all operators, of the others the largest differences."""
    moved = comparison.moved(kind)
    return moved if kind == "operator" else moved[:MOST]


def _group(comparison: Comparison, kind: str, bold: bool) -> list[str]:
    rows = shown(comparison, kind)
    more = len(comparison.moved(kind)) - len(rows)
    return _table(kind, rows, bold) + [f"and {more:,} more that changed less"] * (more > 0)


def _verdict(comparison: Comparison) -> list[str]:
    limited = sum(change.limit is not None for change in comparison.changes)
    if limited:
        return [f"within all limits ({limited} checked)"]
    return ["no limits given (--max METRIC:LIMIT)"]


def _table(title: str, changes: Sequence[Change], bold: bool) -> list[str]:
    if not changes:
        return []
    rows = [
        [change.name.partition("/")[2] or change.name, number(change.base), number(change.new), signed(change.delta),
         change.percent, "over " + change.limit.text if change.breach and change.limit else ""]
        for change in changes
    ]
    return grid([title, "before", "now", "change", "", ""], rows, left=(0, 5), bold=bold, width=room())
