"""How long it takes from one thing on the timeline to another: `--latency FROM,TO`.

A moment is `[first ] [end ] KIND[:TRACK][=TEXT]`: the begin (or the end) of each event of that kind, on the track of
that name or alias, with TEXT in its name. Each TO is measured from the last FROM before it (with `first`: the first one
since the TO before); what has no FROM of its own is not counted. The same moment twice is a period.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import UsageError
from .timeline import Kind, Timeline

GRAMMAR = "write it as FROM,TO, each [end ]KIND[:TRACK][=TEXT], for example 'pin:D2=high,end serial:uart0=walk'"
_MOMENT = re.compile(
    rf"(?P<first>first )?(?P<end>end )?(?P<kind>{'|'.join(Kind)})(?::(?P<track>[^=,]+))?(?:=(?P<text>.+))?", re.DOTALL
)
_NEXT = re.compile(rf",\s*(?=(?:end )?(?:{'|'.join(Kind)})(?:[:=]|$))")
MOST, LONGEST = 8, 40
"""Names in a message, and signs of each."""


@dataclass(frozen=True)
class Moment:
    """One side of a latency: which events, and which end of them."""

    kind: Kind
    track: str | None = None
    text: str = ""
    end: bool = False

    @property
    def title(self) -> str:
        """As it may be written."""
        track, text = f":{self.track}" if self.track else "", f"={self.text}" if self.text else ""
        return f"{'end ' if self.end else ''}{self.kind}{track}{text}"

    def unseen(self, timeline: Timeline) -> str | None:
        """In words what there was instead, if it never happened."""
        if self.cycles(timeline):
            return None
        names = [track.name for track in timeline.find(self.kind, None) if track.events]
        there = f"{self.kind} had events on {_some(names)}" if names else f"{self.kind} had no events at all"
        here = [track for track in timeline.find(self.kind, self.track) if track.events]
        if here and self.text:
            texts = _some(list(dict.fromkeys(repr(event.name[:LONGEST]) for track in here for event in track.events)))
            there = f"{self.kind} {_some([track.name for track in here])} had {texts}"
        return f"{self.title} never happened; {there}"

    def cycles(self, timeline: Timeline) -> list[int]:
        """When that was, in order; an event that had not ended has no end."""
        found = [
            event.end if self.end else event.cycle
            for track in timeline.find(self.kind, self.track)
            for event in track.events
            if self.text in event.name and (event.ended or not self.end)
        ]
        return sorted(found)


@dataclass(frozen=True)
class Latency:
    """From one moment to another."""

    text: str
    """As it was asked for."""
    start: Moment
    stop: Moment
    first: bool = False

    @classmethod
    def parse(cls, text: str) -> Latency:
        """Read FROM,TO. UsageError if it is not that."""
        sides = _NEXT.split(text.strip())
        found = [_MOMENT.fullmatch(side.strip()) for side in sides]
        if len(found) != 2 or found[0] is None or found[1] is None or found[1]["first"]:
            raise UsageError(f"--latency {text!r}: {GRAMMAR}; KIND is one of {', '.join(Kind)}")
        start, stop = (
            Moment(Kind(side["kind"]), side["track"], side["text"] or "", bool(side["end"]))
            for side in found if side is not None
        )
        return cls(text, start, stop, bool(found[0]["first"]))

    def pairs(self, timeline: Timeline) -> list[tuple[int, int]]:
        """(cycle of FROM, cycle of TO) of each that was measured."""
        starts, pairs, n = self.start.cycles(timeline), [], 0
        apart = int(self.start == self.stop)
        for stop in self.stop.cycles(timeline):
            begin = n
            while n < len(starts) and starts[n] <= stop - apart:
                n += 1
            if n > begin:
                pairs.append((starts[begin if self.first else n - 1], stop))
        return pairs


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST]) + (", ..." if len(names) > MOST else "")


def measured(timeline: Timeline, asked: Sequence[Latency]) -> list[dict[str, Any]]:
    """`latencies` of the record: count, minimum, median (the lower of two) and maximum, in cycles."""
    rows = []
    for latency in asked:
        pairs = latency.pairs(timeline)
        values = sorted(stop - start for start, stop in pairs)
        worst = max(pairs, key=lambda pair: pair[1] - pair[0], default=None)
        rows.append(
            {
                "latency": latency.text,
                "count": len(values),
                "min": values[0] if values else None,
                "median": values[(len(values) - 1) // 2] if values else None,
                "max": values[-1] if values else None,
                "max_at": None if worst is None else worst[0],
                "unseen": [words for side in (latency.start, latency.stop) if (words := side.unseen(timeline))],
            }
        )
    return rows
