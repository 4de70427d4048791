"""Faults in words: a firmware for each cause, its call stack, what is likely wrong; what operating systems cry."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.assembler import machine
from support.newlib import build

from cmsim import Machine, prebuilt
from cmsim.cli import main
from cmsim.measure.faults import EXPLAINED, MEANINGS, explain
from cmsim.measure.unwind import Unwinder, _immediate
from cmsim.report.text_faults import report

CALLERS = ["step()", "work()", "main", "Reset_Handler"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("crash")


def crash(folder: Path, case: str) -> Path:
    return build(folder, "crash.cc", options=(f"-DCASE={case}",), name=f"crash-{case}")


def crashed(folder: Path, case: str) -> tuple[Machine, dict[str, Any]]:
    m = Machine(crash(folder, case), "nrf52840dk")
    assert m.run(seconds=0.1).reason in ("fault", "lockup")
    found: dict[str, Any] = m.record["faults"][0]
    return m, found


@pytest.mark.parametrize("case, cause, likely", [
    ("misplaced_arena", "UNALIGNED", "unaligned LDRD of 0x2000"),
    ("misplaced_arena", "UNALIGNED", "lies in the arena, which begins at 0x2000"),
    ("misplaced_arena", "UNALIGNED", "aligned to 2 only: give it alignas(16)"),
    ("fpu_off", "NOCP", "the FPU is off (CPACR is 0x00000000)"),
    ("null_pointer", "PRECISERR", "0xc0000000 is not mapped"),
    ("unmapped_register", "PRECISERR", "0x40100000 is not mapped; the next block below is "),
    ("null_function", "INVSTATE", "a null function pointer was called from pc 0x"),
    ("behind_ram", "IMPRECISERR", "0x20040010 lies 16 bytes behind the end of RAM"),
    ("trap", "UNDEFINSTR", "UDF: the compiler's trap"),
    ("erased_flash", "UNDEFINSTR", "erased flash was executed"),
    ("division", "DIVBYZERO", "a divisor is 0"),
])
def test_causes(folder: Path, case: str, cause: str, likely: str) -> None:
    m, found = crashed(folder, case)
    assert found["cause"] == cause
    assert likely in found["likely"]
    functions = [frame["function"] for frame in found["stack"]]
    assert functions[-4:] == CALLERS
    assert not any(frame["guessed"] for frame in found["stack"])
    text = "\n".join(explain(m, m.faults[0]))
    assert f"  {cause}: {MEANINGS[cause]}" in text
    assert f"  likely: {found['likely']}" in text
    assert "crash.cc:" in text and f"CFSR={found['cfsr']:08x}" in text


def test_main_stack_overflow(folder: Path) -> None:
    _, found = crashed(folder, "stack_overflow")
    assert "main stack (8,192 bytes) had overflowed at cycle " in found["likely"]
    assert "fault::recurse(unsigned long) calls itself without end" in found["likely"]
    assert found["registers"]["sp"] < 0x2003_E000


def test_a_threads_stack_is_named(folder: Path) -> None:
    _, found = crashed(folder, "thread_overflow")
    assert "fault::worker_stack (256 bytes) had overflowed at cycle " in found["likely"]
    m = Machine(crash(folder, "thread_overflow"), "nrf52840dk", measure=False)
    m.run(seconds=0.1)
    assert "stack fault::worker_stack (256 bytes, 0x2000" in m.record["faults"][0]["likely"]


VIRTUAL = "ldr r0, =0\nldr r0, [r0]\nblx r0"  # of an object at an address where there is zero
HELD = "cpsid i\nsvc #0"
MASKED = "ldr r0, =0xE000ED1C\nldr r1, =0xC0000000\nstr r1, [r0]\nmovs r0, #0x20\nmsr basepri, r0\nsvc #0"
COPROCESSOR = "ldr r0, =0xE000ED88\nldr r1, =0xF00000\nstr r1, [r0]\ndsb\nisb\nmcr p15, 0, r0, c7, c5, 0"
FLASH = "ldr r0, =0x8000\nstr r0, [r0]\nnop\nnop\nnop"
XN = ("ldr r0, =0xE000ED94\nmovs r1, #0\nstr r1, [r0, #4]\nldr r1, =0x20000000\nstr r1, [r0, #8]\nldr r1, =0x13000023\n"
      "str r1, [r0, #12]\nmovs r1, #5\nstr r1, [r0]\ndsb\nisb\nldr r0, =0x20010001\nblx r0")
RAM = "ldr r0, =0x20010001\nldr r1, =0xFFFFFFFF\nstr r1, [r0, #-1]\nblx r0"


@pytest.mark.parametrize("code, cause, likely", [
    ("ldr r0, =0xFFFFFFFD\nbx r0", "IACCVIOL", "0xfffffffd ends a handler, but none runs"),
    (VIRTUAL, "IBUSERR", "the word at address 0, was called from pc 0x"),
    (HELD, "SVC at too high a priority", "SVC with interrupts disabled (PRIMASK is 1)"),
    (MASKED, "SVC at too high a priority", "SVC with interrupts disabled (BASEPRI is 32)"),
    (COPROCESSOR, "NOCP", "a coprocessor other than the FPU"),
    (FLASH, "IMPRECISERR", "0x00008000 is in flash; flash is written only where NVMC.CONFIG allows it"),
    ("ldr r0, =0x20040000\nldr r0, [r0]", "PRECISERR", "0x20040000 is the first byte behind the end of RAM"),
    (XN, "IACCVIOL", "a bad function pointer, 0x20010000, was called from pc 0x"),
    (RAM, "UNDEFINSTR", "no function lies there: data was executed"),
])
def test_further_causes(tmp_path: Path, code: str, cause: str, likely: str) -> None:
    """What can be told apart by the registers alone."""
    source = f"main: nop\n{code}\nb .\nhandler: b .\n"
    m = machine(tmp_path, source, handlers={3: "handler", 11: "handler"})
    m.run(seconds=1e-5)
    found = m.record["faults"][0]
    assert found["cause"] == cause
    assert likely in found["likely"]


def test_bkpt_is_explained(tmp_path: Path) -> None:
    m = machine(tmp_path, "main: bkpt #1\nb .\nhandler: b .", handlers={3: "handler"})
    m.run(seconds=1e-5)
    assert f"  DEBUGEVT: {MEANINGS['DEBUGEVT']}" in explain(m, m.faults[0])


def test_registers_are_those_of_the_fault(tmp_path: Path) -> None:
    m = machine(tmp_path, "main: movs r0, #7\nmov r11, r0\nmovs r1, #9\nudf #0\nhandler: movs r0, #1\nb .",
                handlers={3: "handler"})  # fmt: skip
    m.run(seconds=1e-5)
    (found,) = m.record["faults"]
    registers = found["registers"]
    assert (registers["r0"], registers["r1"], registers["r11"]) == (7, 9, 7)
    assert registers["pc"] == found["pc"] == m.image.find("main").address + 6 & ~1
    assert (found["cfsr"], found["hfsr"]) == (1 << 16, 1 << 30)


def test_stacks_are_followed_through_an_exception(tmp_path: Path) -> None:
    m = machine(
        tmp_path,
        """
        main:  push {r4-r7, lr}
               sub sp, #408
               bl calls
               b .
        calls: push {r3, lr}
               nop
               svc #0
               pop {r3, pc}
        handler: str lr, [sp, #-4]!
               sub.w sp, sp, #1040
               bl deeper
               b .
        deeper: udf #0
        unused: nop
        """,
        functions=["calls", "handler", "deeper", "unused"], handlers={11: "handler"},
    )  # fmt: skip
    m.run(seconds=1e-5)
    stack = m.record["faults"][0]["stack"]
    assert [frame["function"] for frame in stack] == ["deeper", "handler", "calls", "main"]
    assert not any(frame["guessed"] for frame in stack)


def test_a_lost_frame_is_searched_for(tmp_path: Path) -> None:
    """`lost` moves SP by a register, which no prologue tells."""
    m = machine(
        tmp_path,
        """
        main:  bl lost
               b .
        lost:  push {r4, lr}
               movs r0, #64
               sub sp, sp, r0
               movs r4, #0
               bl bad
               b .
        bad:   push {r4, lr}
               udf #0
        """,
        functions=["lost", "bad"],
    )  # fmt: skip
    m.run(seconds=1e-5)
    stack = m.record["faults"][0]["stack"]
    assert [(frame["function"], frame["guessed"]) for frame in stack] == [("bad", False), ("lost", False), ("main", True)]


@pytest.mark.parametrize("form", ["elf", "hex"])
def test_without_symbols_callers_are_guessed(folder: Path, tmp_path: Path, form: str) -> None:
    """The same addresses as with symbols."""
    whole, bare = crash(folder, "misplaced_arena"), tmp_path / f"bare.{form}"
    command = ["arm-none-eabi-strip", whole, "-o", bare] if form == "elf" else ["arm-none-eabi-objcopy", "-O", "ihex", whole, bare]
    subprocess.run(command, check=True)
    stacks = []
    for firmware in (whole, bare):
        m = Machine(firmware, "nrf52840dk")
        m.run(seconds=0.1)
        stacks.append(m.record["faults"][0]["stack"])
    known = [frame["address"] for frame in stacks[0]]
    guessed = [frame["address"] for frame in stacks[1]]
    assert guessed[0] == known[0] and set(known) <= set(guessed)
    assert all(frame["guessed"] for frame in stacks[1][2:])


def test_a_stack_that_leaves_ram_needs_no_symbols(folder: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.elf"
    subprocess.run(["arm-none-eabi-strip", crash(folder, "stack_overflow"), "-o", bare], check=True)
    m = Machine(bare, "nrf52840dk")
    m.run(seconds=0.1)
    assert "has left RAM: a stack has overflowed" in m.record["faults"][0]["likely"]


def test_constants_of_sub() -> None:
    """DDI 0403E, A5.3.2."""
    assert _immediate(0xF1AD_0D64) == 0x64
    assert _immediate(0xF5AD_6D82) == 1040  # SUB.W SP, SP, #1040
    assert _immediate(0xF6AD_7DFF) == 0xFFF  # SUBW SP, SP, #4095
    assert _immediate(0xF1AD_1D01) == 0x0001_0001


def test_a_place_without_code_ends_the_walk(tmp_path: Path) -> None:
    m = machine(tmp_path, "main: b .")
    m.run(seconds=1e-6)
    assert [frame.address for frame in Unwinder(m).walk(0x5000_0000, 0x2003_0000, 0)] == [0x5000_0000]


@pytest.mark.parametrize("case, reason, text", [
    ("mbed", "fatal", "Mbed error 0x80c0000d: Mutex lock failed (rtos/Mutex.cpp:43)"),
    ("zephyr", "fatal", "Zephyr fatal error 4: kernel panic"),
    ("aborts", "exit", "abort()"),
])
def test_operating_systems_that_give_up(folder: Path, case: str, reason: str, text: str) -> None:
    m = Machine(crash(folder, case), "nrf52840dk")
    stop = m.run(seconds=0.5)
    assert stop.reason == reason
    cry = m.record["fatal"][0]
    assert cry["text"] == text
    assert [frame["function"] for frame in cry["stack"]][-4:] == CALLERS
    assert m.record["faults"] == []
    if reason == "fatal":
        assert stop.detail == text


def test_a_reset_behind_the_cry_lets_the_firmware_live(folder: Path) -> None:
    m = Machine(crash(folder, "mbed"), "nrf52840dk")
    m.run(until=lambda: bool(m.record["fatal"]), seconds=0.1)
    m.reset()
    assert m.run(seconds=1e-4).reason == "time"  # it cries again, and has 10 ms from then
    assert m.run(seconds=1).reason == "fatal"
    assert [cry["function"] for cry in m.record["fatal"]] == ["mbed_error"] * 2
    assert m.stop is not None and m.cycles - m.record["fatal"][1]["cycle"] >= 640_000


def test_the_command_line_tells(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(crash(folder, "fpu_off")), "--board", "nrf52840dk"]) == 1
    shown = capsys.readouterr().out
    assert "likely: the FPU is off" in shown
    assert "called from pc 0x" in shown
    assert main(["run", str(crash(folder, "mbed")), "--board", "nrf52840dk", "--seconds", "1"]) == 1
    found = capsys.readouterr()
    assert "Mbed error" in found.out and "Mbed error" in found.err
    assert main(["run", str(crash(folder, "stack_overflow")), "--board", "nrf52840dk", "--seconds", "1"]) == 1
    lines = capsys.readouterr().out.splitlines()
    (called,) = (n for n, line in enumerate(lines) if "called from" in line)
    assert "recurse" in lines[called] and lines[called].endswith(", 31 times") and lines[called + 1] == "  and so on"
    assert main(["run", str(crash(folder, "unmapped_register")), "--board", "nrf52840dk", "--seconds", "1"]) == 1
    assert "the next block below is SPIM3" in capsys.readouterr().out


def test_only_the_first_faults_are_explained(tmp_path: Path) -> None:
    m = machine(tmp_path, "main: udf #0\nb main\nhandler: ldr r0, [sp, #24]\nadds r0, #2\nstr r0, [sp, #24]\nbx lr",
                handlers={3: "handler"})  # fmt: skip
    m.run(seconds=1e-4)
    faults = m.record["faults"]
    assert len(faults) > EXPLAINED
    assert faults[EXPLAINED - 1]["registers"] is not None
    assert faults[EXPLAINED]["registers"] is None
    assert f"and {len(faults) - 3:,} more faults" in report(m.record)


@pytest.mark.parametrize("code, cause, words", [
    ("00de", "UNDEFINSTR", "called from pc 0x"),
    ("4ff040400068", "PRECISERR", "0xc0000000 is not mapped"),  # mov.w r0, #0xc0000000; ldr r0, [r0]
])
def test_in_an_application(code: str, cause: str, words: str) -> None:
    """`main` of the gesture application begins with `code`."""
    m = Machine(prebuilt.path("gesture"), "nrf52840dk")
    m.write("main", bytes.fromhex(code))
    assert m.run(seconds=0.5).reason in ("fault", "lockup")
    text = "\n".join(explain(m, m.faults[-1]))
    assert f"  {cause}: {MEANINGS[cause]}" in text
    assert words in text and "sp=" in text
