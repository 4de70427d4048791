"""The heap: against the C library's own account, and what a run can be asked about it."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from support.assembler import machine
from support.newlib import MALLINFO, build

from cmsim import Machine
from cmsim.cli import main
from cmsim.errors import UsageError
from cmsim.measure.heap_checks import LeakCheck, NoAllocation
from cmsim.measure.history import ROWS, History


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("heap")


@pytest.fixture(scope="module")
def sessions(folder: Path) -> Path:
    return build(folder, "sessions.cc", options=("-DLEAKS",), name="sessions")


def word(of: Machine, symbol: str) -> int:
    return int(struct.unpack("<I", of.read(symbol))[0])


def finished(elf: Path, **options: Any) -> Machine:
    m = Machine(elf, "nrf52840dk", **options)
    assert m.run(seconds=5).reason == "exit"
    return m


@pytest.mark.parametrize("nano", [True, False], ids=["newlib-nano", "newlib"])
def test_live_and_peak_are_what_mallinfo_says(folder: Path, nano: bool) -> None:
    """`uordblks` behind each of some 700 calls, those that realloc makes within itself included."""
    m = finished(build(folder, "heap.c", "mallinfo.c", options=(MALLINFO,), nano=nano, name=f"heap-{nano}"))
    assert m.heap is not None and m.heap.low is not None
    lost = 0 if nano else -m.heap.low % 8  # newlib counts what it skips to align its first chunk as in use
    assert m.heap.peak == word(m, "peak_in_use") - lost > 5000
    assert m.heap.live == word(m, "last_in_use") - lost
    assert m.heap.reserved == word(m, "last_arena")
    assert m.record["memory"]["heap_peak"] == m.heap.peak


@pytest.mark.parametrize("nano", [True, False], ids=["newlib-nano", "newlib"])
def test_counts_free_pieces_and_history(folder: Path, nano: bool) -> None:
    m = finished(build(folder, "heap.c", nano=nano, name=f"plain-{nano}"))
    heap = m.record["heap"]
    assert heap["allocations"] - heap["frees"] == heap["blocks"] > 10
    assert heap["failed"] == 1
    assert 0 < heap["largest_free"] < heap["reserved"] - heap["live"]
    assert 0 < heap["fragmentation"] < 1
    assert max(row[1] for row in heap["history"]) == heap["peak"]
    assert heap["history"][-1][2] == heap["live"]


def test_following_the_heap_costs_no_cycle(folder: Path) -> None:
    elf = build(folder, "heap.c", name="free")
    assert finished(elf).cycles == finished(elf, measure=False).cycles


def test_the_outermost_call_is_charged_and_inner_ones_are_not(sessions: Path) -> None:
    m = finished(sessions)
    assert m.heap is not None
    assert (m.heap.allocations, m.heap.frees) == (31, 20)
    assert len(m.heap.blocks) == 11
    assert {m.heap.place(block.site)[0] for block in m.heap.blocks.values()} == {"setup", "_strdup_r"}


def test_leaks_between_two_points(sessions: Path) -> None:
    m = Machine(sessions, "nrf52840dk")
    check = LeakCheck.parse(m, "ready..finished")
    m.run(seconds=1)
    assert check.failure is None
    leaks = m.record["heap"]["leaks"]
    assert leaks["blocks"] == 10
    assert leaks["bytes"] == 10 * 48
    (site,) = leaks["sites"]
    assert (site["function"], site["bytes"], site["blocks"]) == ("_strdup_r", 480, 10)
    assert [frame["function"] for frame in site["stack"]] == ["main", "Reset_Handler"]  # the others are tail calls
    whole = Machine(sessions, "nrf52840dk")
    LeakCheck(whole, "setup")
    whole.run(seconds=1)
    assert whole.record["heap"]["leaks"]["blocks"] == 11


def test_leaks_of_one_line_are_one_site(tmp_path: Path) -> None:
    """Wherever the compiler put its calls; two lines are two sites."""
    source = tmp_path / "twice.c"
    source.write_text("void say(const char*); void* leaky(unsigned); void begin(void) {}\n#define T(x) x; x; x\n"
                      "int main(void) { say(\"go\\n\"); T(leaky(40));\nleaky(8); return 0; }\n#include <stdlib.h>\n"
                      "__attribute__((noipa)) void* leaky(unsigned size) { return malloc(size); }\n")
    m = Machine(build(tmp_path, str(source)), "nrf52840dk")
    LeakCheck.parse(m, "go..")
    assert m.run(seconds=1).reason == "exit"
    sites = m.record["heap"]["leaks"]["sites"]
    assert [(site["bytes"], site["blocks"]) for site in sites] == [(3 * 48, 3), (16, 1)]


def test_an_allocation_behind_the_point_ends_the_run(sessions: Path) -> None:
    m = Machine(sessions, "nrf52840dk")
    gate = NoAllocation(m, "ready")
    stop = m.run(seconds=1)
    assert stop.reason == "allocation"
    assert gate.violation is not None
    assert gate.violation["function"] == "session"
    assert gate.violation["size"] == 40
    assert "sessions.cc:" in gate.violation["source"]
    assert [frame["function"] for frame in gate.violation["stack"]][-3:] == ["session", "main", "Reset_Handler"]
    assert m.record["heap"]["no_allocation_after"]["violation"] == gate.violation


def test_a_function_can_be_the_point(sessions: Path) -> None:
    m = Machine(sessions, "nrf52840dk")
    gate = NoAllocation(m, "finished")
    assert m.run(seconds=1).reason == "exit"
    assert gate.failure is None
    assert gate.after.reached is not None


def test_the_return_of_a_function_can_be_the_point(sessions: Path) -> None:
    """setup() itself may allocate."""
    reasons = []
    for point in ("setup", "return of setup"):
        m = Machine(sessions, "nrf52840dk")
        gate = NoAllocation(m, point)
        assert m.run(seconds=1).reason == "allocation"
        assert gate.violation is not None
        reasons.append(gate.violation["function"])
    assert reasons == ["setup", "session"]
    with pytest.raises(UsageError, match="no symbol 'seting'; similar: s"):
        NoAllocation(Machine(sessions, "nrf52840dk"), "return of seting")


def test_a_name_that_is_nearly_a_functions_is_told(sessions: Path) -> None:
    m = Machine(sessions, "nrf52840dk")
    gates = NoAllocation(m, "sesion"), LeakCheck.parse(m, "kept..finishd")
    m.run(seconds=1)
    assert "the text 'sesion' was never reached" in str(gates[0].failure)
    assert "no function has that name, similar: session" in str(gates[0].failure)
    assert "the text 'kept' and the text 'finishd': never reached" in str(gates[1].failure)  # a variable is no point
    assert "similar: finished" in str(gates[1].failure)


def test_a_point_that_is_never_reached_fails(sessions: Path) -> None:
    m = Machine(sessions, "nrf52840dk")
    gates = NoAllocation(m, "text:nobody prints this"), LeakCheck.parse(m, "ready..nowhere")
    m.run(seconds=1)
    assert "never reached" in str(gates[0].failure)
    assert "'nowhere': never reached" in str(gates[1].failure)


def test_command_line(sessions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = ["run", str(sessions), "--board", "nrf52840dk", "--seconds", "1"]
    assert main([*run, "--no-alloc-after", "ready"]) == 1
    assert "session (" in capsys.readouterr().err
    file = tmp_path / "record.json"
    soak = ["--soak", "--inference-function", "classify", "--leaks", "ready..", "--json", str(file)]
    assert main([*run, "--no-alloc-after", "finished", *soak]) == 0
    shown = capsys.readouterr().out
    assert "leaks: 480 bytes in 10 blocks" in shown
    assert "drift over 20 inferences" in shown
    drift = json.loads(file.read_text())["drift"]
    assert drift["inferences"] == 20
    assert drift["stack_peak"]["change"] == pytest.approx(15 * 8, abs=8)
    assert drift["cycles"]["change"] > 0
    assert drift["heap_live"]["change"] == pytest.approx(7.5 * 48, abs=48)


@pytest.mark.parametrize("text", ["ready", "..x", ""])
def test_points_that_are_none(sessions: Path, text: str) -> None:
    with pytest.raises(UsageError, match="FROM"):
        LeakCheck.parse(Machine(sessions, "nrf52840dk"), text)


def test_without_an_allocator_nothing_is_known(tmp_path: Path) -> None:
    m = machine(tmp_path, "main: b .")
    m.run(seconds=1e-6)
    assert m.record["heap"] is None
    assert m.record["memory"]["heap_peak"] is None
    with pytest.raises(UsageError, match="no allocator found"):
        NoAllocation(m, "main")


POOL = """
main:    movs r0, #100
         bl pvPortMalloc
         mov r4, r0
         movs r0, #28
         bl pvPortMalloc
         mov r0, r4
         bl vPortFree
         b .
pvPortMalloc:
         ldr r1, =0x20001000
         ldr r2, [r1]
         adds r3, r2, r0
         str r3, [r1]
         adds r0, r1, r2
         adds r0, #8
         bx lr
vPortFree: bx lr
"""


def test_another_allocator_counts_what_was_asked_for(tmp_path: Path) -> None:
    m = machine(tmp_path, POOL, functions=["pvPortMalloc", "vPortFree"])
    m.run(seconds=1e-5)
    heap = m.record["heap"]
    assert (heap["peak"], heap["live"], heap["reserved"], heap["fragmentation"]) == (128, 28, None, None)


def test_a_reset_begins_a_new_heap(sessions: Path) -> None:
    m = Machine(sessions, "nrf52840dk")
    m.run("ready", seconds=1)
    m.reset()
    m.run("ready", seconds=1)
    assert m.heap is not None
    assert len(m.heap.blocks) == 1


def test_history_is_bounded_and_keeps_the_most() -> None:
    history = History(interval=10)
    for cycle in range(0, 100_000, 7):
        history.add(cycle, cycle % 1000)
    rows = history.rows
    assert len(rows) <= ROWS
    assert rows[0][0] == 0 and rows[-1][0] + history.interval > 99_995
    assert max(row[1] for row in rows) == 999
