"""The timeline: a lane for each track, over the whole run and over one inference; `timeline.js` makes both zoom.

What is closer together than can be seen is drawn as one; the script has more detail, up to `MOST_EVENTS` a track.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from .duration import duration, marks
from .html_flame import cut, script_data
from .html_inferences import PALETTE
from .html_page import Row, percent, table, ticks
from .short_names import short_name

Record = Mapping[str, Any]
MOST_EVENTS, ALL_EVENTS = 6_000, 40_000
STEPS, DETAILED_STEPS, ALL_STEPS, MOST_MARKS = 300, 900, 6_000, 8
LONGEST_NAME, SHORTEST_NAME, ALL_NAMES = 100, 20, 300_000
LABELLED = 8
"""Per cent of the lane from which on a name is written into a box even if it does not fit."""
COLOURS = {"cpu": "c7", "thread": "c2", "interrupt": "c5", "inference": "c1", "operator": "c1", "region": "c4",
           "dma": "c3", "pin": "c6", "serial": "c8", "sensor": "c4", "camera": "c4"}  # fmt: skip
SLIM = 0.35
"""Per cent of the lane below which a box is shown in a stronger colour."""
WORDS = {"region": "region", "dma": "DMA", "serial": "serial", "sensor": "sensor"}
"""Said of a track that has no other name."""


class Span(NamedTuple):
    """What is drawn: one event, or `many` close together, which were on for `busy` cycles (then `name` is empty)."""

    cycle: int
    cycles: int
    name: str
    many: int = 1
    busy: int = -1

    @property
    def on(self) -> int:
        """Cycles of the events themselves."""
        return self.cycles if self.busy < 0 else self.busy


class Lane(NamedTuple):
    """One track; of a pin only the times at which it is high."""

    kind: str
    name: str
    aliases: Sequence[str]
    spans: Sequence[Span]


def timeline(record: Record) -> Iterator[str]:
    """Both figures and the tracks as a table; nothing without a timeline."""
    recorded = record.get("timeline")
    if not recorded or not recorded["tracks"]:
        return
    lanes = [_lane(track) for track in recorded["tracks"]]
    start, end = recorded["start"], max(recorded["end"], recorded["start"] + 1)
    if not recorded["complete"]:
        yield f'<p class="note">The recording reached its limit of events after {duration(end)} and ends there.</p>'
    palette = _operator_colours(lanes)
    window = _last_inference(record, start, end)
    kept = (end, end) if window is None else (window.cycle, window.cycle + window.cycles)
    yield f'<script type="application/json" id="timeline-data">{script_data(_data(lanes, palette, kept))}</script>'
    yield "<h3>The whole run</h3>"
    yield from _figure(lanes, palette, (start, end), 0, STEPS, "the whole run")
    if window is not None:
        yield f"<h3>Inference {window.many}, from its begin</h3>"
        margin = max(window.cycles // 25, 64)
        first, last = max(start, window.cycle - margin), min(end, window.cycle + window.cycles + margin)
        inside = [lane for lane in lanes if any(s.cycle <= last and s.cycle + s.cycles >= first for s in lane.spans)]
        yield from _figure(inside, palette, (first, last), window.cycle, DETAILED_STEPS, f"inference {window.many}")
    yield from _summary(recorded)


def _lane(track: Record) -> Lane:
    events = (Span(event[0], event[1], event[2]) for event in track["events"])
    pin = track["kind"] == "pin"
    return Lane(track["kind"], track["name"], track["aliases"], [s for s in events if not pin or s.name == "high"])


def _last_inference(record: Record, start: int, end: int) -> Span | None:
    """When it was; its index stands in `many`."""
    for run in reversed(record["inferences"]):
        if start <= run["start_cycle"] and run["start_cycle"] + run["cycles"] <= end:
            return Span(run["start_cycle"], run["cycles"], "", run["index"])
    return None


def _operator_colours(lanes: Iterable[Lane]) -> dict[str, str]:
    found: dict[str, str] = {}
    for lane in lanes:
        if lane.kind == "operator":
            for span in lane.spans:
                found.setdefault(span.name.partition(":")[2], PALETTE[len(found) % len(PALETTE)])
    return found


def colour(kind: str, name: str, palette: Mapping[str, str]) -> str:
    """The class of a box."""
    known = palette.get(name.partition(":")[2]) if kind == "operator" else None
    return known or COLOURS.get(kind, "c7")


def thin(spans: Sequence[Span], distance: int) -> list[Span]:
    """Neighbours that are shorter than `distance` cycles and as close together become one."""
    found: list[Span] = []
    for span in spans:
        if found and span.cycles < distance:
            last = found[-1]
            if (last.many > 1 or last.cycles < distance) and span.cycle - (last.cycle + last.cycles) < distance:
                length = max(span.cycle + span.cycles - last.cycle, last.cycles)
                found[-1] = Span(last.cycle, length, "", last.many + span.many, last.on + span.on)
                continue
        found.append(span)
    return found


def _figure(lanes: Sequence[Lane], palette: Mapping[str, str], window: tuple[int, int], origin: int, steps: int,
            what: str) -> Iterator[str]:
    first, last = window
    steps = min(steps, ALL_STEPS // len(lanes) + 20)
    yield (f'<figure class="panel time" data-first="{first}" data-last="{last}" data-origin="{origin}">'
           '<div class="tools" hidden><button type="button" data-do="in">Zoom in</button>'
           '<button type="button" data-do="out">Zoom out</button>'
           '<button type="button" data-do="back" aria-label="Earlier">←</button>'
           '<button type="button" data-do="on" aria-label="Later">→</button>'
           '<button type="button" data-do="reset">All</button></div>')
    yield f'<div class="view" tabindex="0" role="group" aria-label="Timeline of {escape(what)}">'
    times = [(cycle + origin - first, text) for cycle, text in marks(first - origin, last - origin, MOST_MARKS)]
    yield f'<div class="axis still">{ticks(times, last - first)}</div>'
    before = ""
    for lane in lanes:
        yield _row(lane, palette, window, steps, lane.kind != before)
        before = lane.kind
    yield '</div><p class="info" aria-live="polite" hidden></p></figure>'


def _row(lane: Lane, palette: Mapping[str, str], window: tuple[int, int], steps: int, new: bool) -> str:
    first, last = window
    inside = [span for span in lane.spans if span.cycle <= last and span.cycle + span.cycles >= first]
    boxes = []
    for span in thin(inside, max((last - first) // steps, 1)):
        left = 100 * (max(span.cycle, first) - first) / (last - first)
        width = 100 * (min(span.cycle + span.cycles, last) - first) / (last - first) - left
        name = _short(lane.kind, span.name)
        fits = width >= min(0.74 * len(name) + 1, LABELLED)
        text = escape(name) if fits and span.many == 1 else ""
        kind = "at" if not span.cycles else "slim" if width < SLIM else ""
        names = " ".join(name for name in (kind, "" if kind == "at" else colour(lane.kind, span.name, palette)) if name)
        dense = f";opacity:{0.3 + 0.7 * min(span.on / span.cycles, 1):.2f}" if span.many > 1 and span.cycles else ""
        boxes.append(f'<i class="{names}" style="left:{left:.2f}%;width:{width:.2f}%{dense}">{text}</i>')
    also = cut(lane.aliases[0], LONGEST_NAME) if lane.aliases else WORDS.get(lane.kind, "")
    alias = f" <small>{escape(also)}</small>" if also else ""
    title = escape(" ".join((lane.name, *lane.aliases)))
    return (f'<div class="track{" new" if new else ""}" data-track="{escape(_key(lane))}"><span title="{title}">'
            f"{escape(cut(short_name(lane.name), LONGEST_NAME))}{alias}</span>"
            f'<div class="lane {lane.kind}">{"".join(boxes)}</div></div>')


def _key(lane: Lane) -> str:
    return f"{lane.kind} {lane.name}"


def _short(kind: str, name: str) -> str:
    return cut(short_name(name) if kind == "interrupt" else name, LONGEST_NAME)


def _data(lanes: Sequence[Lane], palette: Mapping[str, str], kept: tuple[int, int]) -> dict[str, Any]:
    """For `timeline.js`: of each track its names with their colours, and its spans as triples of numbers.

    Where there are too many spans, neighbours become one, but those within the cycles `kept`.

    A triple is (cycles since the begin of the one before, length, index of the name, or -n for n events in one).
    """
    most = min(MOST_EVENTS, max(ALL_EVENTS // max(len(lanes), 1), 200))
    tracks = {}
    room = ALL_NAMES
    for lane in lanes:
        spans = _at_most(lane.spans, most, kept)
        names: dict[str, int] = {}
        flat: list[int] = []
        before = 0
        for span in spans:
            number = names.setdefault(span.name, len(names)) if span.many == 1 else -span.many
            flat += (span.cycle - before, span.cycles, number)
            before = span.cycle
        shown = [_short(lane.kind, name) for name in names]
        if sum(map(len, shown)) > room:
            shown = [cut(name, SHORTEST_NAME) for name in shown]
        room -= sum(map(len, shown))
        tracks[_key(lane)] = {
            "names": shown,
            "colours": [colour(lane.kind, name, palette) for name in names],
            "many": colour(lane.kind, "", palette),
            "spans": flat,
            "full": [span.on for span in spans if span.many > 1],
        }
    return tracks


def _at_most(spans: Sequence[Span], most: int, kept: tuple[int, int]) -> list[Span]:
    first, last = kept
    before = [span for span in spans if span.cycle + span.cycles < first]
    behind = [span for span in spans if span.cycle > last]
    inside = list(spans[len(before) : len(spans) - len(behind)])
    distance = 64
    while len(before) + len(inside) + len(behind) > most and distance < last << 4:
        before, behind = thin(before, distance), thin(behind, distance)
        if distance > 1 << 20:
            inside = thin(inside, distance >> 20)
        distance *= 2
    return [*before, *inside, *behind]


def _summary(recorded: Record) -> Iterator[str]:
    """Each track in numbers, for those who do not see the picture and those who want to know."""
    length = max(recorded["end"] - recorded["start"], 1)
    rows = []
    for track in recorded["tracks"]:
        spans = [event[1] for event in track["events"] if track["kind"] != "pin" or event[2] == "high"]
        busy = sum(spans)
        cells = [cut(short_name(track["name"]), LONGEST_NAME), track["kind"],
                 " ".join(track["aliases"][:3]), f"{len(spans):,}"]
        if busy:
            cells += [duration(busy, 3), percent(busy, length), duration(busy / len(spans), 3), duration(max(spans), 3)]
        else:
            cells += [""] * 4
        rows.append(Row(cells, track["name"]))
    header = ("track", "kind", "also", "events", "together", "share", "mean", "longest")
    yield "<details><summary>The tracks as a table</summary>"
    yield table(header, rows, left=(0, 1, 2), kind="side") + "</details>"
