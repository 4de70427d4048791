"""What other tools read of a run, read by others than who wrote it."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as pb
from support.protobuf import fields, packed

from cmsim import Machine, exports, prebuilt, traces
from cmsim.cli import main
from cmsim.errors import UsageError
from cmsim.measure.timeline import Event, Kind, Timeline, Track
from cmsim.report.perfetto_trace import perfetto_trace, write_perfetto
from cmsim.report.pprof import write_pprof
from cmsim.report.timeline_csv import timeline_csv, write_timeline_csv

DRAWN = Timeline(0, 6400, [
    Track(Kind.CPU, "fault", (), [Event(100, 0, "HardFault")]),
    Track(Kind.INTERRUPT, "interrupt 6", ("GPIOTE",), [Event(640, 64, "on_pin"), Event(704, 64, "on_pin")]),
    Track(Kind.PIN, "P0.13", ("LED_BUILTIN",), [Event(0, 64, "low"), Event(64, 6336, "high", False)]),
    Track(Kind.SERIAL, "uart0", (), [Event(128, 128, 'a "line", with ü'), Event(6300, 100, "un", False)]),
])  # fmt: skip


@pytest.fixture(scope="module")
def gesture() -> Machine:
    m = Machine(prebuilt.path("gesture"), imu=traces.path("walk"), timeline=True, profile=True)
    m.run(inferences=1, seconds=10)
    return m


# --- Perfetto ---------------------------------------------------------------------------------------------------------


def read_trace(content: bytes) -> tuple[dict[int, Any], list[tuple[int, str, str, str]]]:
    """Track descriptors by number; (ns, type, track, name or value) of each event."""
    trace = pb.Trace()
    trace.ParseFromString(content)
    described = {p.track_descriptor.uuid: p.track_descriptor for p in trace.packet if p.HasField("track_descriptor")}
    events = []
    for packet in trace.packet:
        if packet.HasField("track_event"):
            event = packet.track_event
            kind = pb.TrackEvent.Type.Name(event.type).removeprefix("TYPE_")
            said = str(event.counter_value) if kind == "COUNTER" else event.name
            events.append((packet.timestamp, kind, described[event.track_uuid].name, said))
    return described, events


def test_perfetto_has_groups_tracks_slices_instants_and_levels() -> None:
    described, events = read_trace(perfetto_trace(DRAWN))
    tree = {(described[d.parent_uuid].name if d.parent_uuid else None, d.name) for d in described.values()}
    assert tree == {
        (None, "cpu"), (None, "interrupt"), (None, "pin"), (None, "serial"), ("cpu", "fault"),
        ("interrupt", "interrupt 6 GPIOTE"), ("pin", "P0.13 LED_BUILTIN"), ("serial", "uart0"),
    }  # fmt: skip
    assert events == [
        (0, "COUNTER", "P0.13 LED_BUILTIN", "0"),
        (1000, "COUNTER", "P0.13 LED_BUILTIN", "1"),
        (1562, "INSTANT", "fault", "HardFault"),
        (2000, "SLICE_BEGIN", "uart0", 'a "line", with ü'),
        (4000, "SLICE_END", "uart0", ""),
        (10000, "SLICE_BEGIN", "interrupt 6 GPIOTE", "on_pin"),
        (11000, "SLICE_END", "interrupt 6 GPIOTE", ""),
        (11000, "SLICE_BEGIN", "interrupt 6 GPIOTE", "on_pin"),
        (12000, "SLICE_END", "interrupt 6 GPIOTE", ""),
        (98437, "SLICE_BEGIN", "uart0", "un"),
    ]


def test_perfetto_of_a_run(gesture: Machine, tmp_path: Path) -> None:
    assert gesture.timeline is not None
    write_perfetto(gesture.timeline, tmp_path / "run.pftrace")
    content = (tmp_path / "run.pftrace").read_bytes()
    assert content == perfetto_trace(gesture.timeline)
    _, events = read_trace(content)
    assert [e[0] for e in events] == sorted(e[0] for e in events)
    begun: dict[str, int] = {}
    for _, kind, track, _ in events:  # never an end without a begin, never one within another
        begun[track] = begun.get(track, 0) + {"SLICE_BEGIN": 1, "SLICE_END": -1}.get(kind, 0)
        assert begun[track] in (0, 1)
    assert sum(kind == "SLICE_BEGIN" for _, kind, track, _ in events if track == "operators") == 10
    inference = gesture.record["inferences"][0]
    (slice_,) = (e for e in events if e[3] == "inference 0")
    assert slice_[0] == inference["start_cycle"] * 125 // 8
    raw = pb.Trace()
    raw.ParseFromString(content)
    exact = {a.name: a.int_value for p in raw.packet if p.track_event.name == "inference 0"
             for a in p.track_event.debug_annotations}
    assert exact == {"cycle": inference["start_cycle"], "cycles": inference["cycles"]}


# --- CSV --------------------------------------------------------------------------------------------------------------


def test_csv(gesture: Machine, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(timeline_csv(DRAWN))))
    assert [int(row["cycle"]) for row in rows] == sorted(int(row["cycle"]) for row in rows)
    assert len(rows) == 7
    text = next(row for row in rows if row["kind"] == "serial")
    assert text == {"cycle": "128", "cycles": "128", "seconds": "0.000002000", "kind": "serial", "track": "uart0",
                    "name": 'a "line", with ü', "ended": "1"}
    assert gesture.timeline is not None
    write_timeline_csv(gesture.timeline, tmp_path / "run.csv")
    with (tmp_path / "run.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == sum(len(t.events) for t in gesture.timeline.tracks)


# --- pprof ------------------------------------------------------------------------------------------------------------


def test_pprof_of_a_run(gesture: Machine, tmp_path: Path) -> None:
    record = gesture.record
    write_pprof(record, tmp_path / "run.pb.gz")
    profile = fields(gzip.decompress((tmp_path / "run.pb.gz").read_bytes()))
    strings = [text.decode() for text in profile[6] if isinstance(text, bytes)]
    assert strings[0] == ""

    def messages(number: int, of: dict[int, list[int | bytes]] = profile) -> list[dict[int, list[int | bytes]]]:
        return [fields(message) for message in of[number] if isinstance(message, bytes)]

    assert [(strings[t[1][0]], strings[t[2][0]]) for t in messages(1)] == [
        ("calls", "count"), ("instructions", "count"), ("cpu", "nanoseconds"), ("cycles", "count"),
    ]  # fmt: skip
    assert strings[profile[14][0]] == "cycles"
    assert profile[10] == [record["cycles"] * 125 // 8]
    functions = {f[1][0]: strings[f[2][0]] for f in messages(5)}
    locations = {place[1][0]: functions[messages(4, place)[0][1][0]] for place in messages(4)}
    assert {place[2][0] for place in messages(4)} == {messages(3)[0][1][0]} == {1}
    rows = record["profile"]["functions"]
    assert len(functions) == len(set(functions.values())) == len(rows)
    sources = {f"{strings[f[4][0]]}:{f[5][0]}" for f in messages(5) if f.get(4)}
    assert sources == {row["source"] for row in rows if row["source"]}
    assert "depthwise_conv_2d.cc: cmsim::(anonymous namespace)::invoke(cmsim::Context&, cmsim::Node&)" in strings
    # A list: recursion and threads make several paths of one name.
    paths = [([locations[n] for n in reversed(packed(sample[1][0]))], packed(sample[2][0])) for sample in messages(2)]
    assert sum(values[3] for _, values in paths) == record["cycles"]
    assert sum(values[1] for _, values in paths) == record["instructions"]
    assert sum(values[2] for _, values in paths) == profile[10][0]
    assert all(path[0] == "main stack" or path[0].startswith(("interrupt", "exception")) for path, _ in paths)
    tree = record["profile"]["call_tree"]
    assert len(paths) == sum(bool(node["exclusive_cycles"] or node["calls"]) for node in tree)


# --- by the command ---------------------------------------------------------------------------------------------------


def test_files_by_their_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("run.pftrace", "run.csv", "run.json"):
        command = ["run", "--app", "gesture", "--inferences", "1", "--timeline", str(tmp_path / name)]
        assert main([*command, "--latency", "sensor:imu,inference"]) == 0
        shown = capsys.readouterr().out
        assert "median ms" in shown
        assert "sensor:imu,inference" in shown
    assert read_trace((tmp_path / "run.pftrace").read_bytes())[1]
    assert (tmp_path / "run.csv").read_text().startswith("cycle,cycles,seconds,kind")
    timeline = Timeline.from_record(json.loads((tmp_path / "run.json").read_text()))
    assert timeline.find(Kind.SERIAL, "uart0")


def test_profile_exports_pprof(tmp_path: Path) -> None:
    file = tmp_path / "run.pb.gz"
    assert main(["profile", "--app", "gesture", "--inferences", "1", "--export", f"pprof={file}"]) == 0
    assert fields(gzip.decompress(file.read_bytes()))[2]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--timeline", "run.txt"], "the name must end in .pftrace, .csv or .json"),
        (["--timeline", "no-such-directory/run.csv"], "cannot write there"),
        (["--latency", "a,b"], "write it as FROM,TO"),
    ],
)
def test_what_cannot_be_done(option: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--app", "gesture", *option]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_files_that_cannot_be_written(gesture: Machine, tmp_path: Path) -> None:
    assert gesture.timeline is not None
    for write, content in ((write_perfetto, DRAWN), (write_timeline_csv, DRAWN), (write_pprof, gesture.record)):
        with pytest.raises(UsageError, match="cannot write there"):
            write(content, tmp_path / "missing" / "file")  # type: ignore[operator]


def test_all_files_from_python(gesture: Machine, tmp_path: Path) -> None:
    record = gesture.record
    cycles = gesture.cycles
    exports.write_collapsed(record, tmp_path / "run.folded")
    lines = (tmp_path / "run.folded").read_text().splitlines()
    assert sum(int(line.rpartition(" ")[2]) for line in lines) == cycles
    assert any(";quantize.cc: cmsim::(anonymous namespace)::invoke(" in line for line in lines)
    exports.write_speedscope(record, tmp_path / "run.json")
    assert sum(json.loads((tmp_path / "run.json").read_text())["profiles"][0]["weights"]) == cycles
    exports.write_functions_csv(record, tmp_path / "run.csv")
    with (tmp_path / "run.csv").open(encoding="utf-8", newline="") as file:
        assert sum(int(row["exclusive_cycles"]) for row in csv.DictReader(file)) == cycles
    with pytest.raises(UsageError, match="cannot write there"):
        exports.write_collapsed(record, tmp_path / "missing" / "file")
    assert {name for name in exports.__all__ if not callable(getattr(exports, name))} == set()
