"""Latencies as a table for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..kernel import CPU_HZ
from .terminal import grid, room


def table(latencies: Sequence[Mapping[str, Any]], bold: bool = False) -> list[str]:
    """One row each: how many, and milliseconds; then what never happened."""
    rows = [
        (f"{row['count']:,}", *(_milliseconds(row[key]) for key in ("min", "median", "max")), row["latency"])
        for row in latencies
    ]
    found = grid(("count", "min ms", "median ms", "max ms", "latency"), rows, left=(4,), bold=bold, width=room())
    return found + list(dict.fromkeys(words for row in latencies for words in row["unseen"]))


def _milliseconds(cycles: int | None) -> str:
    return "-" if cycles is None else f"{1000 * cycles / CPU_HZ:,.4f}"
