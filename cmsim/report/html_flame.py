"""The call tree as a flame graph with the root on top, and the functions as a table.

The picture is drawn here for readers without scripts, for paper and for the first sight; `flame.js` draws it again from
the same data when somebody zooms. A frame is as wide as its inclusive cycles; its colour is the deeper, the more of
them are its own. Sleep is left out at first: it would hide everything else.

Call paths beyond the first `MOST_NODES` by inclusive cycles are left out, and the text says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from .duration import duration
from .function_names import function, shared_names
from .html_page import Bar, Row, percent, table
from .short_names import short_name
from .text_profile import SLEEP

Record = Mapping[str, Any]
MOST_NODES, MOST_BOXES, MOST_ROWS, UNFOLDED_ROWS = 8_000, 1_500, 60, 12
LONGEST_SHORT, LONGEST_WHOLE, ALL_WHOLE = 60, 240, 300_000
"""Characters of a name in the picture, of a whole name, of all whole names together."""
ROW = 22
NARROWEST = 0.12
"""Per cent of the width: about a pixel."""
LABELLED = 4
"""Per cent of the width below which a name would not be readable."""
HEATS = 6


@dataclass
class Frame:
    """A call path: its inclusive cycles with and without sleep below it."""

    name: str
    file: str
    """Where others have the name, too."""
    own: int
    awake: int
    total: int
    calls: int
    children: list[Frame] = field(default_factory=list)


def frames(record: Record) -> Frame:
    """The call tree below one root for all; the widest child first, whatever sleeps last."""
    rows = record["profile"]["call_tree"]
    awake = [0 if row["function"] == SLEEP else row["exclusive_cycles"] for row in rows]
    for number in range(len(rows) - 1, -1, -1):
        if rows[number]["parent"] is not None:
            awake[rows[number]["parent"]] += awake[number]
    shared, stacks = shared_names(record), _stacks(record)
    found = [
        Frame(stacks.get(row["function"], row["function"]), shared.get(function(row), ""), row["exclusive_cycles"],
              awake[number], row["inclusive_cycles"], row["calls"])
        for number, row in enumerate(rows)
    ]  # fmt: skip
    roots = [frame for row, frame in zip(rows, found, strict=True) if row["parent"] is None]
    for row, frame in zip(rows, found, strict=True):
        if row["parent"] is not None:
            found[row["parent"]].children.append(frame)
    top = Frame("everything", "", 0, sum(f.awake for f in roots), sum(f.total for f in roots), 1, roots)
    for frame in (top, *found):
        frame.children.sort(key=lambda child: (-child.awake, -child.total))
    return top


def _stacks(record: Record) -> dict[str, str]:
    """A thread's number -> that and its stack, where the timeline knows it."""
    tracks = (record.get("timeline") or {}).get("tracks", ())
    return {track["name"]: f"{track['name']}: {track['aliases'][0]}" for track in tracks
            if track["kind"] == "thread" and track["aliases"]}


def flame(record: Record) -> Iterator[str]:
    """The figure with its data; nothing without a profile."""
    if "profile" not in record or not record["profile"]["call_tree"]:
        return
    top = frames(record)
    data, left_out = _data(top)
    asleep = top.total - top.awake
    shown = max(top.awake, 1)
    boxes = list(_boxes(top, shown))
    depth = 1 + max(level for _, _, level, _ in boxes)
    hottest = max((frame.own for frame, _, _, _ in boxes if frame.name != SLEEP), default=0) or 1
    yield '<figure class="panel flame-figure">'
    yield ('<div class="tools" hidden><button type="button" data-do="reset">Whole tree</button>'
           '<input type="search" placeholder="Find a function" aria-label="Find a function">')
    if asleep:
        yield '<label><input type="checkbox" data-do="sleep"> with sleep</label>'
    yield '<label><input type="checkbox" data-do="callers"> callers below</label></div>'
    yield f'<div class="flame" style="height:{depth * ROW}px" role="group" aria-label="Flame graph of call paths">'
    for frame, left, level, width in boxes:
        name = cut(_short(frame.name, frame.file), LONGEST_SHORT)
        label = escape(name) if width >= LABELLED else ""
        thin = "" if label else " thin"
        yield (f'<b class="h{heat(frame.own, hottest)}{thin}" style="left:{left:.3f}%;width:{width:.3f}%;'
               f'top:{level * ROW}px" title="{escape(_title(frame, name, shown))}">{label}</b>')
    yield "</div>"
    yield '<p class="info" aria-live="polite" hidden></p>'
    yield '<ul class="legend"><li>width: cycles, with what is called</li><li>colour: cycles of its own, few'
    yield "".join(f'<i class="h{number}"></i>' for number in range(HEATS)) + "many</li>"
    if left_out:
        yield f"<li>{left_out:,} call paths with the fewest cycles are not drawn</li>"
    yield "</ul>"
    yield f'<script type="application/json" class="flame-data">{data}</script>'
    yield "</figure>"
    lost = record["profile"]["lost_transfers"]
    if lost:
        yield f'<p class="note">{lost:,} calls or returns were not followed: their cycles stayed with the caller.</p>'


def _short(name: str, file: str) -> str:
    return f"{file}: {short_name(name)}" if file else short_name(name)


def heat(own: int, hottest: int) -> int:
    """0 (no cycles of its own) to 5 (as many as any); by the square root, so that small ones differ."""
    return min(HEATS - 1, int(HEATS * (own / hottest) ** 0.5)) if own else 0


def _boxes(top: Frame, shown: int) -> Iterator[tuple[Frame, float, int, float]]:
    """(frame, left, level, width) of what is wide enough to be seen; per cent. A caller before what it calls."""
    waiting: list[tuple[Frame, int, int]] = [(top, 0, 0)]
    for frame, begin, level in waiting:
        yield frame, 100 * begin / shown, level, 100 * frame.awake / shown
        left = begin
        for child in frame.children:
            if 100 * child.awake / shown >= NARROWEST and len(waiting) < MOST_BOXES:
                waiting.append((child, left, level + 1))
            left += child.awake


def _title(frame: Frame, name: str, shown: int) -> str:
    return (f"{name}: {frame.awake:,} cycles ({percent(frame.awake, shown)}), {frame.own:,} of its own, "
            f"{frame.calls:,} {'call' if frame.calls == 1 else 'calls'}")


def _data(top: Frame) -> tuple[str, int]:
    """JSON for `flame.js`, and how many call paths it leaves out.

    `names` are pairs of short and whole names; `nodes` holds five numbers for each call path, callers first: parent
    (-1 for the root), name, own cycles, inclusive cycles without and with sleep; `calls` follows as a list of its own.
    """
    order: list[tuple[Frame, int]] = []
    everything = [top]
    for frame in everything:
        everything.extend(frame.children)
    limit = sorted((frame.total for frame in everything), reverse=True)[:MOST_NODES][-1]
    waiting = [(top, -1)]
    while waiting and len(order) < MOST_NODES:
        frame, parent = waiting.pop()
        number = len(order)
        order.append((frame, parent))
        waiting += [(child, number) for child in reversed(frame.children) if child.total >= limit]
    numbers: dict[tuple[str, str], int] = {}
    nodes: list[int] = []
    for frame, parent in order:
        name = numbers.setdefault((frame.name, frame.file), len(numbers))
        nodes += (parent, name, frame.own, frame.awake, frame.total)
    room, names = ALL_WHOLE, []
    for function_name, file in numbers:
        short = cut(_short(function_name, file), LONGEST_SHORT)
        whole = cut(function_name, LONGEST_WHOLE)
        names.append([short, whole] if short != whole and len(whole) <= room else [short])
        room -= len(whole)
    data = {
        "names": names,
        "nodes": nodes,
        "calls": [frame.calls for frame, _ in order],
    }
    return script_data(data), len(everything) - len(order)


def cut(text: str, longest: int) -> str:
    """The text, or its beginning with a sign that more followed."""
    return text if len(text) <= longest else text[: longest - 2] + " …"


def script_data(data: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e").replace("\u2028", "\\u2028")


def functions(record: Record) -> Iterator[str]:
    """The functions with the most cycles of their own; nothing without a profile."""
    if "profile" not in record:
        return
    rows: Sequence[Record] = [row for row in record["profile"]["functions"] if row["name"] != SLEEP]
    awake = sum(row["exclusive_cycles"] for row in rows)
    shown = [row for row in rows if row["exclusive_cycles"]][:MOST_ROWS]
    if not shown:
        return
    longest, shared = shown[0]["exclusive_cycles"], shared_names(record)
    sized, sourced = (any(row.get(key) for row in shown) for key in ("size", "source"))
    header = ("function", "own share", "own cycles", "own time", "with callees", "calls", "a call",
              *["size"] * sized, *["source"] * sourced)  # fmt: skip
    left = (0, len(header) - 1) if sourced else (0,)

    def line(row: Record) -> Row:
        name, calls, source = row["name"], row["calls"], row.get("source") or ""
        return Row([cut(_short(name, shared.get(function(row), "")), LONGEST_SHORT),
                    Bar(row["exclusive_cycles"], longest, percent(row["exclusive_cycles"], awake)),
                    f"{row['exclusive_cycles']:,}", duration(row["exclusive_cycles"], 3),
                    f"{row['inclusive_cycles']:,}", f"{calls:,}",
                    f"{row['exclusive_cycles'] // calls:,}" if calls else "",
                    *[f"{row['size']:,} B" if row["size"] else ""] * sized, *[source.rpartition("/")[2]] * sourced],
                   cut(name, 2 * LONGEST_WHOLE) + (f", {source}" if source else ""))

    lines = [line(row) for row in shown]
    yield table(header, lines[:UNFOLDED_ROWS], left=left, kind="side")
    others = awake - sum(row["exclusive_cycles"] for row in shown[:UNFOLDED_ROWS])
    more = len(rows) - len(lines[:UNFOLDED_ROWS])
    yield (f'<p class="faint">Shares are of the cycles awake, callees may sleep; {more:,} more functions have '
           f"{others:,} cycles together ({percent(others, awake)}).</p>")
    if lines[UNFOLDED_ROWS:]:
        yield f"<details><summary>The next {len(lines[UNFOLDED_ROWS:])}</summary>"
        yield table(header, lines[UNFOLDED_ROWS:], left=left, kind="side") + "</details>"
