"""Arenas: what they hold to scale, the plan of tensors over operators, and which bytes changed when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any

from .duration import duration
from .html_inferences import PALETTE
from .html_page import Bar, Row, kilobytes, percent, table
from .svg_plan import plan
from .text_arena import block_name

Record = Mapping[str, Any]
HEATS, MOST_BLOCKS, MOST_ROWS = 6, 1_500, 48
SCRATCH = '<li><i class="scratch"></i>scratch memory of an operator</li>'
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
            yield from _heat(arena["touched"], arena["base"], arena["size"])
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
    known = any(block["tensor"] is not None for block in blocks)  # else it is not known which of them is scratch memory
    model = {
        "plan": [{**block, "name": block_name(block, known), "scratch": known and block["tensor"] is None}
                 for block in blocks],
        "steps": steps if steps and single and known else None,
        "arena": {"used": arena["used"], "use": {"activations": planned, KEPT: arena["used"] - planned}},
        "inputs": [], "outputs": [],
    }  # fmt: skip
    yield "<h3>Plan</h3>"
    yield f'<figure class="panel plan-panel"><div class="scroll" tabindex="0">{plan(model)}</div>'
    yield ('<ul class="legend"><li>operators from left to right, bytes of the arena upwards</li>'
           f'<li><i class="activation"></i>{"tensors" if known else "tensors and scratch memory"}</li>'
           f'{SCRATCH if known else ""}'
           '<li><i class="kept"></i>kept for good</li></ul></figure>')


def _heat(touched: Record, base: int, size: int) -> Iterator[str]:
    """A row for each operator, a column for some bytes; the deeper, the more of these bytes changed."""
    rows = [(label, row) for label, row in _numbered(touched["rows"]) if any(row["changed"])]
    if not rows:
        return
    lines = []
    for label, row in rows[:MOST_ROWS]:
        stops, at, columns = [], 0, len(row["changed"])
        for level, cells in groupby(_level(value, touched["column_bytes"]) for value in row["changed"]):
            end = at + len(list(cells))
            colour = f"var(--h{level})" if level >= 0 else "var(--card)"  # transparent would be black on paper
            stops.append(f"{colour} {100 * at / columns:.2f}% {100 * end / columns:.2f}%")
            at = end
        title = f"{label}: {sum(row['changed']):,} bytes changed until {duration(row['cycle'], 3)}"
        lines.append(f'<b title="{escape(title)}">{escape(label)}</b>'
                     f'<i style="background:linear-gradient(to right,{",".join(stops)})"></i>')
    ends = f"<span>0x{base:08x}</span><span>0x{base + size:08x}</span>"
    yield (f'<h3>Bytes that changed</h3><div class="panel"><div class="heat" role="img" aria-label="Which bytes of the '
           f'arena each operator changed: addresses to the right, time downwards"><b></b><div class="ends">{ends}</div>'
           f'{"".join(lines)}</div>')
    more = f" {len(rows) - MOST_ROWS} more rows are in the record." if len(rows) > MOST_ROWS else ""
    total = f"{touched['written']:,} bytes were written, {touched['never']:,} never."
    steps = "".join(f'<i class="h{level}"></i>' for level in range(HEATS))
    yield (f'<ul class="legend"><li>addresses to the right, one operator after another downwards</li>'
           f'<li>of {touched["column_bytes"]:,} bytes changed: few {steps} all</li></ul>'
           f"<figcaption>{total}{more}</figcaption></div>")


def _numbered(rows: Sequence[Record]) -> Iterator[tuple[str, Record]]:
    """Each row with what ran: operators are numbered from an inference's begin on."""
    number = None
    for row in rows:
        name = row["during"]
        if name in ("begin", "afterwards"):
            number = -1 if name == "begin" else None
        elif number is not None:
            number += 1
        yield name if number is None or name == "begin" else f"{number} {name}", row


def _level(value: int, most: int) -> int:
    return min(HEATS - 1, int(HEATS * (value / most) ** 0.5)) if value else -1
