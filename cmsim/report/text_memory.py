"""Heap, leaks, drift and charge of a record as text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..measure.faults import callers
from . import text_energy
from .short_names import short_name
from .terminal import grid, room, shortened

Record = Mapping[str, Any]
MOST_SITES, MOST_CALLERS = 20, 3
UNITS = {"cycles": "cycles of an inference", "stack_peak": "stack peak [bytes]", "heap_live": "heap in use [bytes]"}


def sections(record: Record, bold: bool = False) -> list[str]:
    """Lines, each section behind an empty one; nothing where the firmware has no heap and nobody asked."""
    heap, drift = record.get("heap"), record.get("drift")
    parts = [_heap(heap), _late(heap), _leaks(heap, bold), _drift(drift, bold)]
    return [line for part in parts if part for line in ("", *part)] + text_energy.lines(record, bold)


def _heap(heap: Record | None) -> list[str]:
    if not heap or not (heap["allocations"] or heap["failed"]):
        return []
    failed = f", {heap['failed']:,} failed" if heap["failed"] else ""
    lines = [f"heap: {heap['live']:,} bytes in {_plural(heap['blocks'], 'block')} at the end, peak {heap['peak']:,}; "
             f"{_plural(heap['allocations'], 'allocation')}{failed}"]  # fmt: skip
    if heap["fragmentation"] is not None:
        lines.append(f"  {heap['reserved']:,} bytes reserved; largest free piece {heap['largest_free']:,}, "
                     f"fragmentation {100 * heap['fragmentation']:.0f} %")
    return lines


def _late(heap: Record | None) -> list[str]:
    checked = heap["no_allocation_after"] if heap else None
    if checked is None or checked["violation"] is None:
        return []
    late = checked["violation"]
    return [f"allocated after {checked['point']!r}: {late['size']:,} bytes, cycle {late['cycle']:,}",
            *callers(late["stack"])]  # fmt: skip


def _leaks(heap: Record | None, bold: bool) -> list[str]:
    leaks = heap["leaks"] if heap else None
    if leaks is None:
        return []
    if not leaks["blocks"]:
        return ["leaks: none"]
    rows: list[Sequence[str]] = []
    for site in leaks["sites"][:MOST_SITES]:
        rows.append((f"{site['bytes']:,}", f"{site['blocks']:,}", _where(site)))
        rows += [("", "", f"  called from {_where(frame)}") for frame in site["stack"][:MOST_CALLERS]]
    if len(leaks["sites"]) > MOST_SITES:
        rows.append(("", "", f"... and {len(leaks['sites']) - MOST_SITES} more"))
    title = f"leaks: {leaks['bytes']:,} bytes in {_plural(leaks['blocks'], 'block')}"
    return [title, *grid(("bytes", "blocks", "allocated by"), rows, left=(2,), bold=bold, width=room())]


def _drift(drift: Record | None, bold: bool) -> list[str]:
    if drift is None:
        return []
    rows: list[Sequence[str]] = []
    for key, title in UNITS.items():
        change = drift[key]
        if change is not None:
            rows.append([title, *(f"{change[name]:,.0f}" for name in ("first", "last")), f"{change['change']:+,.1f}",
                         f"{change['least']:,} to {change['most']:,}"])  # fmt: skip
    if not rows:
        return ["drift: no inference and no heap to follow"]
    title = f"drift over {_plural(drift['inferences'], 'inference')}" if drift["inferences"] else "drift over the run"
    return [title, *grid(("", "first quarter", "last quarter", "change", "range"), rows, left=(0,), bold=bold)]


def _where(site: Record) -> str:
    function = short_name(site["function"] or f"0x{site['address']:08x}")
    return f"{function} ({shortened(site['source'])})" if site["source"] else function


def _plural(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
