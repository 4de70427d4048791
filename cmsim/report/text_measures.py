"""Regions and stacks of a record as text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .terminal import grid

Record = Mapping[str, Any]


def sections(record: Record, bold: bool = False) -> list[str]:
    """Lines, each section behind an empty one. Stacks only where there are several, or one overflowed."""
    parts = [_regions(record["regions"], bold), _stacks(record["memory"]["stacks"], bold)]
    return [line for part in parts if part for line in ("", *part)]


def _regions(regions: list[Record], bold: bool) -> list[str]:
    if not regions:
        return []
    rows = []
    for region in regions:
        cycles, instructions = region["cycles"], region["instructions"]
        figures = ["-"] * 5
        if cycles is not None:
            figures = [f"{cycles[key]:,.0f}" for key in ("min", "median", "max", "total")]
            figures.append(f"{instructions['total']:,}")
        rows.append([f"{region['passes']:,}", *figures, region["name"]])
    header = ("passes", "min", "median", "max", "cycles", "instructions", "region")
    return grid(header, rows, left=(6,), bold=bold)


def _stacks(stacks: list[Record], bold: bool) -> list[str]:
    overflows = [row for row in stacks if row["overflow"] is not None]
    lines = []
    if len(stacks) > 1 or overflows:
        rows = [[f"{row['peak']:,}", _number(row["size"]), _number(row["free"]), row["name"]] for row in stacks]
        lines = grid(("peak", "of", "free", "stack [bytes]"), rows, left=(3,), bold=bold)
    return lines + [f"stack overflow: {overflow(row)}" for row in overflows]


def overflow(row: Record) -> str:
    """The overflow of one of `memory.stacks`, for people."""
    over = row["overflow"]
    into = f" into {over['into']}" if over["into"] else ""
    where = f"pc 0x{over['pc']:08x}" + (f" in {over['function']}" if over["function"] else "")
    return f"{row['name']} ({row['size']:,} bytes) overflows by {row['limit'] - over['sp']:,} bytes{into} at {where}"


def _number(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"
