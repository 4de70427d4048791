"""The record: its keys are those of docs/record.md, it repeats exactly, and measuring changes nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from support.thumb import Program, three_inferences

import cmsim
from cmsim import prebuilt, traces
from cmsim.record import to_json

GESTURE = prebuilt.path("gesture")
DATA = ("console", "arenas[].purposes", "faults[].registers")
"""Keys below are names, not words of the description."""
MANUAL = Path(__file__).resolve().parents[1] / "docs/record.md"


def gesture(measure: bool = True, **options: Any) -> dict[str, Any]:
    machine = cmsim.Machine(GESTURE, imu=traces.path(), imu_end="stop", measure=measure)
    machine.run(**options)
    return machine.record


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    return gesture()


def without_wall(record: dict[str, Any]) -> str:
    return re.sub(r'"wall_seconds": [0-9.e-]+', "", to_json(record))


def test_two_runs_are_the_same_byte_for_byte_but_for_the_wall_clock(record: dict[str, Any]) -> None:
    again = gesture()
    assert without_wall(again) == without_wall(record)
    assert to_json(again).count("wall") == 1


def test_watching_the_progress_changes_nothing(record: dict[str, Any]) -> None:
    assert without_wall(gesture(progress=lambda machine: None)) == without_wall(record)


def test_measuring_changes_neither_cycles_nor_instructions(record: dict[str, Any]) -> None:
    plain = gesture(measure=False)
    for key in ("cycles", "instructions", "seconds", "console", "stop"):
        assert plain[key] == record[key], key
    assert plain["inferences"] == []
    assert plain["memory"]["stack_peak"] is None


def test_gesture(record: dict[str, Any]) -> None:
    assert (record["schema"], record["version"]) == (1, cmsim.__version__)
    assert record["firmware"] == {"name": "gesture.elf", "format": "ELF"}
    assert record["stop"]["reason"] == "trace ended"
    assert record["cycles"] == round(39.99 * 64e6)
    assert record["seconds"] == 39.99
    assert len(record["inferences"]) == 18
    names = [operator["name"] for operator in record["inferences"][0]["operators"]]
    assert names[:3] == ["QUANTIZE", "CONV_2D", "MAX_POOL_2D"]
    assert len(names) == 10
    for inference in record["inferences"]:
        parts = sum(operator["cycles"] for operator in inference["operators"])
        assert 0.99 * inference["cycles"] < parts < inference["cycles"]
    memory = record["memory"]
    assert memory["arena_used"] < memory["arena_size"] == 4096
    assert 0 < memory["stack_peak"] < memory["stack_size"] == 8192
    assert record["unmodelled"] == record["faults"] == []


def run(program: Program, tmp_path: Path, **options: Any) -> dict[str, Any]:
    machine = cmsim.Machine(program.write(tmp_path / "a.elf"), **options)
    machine.run()
    return machine.record


def test_inferences_by_symbol(tmp_path: Path) -> None:
    """100 rounds of add, compare, branch (1 each, a taken branch 1 more); push and pop of two words (3 each, 1 for the
    jump); one move; and 1 for the jump of the call, which is charged where it arrives."""
    inferences = run(three_inferences(), tmp_path, timing="manual")["inferences"]
    assert [i["index"] for i in inferences] == [0, 1, 2]
    assert {i["cycles"] for i in inferences} == {100 * 3 + 99 + 3 + 1 + 3 + 1}
    assert {i["instructions"] for i in inferences} == {303}
    assert {i["stack_peak"] for i in inferences} == {8}
    assert inferences[0]["operators"] == []


def test_unmodelled_accesses(tmp_path: Path) -> None:
    program = Program().fetch(0x4002_6300).fetch(0x4002_6300).store(0x4002_6500, 1).sleep()
    assert run(program, tmp_path)["unmodelled"] == [
        {"block": "FPU", "offset": 0x300, "access": "read", "count": 2, "pc": 0x108},
        {"block": "FPU", "offset": 0x500, "access": "write", "count": 1, "pc": 0x124},
    ]


def test_faults(tmp_path: Path) -> None:
    program = Program().undefined()
    program.handlers[1] = program.here | 1
    record = run(program.spin(), tmp_path)
    fault = {"exception": "HardFault", "cause": "UNDEFINSTR", "pc": 0x100, "address": None, "cycle": 2}  # the first line of flash
    (found,) = record["faults"]
    assert {key: found[key] for key in fault} == fault
    assert (found["cfsr"], found["hfsr"]) == (1 << 16, 1 << 30)
    assert found["registers"]["pc"] == found["stack"][0]["address"] == 0x100
    assert record["stop"]["reason"] == "fault"


def keys(value: Any, path: str = "") -> set[str]:
    """Every key of a record as docs/record.md writes it; the channels of the console are data, not keys."""
    if isinstance(value, list):
        return set().union(*(keys(item, f"{path}[]") for item in value)) if value else set()
    if not isinstance(value, dict) or path in DATA:
        return set()
    found = set()
    for key, item in value.items():
        name = f"{path}.{key}" if path else key
        found |= {name} | keys(item, name)
    return found


def test_manual_lists_exactly_the_keys(record: dict[str, Any], tmp_path: Path) -> None:
    program = Program().fetch(0x4002_6300).undefined()
    program.handlers[1] = program.here | 1
    other = run(program.spin(), tmp_path)
    table = MANUAL.read_text(encoding="utf-8").split("| `stop.reason` | the run")[0]
    described = set()
    for first, others in re.findall(r"^\| `([a-z_.\[\]]+)`((?:, `\.[a-z_]+`)*) \|", table, re.MULTILINE):
        described |= {first} | {first.rpartition(".")[0] + other for other in re.findall(r"\.[a-z_]+", others)}
    assert described == keys(record) | keys(other)


def test_manual_lists_the_stop_reasons() -> None:
    core = MANUAL.parents[1] / "cmsim"
    source = "".join((core / name).read_text(encoding="utf-8") for name in ("machine.py", "course.py", "goal.py", "record.py", "measure/heap_checks.py", "measure/fatal.py", "measure/stack_guard.py"))
    given = set(re.findall(r'Stop\("([a-z ]+)"', source))
    table = MANUAL.read_text(encoding="utf-8").split("| `stop.reason` | the run")[1]
    assert given == set(re.findall(r"^\| `([a-z ]+)` \|", table, re.MULTILINE))


def test_order_of_keys_is_that_of_the_manual(record: dict[str, Any]) -> None:
    text = MANUAL.read_text(encoding="utf-8")
    places = [text.index(f"| `{key}` |") for key in record]
    assert places == sorted(places)


def test_json_is_readable_and_ends_with_a_newline(record: dict[str, Any]) -> None:
    text = to_json(record)
    assert text.endswith("}\n")
    assert json.loads(text) == record
