"""The timeline: what is written down, when, and that nobody pays who did not ask; latencies between any two."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from support.assembler import machine
from support.firmware import firmware_elfs

from cmsim import Machine, prebuilt, traces
from cmsim.errors import UsageError
from cmsim.measure.latency import Latency, Moment, measured
from cmsim.measure.recorder import TimelineRecorder
from cmsim.measure.timeline import Event, Kind, Timeline, Track
from cmsim.report.vcd import VcdRecorder
from cmsim.scenario import Input, Press, Scenario

__all__ = ["firmware_elfs"]


def track(of: Machine, kind: Kind, name: str) -> Track:
    assert of.timeline is not None
    (found,) = of.timeline.find(kind, name)
    return found


def check_order(timeline: Timeline) -> None:
    """Spans of one track follow one another, within the recording."""
    for one in timeline.tracks:
        assert one.events
        for event in one.events:
            assert timeline.start <= event.cycle <= event.end <= timeline.end
        for earlier, later in pairwise(one.events):
            assert earlier.end <= later.cycle


@pytest.fixture(scope="module")
def gesture() -> Machine:
    latencies = ["sensor:imu=accel,end serial:uart0=inference", "end inference , serial:uart0"]
    m = Machine(prebuilt.path("gesture"), imu=traces.path("walk"), timeline=True, latencies=latencies)
    m.run(inferences=2, seconds=10)
    return m


def test_recording_changes_no_count(gesture: Machine) -> None:
    plain = Machine(prebuilt.path("gesture"), imu=traces.path("walk"))
    plain.run(inferences=2, seconds=10)
    assert plain.timeline is None
    assert "timeline" not in plain.record
    assert "latencies" not in plain.record
    assert (plain.cycles, plain.instructions) == (gesture.cycles, gesture.instructions)
    assert plain.record["inferences"] == gesture.record["inferences"]


def test_an_application_on_one_clock(gesture: Machine) -> None:
    timeline = gesture.timeline
    assert timeline is not None
    assert timeline.complete
    assert (timeline.start, timeline.end) == (0, gesture.cycles)
    check_order(timeline)
    assert [t.kind for t in timeline.tracks] == sorted((t.kind for t in timeline.tracks), key=list(Kind).index)

    measured_ones = gesture.record["inferences"]
    (inferences,) = timeline.find(Kind.INFERENCE)
    assert [(e.cycle, e.cycles) for e in inferences.events] == [(i["start_cycle"], i["cycles"]) for i in measured_ones]
    operators = track(gesture, Kind.OPERATOR, "operators").events
    expected = [(f"{o['index']}:{o['name']}", o["cycles"]) for i in measured_ones for o in i["operators"]]
    assert [(e.name, e.cycles) for e in operators] == expected
    assert all(any(i.cycle <= o.cycle and o.end <= i.end for i in inferences.events) for o in operators)

    lines = track(gesture, Kind.SERIAL, "uart0").events
    assert [e.name for e in lines] == gesture.console().splitlines()
    bits = 10 * len(lines[0].name)  # from the end of the first frame to that of the newline
    assert lines[0].cycles == pytest.approx(bits * 64e6 / 115200, rel=0.01)
    transfer = track(gesture, Kind.DMA, "UARTE0 TXD").events[0]
    assert transfer.cycle < lines[0].cycle < lines[0].end <= transfer.end

    samples = [e.cycle for e in track(gesture, Kind.SENSOR, "imu").events if e.name == "accel"]
    periods = [later - earlier for earlier, later in pairwise(samples)]
    assert min(periods) == pytest.approx(64e6 / 119, rel=1e-4)
    slept = sum(e.cycles for e in track(gesture, Kind.CPU, "sleep").events)
    assert slept == gesture.cpu.sleep_cycles
    power = track(gesture, Kind.PIN, "ENABLE_SENSORS_3V3")
    assert power.title == "P0.22 ENABLE_SENSORS_3V3"
    assert [e.name for e in power.events] == ["low", "high"]
    assert not power.events[-1].ended


def test_it_survives_the_record(gesture: Machine) -> None:
    assert gesture.timeline is not None
    assert Timeline.from_record(gesture.record["timeline"]) == gesture.timeline


def test_latencies_in_the_record(gesture: Machine) -> None:
    to_line, after_inference = gesture.record["latencies"]
    assert to_line["latency"] == "sensor:imu=accel,end serial:uart0=inference"
    assert to_line["count"] == 1  # the second line is still to come
    inference = gesture.record["inferences"][0]
    assert 0 < to_line["min"] == to_line["median"] == to_line["max"] < 64e6 / 119
    samples = [e.cycle for e in track(gesture, Kind.SENSOR, "imu").events if e.name == "accel"]
    line = next(e for e in track(gesture, Kind.SERIAL, "uart0").events if e.name.startswith("inference 0"))
    assert to_line["max_at"] == max(cycle for cycle in samples if cycle <= line.end)
    assert after_inference["min"] == line.cycle - inference["start_cycle"] - inference["cycles"]


def test_buttons_text_both_ways_and_transfers(firmware_elfs: Path) -> None:
    events = (Input(0.3, b"one\n"), Press(0.35, "button1", 0.02))
    m = Machine(firmware_elfs / "scenario.elf", "nrf52840dk", scenario=Scenario(events), timeline=True)
    m.run(seconds=0.5)
    assert m.timeline is not None
    check_order(m.timeline)
    pressed = next(e for e in track(m, Kind.PIN, "P0.11").events if e.name == "low" and e.cycle > 0.34 * 64e6)
    assert (pressed.cycle, pressed.cycles) == (int(0.35 * 64e6), int(0.02 * 64e6))
    assert [e.name for e in track(m, Kind.SERIAL, "uart0 input").events] == ["one"]
    assert [e.name for e in track(m, Kind.SERIAL, "uart0").events] == ["ready", "echo one", "pressed", "released"]


def test_threads_and_handlers(firmware_elfs: Path) -> None:
    m = Machine(firmware_elfs / "threads.elf", "nrf52840dk", timeline=True)
    m.write("selected_case", (m.image.find("four_threads").address | 1).to_bytes(4, "little"))
    m.run(seconds=1)
    assert m.timeline is not None
    check_order(m.timeline)
    names = [t.name for t in m.timeline.of(Kind.THREAD)]
    assert names[:5] == ["main stack", "thread 1", "thread 2", "thread 3", "thread 4"]
    assert [t.aliases for t in m.timeline.of(Kind.THREAD)][1:5] == [(f"stacks[{n}]",) for n in range(4)]
    running = sorted((e for t in m.timeline.of(Kind.THREAD) for e in t.events), key=lambda e: e.cycle)
    for earlier, later in pairwise(running):  # never two, and between them only the handlers that switched
        assert 0 < later.cycle - earlier.end < 1000
    ticks = track(m, Kind.INTERRUPT, "exception SysTick")
    assert len({e.name for e in ticks.events}) == 1
    assert len(track(m, Kind.INTERRUPT, "exception PendSV").events) > 10


def test_nested_and_chained_handlers(tmp_path: Path) -> None:
    m = machine(
        tmp_path,
        """
        main: ldr r0, =0xE000E100
              movs r1, #3
              str r1, [r0]
              ldr r2, =0xE000E400
              movs r1, #0x40
              strb r1, [r2]
              ldr r0, =0xE000E200
              movs r1, #1
              str r1, [r0]
              dsb
        end:  b end
        low:  ldr r0, =0xE000E200
              movs r1, #2
              str r1, [r0]
              dsb
              b 1f
        1:    nop
              bx lr
        high: nop
              bx lr
        .pool
        """,
        functions=["low", "high"], handlers={16: "low", 17: "high"}, timing="manual", timeline=True,
    )  # fmt: skip
    m.run(seconds=1e-5)
    (outer,) = track(m, Kind.INTERRUPT, "interrupt 0").events
    (inner,) = track(m, Kind.INTERRUPT, "interrupt 1").events
    assert (outer.name, inner.name) == ("low", "high")
    assert outer.cycle < inner.cycle < inner.end < outer.end
    assert track(m, Kind.INTERRUPT, "RADIO").name == "interrupt 1"


def test_regions(tmp_path: Path) -> None:
    source = "main: nop\nfirst: movs r0, #9\nloop: subs r0, #1\nbne loop\nsecond: nop\nb main"
    m = machine(tmp_path, source, functions=["first", "second"], timeline=True, timing="manual")
    assert m.regions is not None
    m.regions.add("loop=first..second")
    m.run(seconds=1e-5)
    passes = track(m, Kind.REGION, "loop").events
    row = m.record["regions"][0]
    ended = [e for e in passes if e.ended]
    assert len(ended) == row["passes"] > 3
    assert {e.cycles for e in ended[1:]} == {row["cycles"]["median"]}
    assert [e.name for e in passes[:2]] == ["pass 0", "pass 1"]


def test_a_timeline_and_a_vcd_at_once(firmware_elfs: Path, tmp_path: Path) -> None:
    m = Machine(firmware_elfs / "scenario.elf", "nrf52840dk", scenario=Scenario((Input(0.3, b"one\n"),)), timeline=True)
    with VcdRecorder(m, tmp_path / "run.vcd"):
        m.run(seconds=0.5)
    assert [e.name for e in track(m, Kind.SERIAL, "uart0 input").events] == ["one"]
    assert "uart0_rx" in (tmp_path / "run.vcd").read_text()


def test_resets_and_faults(tmp_path: Path) -> None:
    m = machine(tmp_path, "main: udf #0", timeline=True)
    m.run(seconds=1e-3)
    m.reset()
    m.run(seconds=1e-3)
    assert [e.name for e in track(m, Kind.CPU, "fault").events] == ["HardFault UNDEFINSTR"] * 2
    (reset,) = track(m, Kind.CPU, "reset").events
    assert [e.cycle for e in track(m, Kind.THREAD, "main stack").events] == [0, reset.cycle]


def test_a_full_recording_ends_and_says_so() -> None:
    m = Machine(prebuilt.path("gesture"), imu=traces.path("walk"))
    recorder = TimelineRecorder(m, limit=100)
    m.run(seconds=2)
    timeline = recorder.timeline
    assert not timeline.complete
    assert timeline.end < m.cycles
    assert sum(len(t.events) for t in timeline.tracks) <= 100
    check_order(timeline)


# --- latencies by themselves ------------------------------------------------------------------------------------------

BUTTON = Track(Kind.PIN, "P0.11", ("BUTTON",), [Event(0, 10, "low"), Event(10, 5, "high"), Event(15, 25, "low"),
                                                Event(40, 4, "high"), Event(44, 56, "low", False)])
CONSOLE = Track(Kind.SERIAL, "uart0", (), [Event(12, 8, "walk, 97 %"), Event(60, 5, "rest"), Event(70, 9, "walk")])
DRAWN = Timeline(0, 100, [BUTTON, CONSOLE])


def pairs(text: str) -> list[tuple[int, int]]:
    return Latency.parse(text).pairs(DRAWN)


def test_each_answer_has_the_last_cause_before_it() -> None:
    assert pairs("pin:button=high,serial") == [(10, 12), (40, 60)]
    assert pairs("pin:P0.11=high, end serial:uart0=walk") == [(10, 20), (40, 79)]
    assert pairs("pin,serial:uart0=rest") == [(44, 60)]
    assert pairs("first pin,serial:uart0=rest") == [(0, 60)]
    assert pairs("end pin:BUTTON=low,serial") == [(10, 12), (40, 60)]  # what had not ended has no end
    assert pairs("serial:uart0=walk, 97,serial:uart0=rest") == [(12, 60)]
    assert pairs("serial:uart1,pin") == []


def test_the_same_moment_twice_is_a_period() -> None:
    assert pairs("serial,serial") == [(12, 60), (60, 70)]
    assert pairs("first pin:button=high,pin:button=high") == [(10, 40)]
    assert pairs("serial,serial=walk") == [(12, 12), (70, 70)]  # not the same


def test_what_was_there_instead_is_told() -> None:
    def unseen(text: str) -> list[str]:
        (row,) = measured(DRAWN, [Latency.parse(text)])
        return [str(words) for words in row["unseen"]]

    assert unseen("pin:button=wet,serial=run") == [
        "pin:button=wet never happened; pin P0.11 had 'low', 'high'",
        "serial=run never happened; serial uart0 had 'walk, 97 %', 'rest', 'walk'",
    ]
    assert unseen("pin:d2=low,serial") == ["pin:d2=low never happened; pin had events on P0.11"]


def test_minimum_median_maximum() -> None:
    rows = measured(DRAWN, [Latency.parse("pin:button=high,end serial"), Latency.parse("cpu,pin")])
    assert rows == [
        {"latency": "pin:button=high,end serial", "count": 2, "min": 10, "median": 10, "max": 25, "max_at": 40,
         "unseen": []},
        {"latency": "cpu,pin", "count": 0, "min": None, "median": None, "max": None, "max_at": None,
         "unseen": ["cpu never happened; cpu had no events at all"]},
    ]


def test_the_grammar() -> None:
    latency = Latency.parse("first end pin:imu.INT1=high,end serial:uart0=a, b")
    assert latency.start == Moment(Kind.PIN, "imu.INT1", "high", end=True)
    assert latency.stop == Moment(Kind.SERIAL, "uart0", "a, b", end=True)
    assert latency.first


@pytest.mark.parametrize("text", ["", "pin", "pin,", "pin,button:1", "pin,first serial", "a,b", "pin,serial,pin", "pin:,pin"])
def test_what_cannot_be_read(text: str) -> None:
    with pytest.raises(UsageError, match=r"--latency .*write it as FROM,TO"):
        Latency.parse(text)
