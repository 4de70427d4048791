"""Arenas: what they hold to scale, the plan of tensors over operators, and which bytes were touched when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any

from .duration import duration
from .html_inferences import PALETTE
from .html_page import Bar, Row, kilobytes, percent, table
from .svg_plan import plan

Record = Mapping[str, Any]
HEATS, MOST_BLOCKS = 6, 1_500
KEPT = "tensors, nodes, data of operators"


def arenas(record: Record) -> Iterator[str]:
    """Every arena; nothing if there was none."""
    found = record.get("arenas") or []
    for arena in found:
        if arena["used"] is None:
            continue
        title = f"{kilobytes(arena['size'])} at 0x{arena['base']:08x}"
        yield f'<figure class="map"><h3>{title}<span>{escape(_words(arena))}</span></h3>'
        yield from _purposes(arena)
        if arena.get("touched"):
            yield from _heat(arena["touched"])
        yield "</figure>"
    if len(found) == 1 and 0 < len(record.get("arena_plan") or ()) <= MOST_BLOCKS:
        yield from _plan(record, found[0])


def _words(arena: Record) -> str:
    peak = arena["peak"]
    temporary = f", {peak:,} at the peak" if peak and peak != arena["used"] else ""
    return f"{arena['used']:,} of {arena['size']:,} bytes used ({percent(arena['used'], arena['size'])}){temporary}"


def _purposes(arena: Record) -> Iterator[str]:
    parts = sorted(arena["purposes"].items(), key=lambda part: (-part[1], part[0]))
    known = sum(size for _, size in parts)
    pieces = [(PALETTE[n % len(PALETTE)], name, size) for n, (name, size) in enumerate(parts)]
    if arena["size"] > known:
        pieces.append(("free", "not used", arena["size"] - known))
    boxes = "".join(
        f'<i class="{kind}" style="flex:{size} 1 0;min-width:0" title="{escape(name)}: {size:,} bytes">'
        f"<span>\u200b <em>{escape(name)}</em></span></i>"
        for kind, name, size in pieces if size
    )  # fmt: skip
    yield f'<div class="panel"><div class="strip" role="img" aria-label="What the arena holds">{boxes}</div></div>'
    rows = [Row([name, Bar(size, max(known, 1), f"{size:,}"), percent(size, arena["size"])], colour=kind)
            for kind, name, size in pieces if kind != "free"]
    if rows:
        yield table(("what it holds", "bytes", "of the arena"), rows, kind="side")


def _plan(record: Record, arena: Record) -> Iterator[str]:
    blocks = record["arena_plan"]
    runs = record["inferences"]
    steps = [operator["name"] for operator in runs[-1]["operators"]] if runs else []
    single = all(block["subgraph"] == 0 for block in blocks)
    planned = max(block["place"] + block["bytes"] for block in blocks)
    model = {
        "plan": [{**block, "name": _block(block)} for block in blocks],
        "steps": steps if steps and single else None,
        "arena": {"used": arena["used"], "use": {"activations": planned, KEPT: arena["used"] - planned}},
        "inputs": [], "outputs": [],
    }  # fmt: skip
    yield "<h3>Plan</h3>"
    yield f'<figure class="panel plan-panel"><div class="scroll" tabindex="0">{plan(model)}</div>'
    yield ('<ul class="legend"><li>operators from left to right, bytes of the arena upwards</li>'
           '<li><i class="activation"></i>tensors</li><li><i class="scratch"></i>scratch memory of an operator</li>'
           '<li><i class="kept"></i>kept for good</li></ul></figure>')


def _block(block: Record) -> str:
    return "scratch" if block["tensor"] is None else f"tensor {block['tensor']}"


def _heat(touched: Record) -> Iterator[str]:
    """A row for each stretch of time, a column for some bytes; the deeper, the more accesses."""
    rows: Sequence[Sequence[int]] = touched["heat"]
    most = max((max(row) for row in rows), default=0)
    if not most:
        return
    lines = []
    for row in rows:
        stops, at = [], 0
        for level, cells in groupby(_level(value, most) for value in row):
            end = at + len(list(cells))
            colour = f"var(--h{level})" if level >= 0 else "transparent"
            stops.append(f"{colour} {100 * at / len(row):.2f}% {100 * end / len(row):.2f}%")
            at = end
        lines.append(f'<i style="background:linear-gradient(to right,{",".join(stops)})"></i>')
    length = touched["row_cycles"] * len(rows)
    yield (f'<h3>Accesses</h3><div class="panel"><div class="heat" role="img" aria-label="Accesses to the arena: '
           f'addresses to the right, time downwards">{"".join(lines)}</div>')
    yield (f'<figcaption>Addresses to the right, {touched["column_bytes"]:,} bytes a column; time downwards, '
           f"{duration(length, 3)} from the arena's construction. {touched['never']:,} bytes were never touched, "
           f"{touched['read']:,} read, {touched['written']:,} written.</figcaption></div>")


def _level(value: int, most: int) -> int:
    return min(HEATS - 1, int(HEATS * (value / most) ** 0.5)) if value else -1
