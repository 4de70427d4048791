"""The plan that TensorFlow Lite Micro's memory planner makes, overheard; and which tensor each of its buffers is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.firmware import ROOT
from support.newlib import build

from cmsim import Machine, tflite
from cmsim.cli import main
from cmsim.measure.tflm_plan import tensor_numbers
from cmsim.report.html_arena import arenas

MODEL = ROOT / "firmware" / "apps" / "gesture" / "gesture.tflite"


@pytest.mark.parametrize("options", [(), ("-DOLD",)], ids=["today", "with an ErrorReporter"])
def test_buffers_lifetimes_and_places(tmp_path: Path, options: tuple[str, ...]) -> None:
    elf = build(tmp_path, "tflm.cc", options=("-DARENA=4096", *options), name="app")
    machine = Machine(elf, "nrf52840dk")
    assert machine.run(seconds=1).reason == "exit"
    rows = machine.record["arena_plan"]
    assert [(row["place"], row["bytes"], row["first"], row["last"]) for row in rows] == [
        (0, 400, 0, 1), (400, 304, 1, 2), (0, 96, 2, 2)]
    assert {(row["tensor"], row["subgraph"]) for row in rows} == {(None, 0)}  # its model is none that can be read
    page = "".join(arenas(machine.record))
    assert "buffer: 304 bytes at 400 to 703, from step 1 to step 2" in page
    assert "tensors and scratch memory" in page and 'class="scratch"' not in page


def test_a_plan_costs_no_cycle(tmp_path: Path) -> None:
    elf = build(tmp_path, "tflm.cc", options=("-DARENA=4096",), name="app")
    cycles = []
    for measure in (True, False):
        machine = Machine(elf, "nrf52840dk", measure=measure)
        machine.run(seconds=1)
        cycles.append(machine.cycles)
    assert cycles[0] == cycles[1]


def test_a_reset_begins_a_new_plan(tmp_path: Path) -> None:
    machine = Machine(build(tmp_path, "tflm.cc", options=("-DARENA=4096",), name="app"), "nrf52840dk")
    for _ in range(2):
        machine.run(seconds=1)
        assert len(machine.record["arena_plan"]) == 3
        machine.reset()


def test_tensors_are_known_where_every_size_agrees() -> None:
    model = tflite.load(MODEL)
    planned = [t for t in model.subgraphs[0].tensors if t.data is None and not t.is_variable]
    sizes = [-(-(t.bytes or 0) // 16) * 16 for t in planned]
    assert tensor_numbers(model, [*sizes, 48]) == [*(t.index for t in planned), None]
    assert tensor_numbers(model, [sizes[0] + 16, *sizes[1:]]) is None
    assert tensor_numbers(model, sizes[:-1]) is None


def test_the_command_shows_the_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    elf = build(tmp_path, "tflm.cc", options=("-DARENA=4096",), name="app")
    file = tmp_path / "arena.json"
    assert main(["arena", str(elf), "--board", "nrf52840dk", "--no-minimum", "--json", str(file)]) == 0
    shown = capsys.readouterr().out
    assert "planned" in shown
    assert [row["bytes"] for row in json.loads(file.read_text())["plan"]] == [400, 304, 96]
