"""Flash and RAM drawn to scale: each memory whole, below it what is used of it under a lens, then a table.

The lens keeps the scale among what it shows and leaves out free stretches, marked as breaks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from .html_page import Bar, Row, kilobytes, percent, table
from .short_names import short_name

Record = Mapping[str, Any]
COLOURS = {"code": "c1", "rodata": "c2", "initial": "c6", "data": "c6", "bss": "c8", "arena": "c4", "heap": "c3",
           "stack": "c5", "image": "c1", "other": "c7", "free": "free"}
WORDS = {"code": "code", "rodata": "constants", "initial": "initial values of", "data": "variables with initial values",
         "bss": "variables", "arena": "tensor arena", "heap": "heap", "stack": "stack", "image": "image",
         "other": "other", "free": "free"}
SMALLEST_FREE = 64
"""Bytes; what is less is alignment."""
TITLES = {"flash": "Flash", "ram": "RAM"}
BREAK = 0.04
"""Free stretches of more than this share of what the lens shows become a break."""


def memory_map(record: Record) -> Iterator[str]:
    """Each memory; nothing if the record has no map."""
    for memory in record.get("memory_map") or ():
        if memory["areas"]:
            yield from _memory(memory)


def _memory(memory: Record) -> Iterator[str]:
    filled = sum(area["size"] for area in memory["areas"])
    yield f'<figure class="map"><h3>{escape(_name(memory))}'
    yield (f"<span>{kilobytes(filled)} of {kilobytes(memory['size'])} laid out "
           f"({percent(filled, memory['size'])})</span></h3>")
    pieces = _with_free(memory)
    yield '<div class="panel">'
    yield from _whole(memory, pieces)
    yield from _lens(memory, pieces)
    yield "</div>"
    yield _table(memory, pieces)
    yield from _largest(memory)
    yield "</figure>"


def _name(memory: Record) -> str:
    name: str = memory["memory"]
    return TITLES.get(name, name)


def _with_free(memory: Record) -> list[dict[str, Any]]:
    """Areas and what is free between them, from the memory's base to its end."""
    at, end = memory["base"], memory["base"] + memory["size"]
    found: list[dict[str, Any]] = []
    for area in memory["areas"]:
        if area["address"] > at:
            found.append(_free(at, area["address"]))
        found.append(dict(area))
        at = area["address"] + area["size"]
    if at < end:
        found.append(_free(at, end))
    return found


def _free(low: int, high: int) -> dict[str, Any]:
    return {"name": "free", "kind": "free", "address": low, "size": high - low, "used": None}


def _whole(memory: Record, pieces: Sequence[Record]) -> Iterator[str]:
    boxes = "".join(
        f'<i class="{COLOURS[piece["kind"]]}" style="width:{100 * piece["size"] / memory["size"]:.4f}%" '
        f'title="{escape(_title(piece))}"></i>'
        for piece in pieces
    )
    yield f'<div class="strip whole" role="img" aria-label="{escape(_name(memory))}, to scale">{boxes}</div>'
    yield _ends(memory["base"], memory["base"] + memory["size"])


def _ends(low: int, high: int) -> str:
    return f'<div class="ends"><span>0x{low:08x}</span><span>0x{high:08x}</span></div>'


def _lens(memory: Record, pieces: Sequence[Record]) -> Iterator[str]:
    """What is used, larger: the same scale for all of it, breaks where much is free."""
    used = sum(piece["size"] for piece in pieces if piece["kind"] != "free")
    kept = [piece for piece in pieces if piece["kind"] != "free" or piece["size"] <= BREAK * used]
    if len(kept) == len(pieces):
        kept = list(pieces)
    shown = sum(piece["size"] for piece in kept) or 1
    runs: list[list[Record]] = []
    for piece in pieces:
        if piece not in kept:
            runs.append([])
        elif runs:
            runs[-1].append(piece)
        else:
            runs.append([piece])
    runs = [run for run in runs if run and any(piece["kind"] != "free" for piece in run)]
    yield _rays(memory, runs, shown)
    boxes = []
    for number, run in enumerate(runs):
        if number:
            boxes.append('<em class="gap" title="free">⋯</em>')
        boxes += [_box(piece, shown) for piece in run]
    yield f'<div class="strip near">{"".join(boxes)}</div>'


def _rays(memory: Record, runs: Sequence[Sequence[Record]], shown: int) -> str:
    """Trapezoids from where a run lies in the memory to where the lens shows it."""
    shapes, at = [], 0.0
    for run in runs:
        size = sum(piece["size"] for piece in run)
        low = 100 * (run[0]["address"] - memory["base"]) / memory["size"]
        high = low + 100 * size / memory["size"]
        left, right = 100 * at / shown, 100 * (at + size) / shown
        shapes.append(f'<polygon points="{low:.2f},0 {high:.2f},0 {right:.2f},18 {left:.2f},18"/>')
        at += size
    return ('<svg class="lens" viewBox="0 0 100 18" preserveAspectRatio="none" aria-hidden="true">'
            f"{''.join(shapes)}</svg>")


def _box(piece: Record, shown: int) -> str:
    used = ""
    if piece["used"] is not None and piece["size"]:
        used = f'<u style="--used:{min(100 * piece["used"] / piece["size"], 100):.2f}%"></u>'
    down = " down" if piece["kind"] == "stack" else ""
    return (f'<i class="{COLOURS[piece["kind"]]}{down}" style="flex:{piece["size"]} 1 0;min-width:0" '
            f'title="{escape(_title(piece))}"><span>\u200b <em>{escape(piece["name"])}</em></span>{used}</i>')


def _title(piece: Record) -> str:
    used = "" if piece["used"] is None else f", {piece['used']:,} used"
    low, high = piece["address"], piece["address"] + piece["size"]
    return f"{piece['name']}: {piece['size']:,} bytes{used}, 0x{low:08x} to 0x{high:08x}"


def _table(memory: Record, pieces: Sequence[Record]) -> str:
    longest = max(area["size"] for area in memory["areas"])
    measured = any(piece["used"] is not None for piece in pieces)
    rows = []
    for piece in pieces:
        size = piece["size"]
        if piece["kind"] == "free" and size < SMALLEST_FREE:
            continue
        bar: Bar | str = Bar(size, longest, f"{size:,}") if piece["kind"] != "free" else f"{size:,}"
        what = WORDS[piece["kind"]] + (f" {piece['name']}" if piece["kind"] == "initial" else "")
        cells = [piece["name"] if piece["kind"] != "free" else "", what, bar, f"0x{piece['address']:08x}"]
        if measured:
            cells.append("" if piece["used"] is None else f"{piece['used']:,} ({percent(piece['used'], size)})")
        rows.append(Row(cells, colour=COLOURS[piece["kind"]]))
    header = ["area", "what", "bytes", "from"] + ["most used"] * measured
    return table(header, rows, left=(0, 1), kind="side")


def _largest(memory: Record) -> Iterator[str]:
    if not memory["largest"]:
        return
    longest = memory["largest"][0]["size"]
    rows = [Row([short_name(known["name"]), Bar(known["size"], longest, f"{known['size']:,}"),
                 f"0x{known['address']:08x}"], known["name"]) for known in memory["largest"]]
    what = "constants" if memory["memory"] == "flash" else "variables"
    yield f"<details><summary>Largest {what}</summary>"
    yield table((what[:-1], "bytes", "at"), rows, kind="side") + "</details>"
