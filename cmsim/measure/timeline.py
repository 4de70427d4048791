"""What happened when: every interrupt, thread, operator, transfer, level, line of text and sample on one clock.

A `Timeline` is a list of `Track`s, a track a list of `Event`s, in the order in which they began. An event is a span of
time: `cycle` is its begin and `cycles` its length, in CPU cycles of 15.625 ns since power-on; what has no length has 0.
What had not ended when the recording did lasts until `Timeline.end`. docs/timeline.md has the vocabulary:

    kind       track                    event
    cpu        "sleep"                  WFI or WFE
    cpu        "reset", "fault"         an instant; the cause
    thread     "main stack", "thread 1" it is the one that runs (or that handlers interrupt)
    interrupt  "interrupt 6"            stacking to unstacking; the handler; what preempts it included
    inference  the function's name      one inference; its index
    operator   "operators"              one call; "1:CONV_2D"
    region     the region's name        one pass; its number
    dma        "UARTE0 TXD"             from the block's STARTED event to its END event
    pin        "P0.13"                  a level, "high" or "low", until it changes
    serial     "uart0", "uart0 input"   a line of text: first byte to the newline; the text
    sensor     "imu"                    an instant: a sample that is looked at; the quantity
    camera     "camera"                 an instant: the begin of a frame that is looked at

Not modelled: nothing is sampled or thinned out; a recording that reaches its limit of events ends there, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a track tells of; in the order in which tracks are shown."""

    CPU = "cpu"
    THREAD = "thread"
    INTERRUPT = "interrupt"
    INFERENCE = "inference"
    OPERATOR = "operator"
    REGION = "region"
    DMA = "dma"
    PIN = "pin"
    SERIAL = "serial"
    SENSOR = "sensor"
    CAMERA = "camera"


@dataclass(slots=True)
class Event:
    """One thing that happened on a track."""

    cycle: int
    """When it began."""
    cycles: int
    """How long it lasted; 0 for an instant."""
    name: str
    ended: bool = True
    """False if it still lasted when the recording ended."""

    @property
    def end(self) -> int:
        """The cycle at which it was over."""
        return self.cycle + self.cycles


@dataclass(slots=True)
class Track:
    """Everything of one source, in time. Spans of one track do not overlap."""

    kind: Kind
    name: str
    aliases: tuple[str, ...] = ()
    """Other names of the same: "LED_BUILTIN" for "P0.13", "GPIOTE" for "interrupt 6"."""
    events: list[Event] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The name with its aliases, for people: "P0.13 LED_BUILTIN"."""
        return " ".join((self.name, *self.aliases))

    def answers(self, name: str) -> bool:
        """Whether `name`, in whatever case, is its name or an alias."""
        return name.casefold() in (known.casefold() for known in (self.name, *self.aliases))


@dataclass(slots=True)
class Timeline:
    """What was recorded between the cycles `start` and `end`."""

    start: int = 0
    end: int = 0
    tracks: list[Track] = field(default_factory=list)
    """By kind, and within a kind in the order in which they first had something to tell; none is empty."""
    complete: bool = True
    """False if the limit of events was reached: then nothing is recorded behind `end`."""

    def of(self, *kinds: Kind) -> Iterator[Track]:
        """The tracks of these kinds."""
        return (track for track in self.tracks if track.kind in kinds)

    def find(self, kind: Kind, name: str | None = None) -> list[Track]:
        """The tracks of a kind, or the one among them that has this name or alias."""
        return [track for track in self.of(kind) if name is None or track.answers(name)]

    def to_record(self) -> dict[str, Any]:
        """`timeline` of the record: plain data, an event as [cycle, cycles, name] (docs/timeline.md).

        A fourth element, False, marks an event that had not ended.
        """
        return {
            "start": self.start,
            "end": self.end,
            "complete": self.complete,
            "tracks": [
                {
                    "kind": str(track.kind),
                    "name": track.name,
                    "aliases": list(track.aliases),
                    "events": [
                        [event.cycle, event.cycles, event.name, *(() if event.ended else (False,))]
                        for event in track.events
                    ],
                }
                for track in self.tracks
            ],
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Timeline:
        """The inverse of `to_record`."""
        return cls(record["start"], record["end"], [
            Track(Kind(track["kind"]), track["name"], tuple(track["aliases"]), [Event(*e) for e in track["events"]])
            for track in record["tracks"]
        ], record["complete"])


def ordered(tracks: Iterable[Track]) -> list[Track]:
    """Tracks that have events, by kind, otherwise as they came."""
    kinds = list(Kind)
    return sorted((track for track in tracks if track.events), key=lambda track: kinds.index(track.kind))
