"""What lies where: areas cut out of each other, and those of a real image."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cmsim
from cmsim import prebuilt, traces
from cmsim.bench import Options, bench
from cmsim.measure.memory_map import Area, carve

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
GESTURE = Path(__file__).resolve().parents[2] / "firmware" / "apps" / "gesture" / "gesture.tflite"
AREAS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 30)), max_size=8).map(
    lambda pairs: [Area(f"a{n}", "bss", low, low + size) for n, (low, size) in enumerate(pairs)])


@unhurried
@given(AREAS, AREAS)
def test_carved_areas_cover_the_same_bytes_once(placed, over):
    found = carve(placed, over)
    covered = [byte for area in found for byte in range(area.low, area.high)]
    assert len(covered) == len(set(covered))
    assert set(covered) == {byte for area in (*placed, *over) for byte in range(area.low, area.high)}
    assert [area.low for area in found] == sorted(area.low for area in found)


def test_an_arena_within_a_section_parts_it():
    found = carve([Area(".bss", "bss", 0, 100)], [Area("arena", "arena", 40, 60, 12)])
    assert [(area.name, area.low, area.high) for area in found] == [(".bss", 0, 40), ("arena", 40, 60), (".bss", 60, 100)]
    assert found[1].used == 12


def test_gesture_application():
    machine = cmsim.Machine(prebuilt.path("gesture"), imu=traces.path("walk"))
    machine.run(inferences=1, seconds=10)
    record = machine.record
    flash, ram = record["memory_map"]
    assert (flash["memory"], flash["base"], flash["size"]) == ("flash", 0, 1 << 20)
    assert (ram["memory"], ram["base"], ram["size"]) == ("ram", 0x2000_0000, 1 << 18)
    sections = {section.name: section for section in machine.image.sections}
    text = flash["areas"][0]
    assert (text["name"], text["kind"], text["size"]) == (".text", "code", sections[".text"].size)
    by_kind = {area["kind"]: area for area in ram["areas"]}
    memory = record["memory"]
    assert (by_kind["arena"]["size"], by_kind["arena"]["used"]) == (memory["arena_size"], memory["arena_used"])
    assert (by_kind["stack"]["size"], by_kind["stack"]["used"]) == (memory["stack_size"], memory["stack_peak"])
    assert sum(area["size"] for area in ram["areas"] if area["kind"] != "stack") == sections[".bss"].size
    assert ram["largest"][0]["size"] == 4096


def test_plan_of_the_arena_is_that_of_bench():
    machine = cmsim.Machine(prebuilt.path("gesture"), imu=traces.path("walk"))
    machine.run(until="arena", seconds=10)
    rows = machine.record["arena_plan"]
    keys = ("place", "bytes", "first", "last", "tensor", "subgraph")
    plans = []
    for kernels in ("dsp", "reference"):  # whichever the application was built with
        model = bench([str(GESTURE)], Options(kernels=kernels))["models"][0]
        plans.append([{key: row[key] for key in keys} for row in model["plan"]])
    assert rows in plans
