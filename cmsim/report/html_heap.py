"""The heap in numbers, what was allocated too late or never freed, and what drifts over a long run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from .duration import duration
from .html_flame import cut
from .html_page import Bar, Row, definitions, kilobytes, percent, table
from .short_names import short_name
from .text_memory import MOST_SITES, UNITS

Record = Mapping[str, Any]
LONGEST_NAME, MOST_CALLERS = 80, 8


def heap(record: Record) -> Iterator[str]:
    """What was in use and how it is scattered; nothing where nobody allocated or tried to."""
    found = record.get("heap")
    if not found or not (found["allocations"] or found["failed"] or found["leaks"]):
        return
    yield from _late(found["no_allocation_after"])
    facts = [("allocations", f"{found['allocations']:,}"), ("that failed", f"{found['failed']:,}"),
             ("in use at the end", f"{found['live']:,} bytes in {found['blocks']:,} blocks"),
             ("most in use at a time", f"{found['peak']:,} bytes")]
    if found["fragmentation"] is not None:
        facts += [("reserved", kilobytes(found["reserved"])), ("largest free piece", kilobytes(found["largest_free"])),
                  ("fragmentation", percent(found["fragmentation"], 1))]
    yield f'<div class="panel">{definitions(facts)}</div>'
    if found["leaks"]:
        yield from _leaks(found["leaks"])


def _late(checked: Record | None) -> Iterator[str]:
    """An allocation after which there should have been none."""
    if checked and checked["violation"]:
        late = checked["violation"]
        yield (f'<p class="note"><span class="bad">Allocated after {escape(checked["point"])}:</span> '
               f"{late['size']:,} bytes, at {duration(late['cycle'])}: {escape(_path(late['stack']))}</p>")


def _leaks(leaks: Record) -> Iterator[str]:
    """Where what was not freed came from; the longest list is cut."""
    if not leaks["blocks"]:
        yield '<p class="faint">Nothing was allocated between the two points and stayed.</p>'
        return
    rows = []
    for site in leaks["sites"][:MOST_SITES]:
        path = _path(site["stack"])
        rows.append(Row([_place(site), Bar(site["bytes"], leaks["bytes"], f"{site['bytes']:,}"), f"{site['blocks']:,}",
                         path], f"{_place(site)} ← {path}"))
    yield f"<h3>Leaks: {leaks['bytes']:,} bytes in {leaks['blocks']:,} blocks</h3>"
    yield table(("allocated by", "bytes", "blocks", "called from"), rows, left=(0, 3), kind="side")
    if len(leaks["sites"]) > MOST_SITES:
        yield f'<p class="faint">{len(leaks["sites"]) - MOST_SITES:,} more places are in the record.</p>'


def _path(frames: list[Record]) -> str:
    return " ← ".join(map(_place, frames[:MOST_CALLERS]))


def _place(frame: Record) -> str:
    name = cut(short_name(frame["function"] or f"0x{frame['address']:08x}"), LONGEST_NAME)
    return f"{name} ({frame['source'].rpartition('/')[2]})" if frame["source"] else name


def drift(record: Record) -> Iterator[str]:
    """How figures changed from the first quarter of a run to its last; nothing if nobody asked."""
    found = record.get("drift")
    rows = [Row([title, *(f"{change[name]:,.0f}" for name in ("first", "last")), f"{change['change']:+,.1f}",
                 f"{change['least']:,} to {change['most']:,}"])
            for key, title in UNITS.items() if found and (change := found[key]) is not None]
    if rows:
        yield table(("", "first quarter", "last quarter", "change", "range"), rows, kind="side")
