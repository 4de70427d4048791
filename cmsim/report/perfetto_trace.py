"""A timeline as a Perfetto trace, for ui.perfetto.dev and `trace_processor`.

Each kind of the timeline is a group, each track one below it; pins are counters of 0 and 1, events without length are
instants. Perfetto counts nanoseconds, so that times are rounded down (a cycle is 15.625 ns); the exact `cycle` and
`cycles` are arguments of each slice.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as pb

from ..kernel import CPU_HZ
from ..measure.timeline import Event, Kind, Timeline, Track
from ..whole_file import write_whole

SEQUENCE = 1
_BEGIN, _END, _INSTANT, _COUNTER = (
    getattr(pb.TrackEvent, f"TYPE_{name}") for name in ("SLICE_BEGIN", "SLICE_END", "INSTANT", "COUNTER")
)


def write_perfetto(timeline: Timeline, path: str | Path) -> None:
    """Write the trace. UsageError if it cannot be written."""
    write_whole(path, perfetto_trace(timeline))


def perfetto_trace(timeline: Timeline) -> bytes:
    """The file's content."""
    trace: Any = pb.Trace()
    numbers = _describe(trace, timeline)
    moments = sorted(
        (moment for n, track in enumerate(timeline.tracks) for moment in _moments(n, track)),
        key=lambda moment: moment[:2],
    )
    for cycle, _, kind, n, event in moments:
        packet = _packet(trace)
        packet.timestamp = _nanoseconds(cycle)
        packet.track_event.type = kind
        packet.track_event.track_uuid = numbers[n]
        if kind == _COUNTER:
            packet.track_event.counter_value = int(event.name == "high")
        elif kind != _END:
            packet.track_event.name = event.name
            packet.track_event.categories.append(str(timeline.tracks[n].kind))
            for name in ("cycle", "cycles"):
                packet.track_event.debug_annotations.add(name=name, int_value=getattr(event, name))
    content: bytes = trace.SerializeToString(deterministic=True)
    return content


def _describe(trace: Any, timeline: Timeline) -> list[int]:
    """Groups and tracks, numbered from 1; the number of each track."""
    groups = list(dict.fromkeys(track.kind for track in timeline.tracks))
    for n, kind in enumerate(groups):
        packet = _packet(trace)
        if n == 0:
            packet.sequence_flags = pb.TracePacket.SEQ_INCREMENTAL_STATE_CLEARED
        packet.track_descriptor.uuid = n + 1
        packet.track_descriptor.name = str(kind)
        packet.track_descriptor.child_ordering = pb.TrackDescriptor.EXPLICIT
    numbers = []
    for n, track in enumerate(timeline.tracks):
        descriptor = _packet(trace).track_descriptor
        descriptor.uuid = len(groups) + n + 1
        descriptor.parent_uuid = groups.index(track.kind) + 1
        descriptor.name = track.title
        descriptor.sibling_order_rank = n
        if track.kind is Kind.PIN:
            descriptor.counter.SetInParent()
        numbers.append(descriptor.uuid)
    return numbers


def _packet(trace: Any) -> Any:
    return trace.packet.add(trusted_packet_sequence_id=SEQUENCE)


def _moments(n: int, track: Track) -> Iterator[tuple[int, int, int, int, Event]]:
    """(cycle, order, type, track, event): at one cycle a slice ends before the next begins."""
    for event in track.events:
        if track.kind is Kind.PIN:
            yield event.cycle, 1, _COUNTER, n, event
        elif event.cycles == 0:
            yield event.cycle, 1, _INSTANT, n, event
        else:
            yield event.cycle, 1, _BEGIN, n, event
            if event.ended:
                yield event.end, 0, _END, n, event


def _nanoseconds(cycle: int) -> int:
    return cycle * 10**9 // CPU_HZ
