"""The native hot path: its structures, and what it counts and stops at, seen through small programs."""

from __future__ import annotations

import ctypes as ct
from pathlib import Path

import pytest
from support.assembler import machine, registers

from cmsim import Machine
from cmsim.cortex_m import _hot, hot

STRUCTURES = (
    hot.Access, hot.Place, hot.Check, hot.Detail, hot.Region, hot.Stack, hot.Guard, hot.Clock, hot.Hook, hot.Window,
)  # fmt: skip


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda s: s.__name__)
def test_both_sides_agree_about_sizes(structure: type[ct.Structure]) -> None:
    assert ct.sizeof(structure) == getattr(_hot, f"sizeof_{structure.__name__.lower()}")


def test_two_slots_fill_a_cache_line() -> None:
    assert hot.BLOCK.itemsize == _hot.sizeof_block == 64


def every(of: Machine, cycles: int) -> None:
    """Deadlines all the time, of no consequence."""

    def again() -> None:
        alarm.after(cycles)

    alarm = of.soc.scheduler.alarm(again)
    alarm.after(cycles)


# --- counting -------------------------------------------------------------------------------------------------


def test_instructions_and_cycles_of_a_loop(tmp_path: Path) -> None:
    m = machine(
        tmp_path,
        """
        main: movs r0, #0
              movs r1, #100
        loop: adds r0, r0, r1
              subs r1, #1
              bne loop
        end:  b .
        """,
        functions=["end"], timing="manual",
    )  # fmt: skip
    counts: list[tuple[int, int]] = []
    m.on("end", lambda now: counts.append((now.cycles, now.instructions)))
    m.run(seconds=0.001)
    # 2 moves; 100 times add, subtract, branch; 99 refills for branches that are taken
    assert counts[0] == (2 + 300 + 99, 302)
    assert registers(m)[0] == 5050


@pytest.mark.parametrize("period", [1, 3, 7, 50])
def test_deadlines_change_no_count(tmp_path: Path, period: int) -> None:
    source = """
        main: movs r4, #250
        loop: bl work
              subs r4, #1
              bne loop
        end:  b end
        work: push {r4, lr}
              add r0, r4, r0
              pop {r4, pc}
        """
    ends: list[tuple[int, int]] = []
    for disturbed in (False, True):
        m = machine(tmp_path, source, functions=["end"], timing="manual")
        if disturbed:
            every(m, period)
        here: list[tuple[int, int]] = []
        m.on("end", lambda now, here=here: here.append((now.cycles, now.instructions)))
        m.run(seconds=1e-4)
        ends.append(here[0])
    assert ends[0] == ends[1]


def test_a_device_access_happens_at_the_cycle_of_its_instruction(tmp_path: Path) -> None:
    """CYCCNT read twice within one block."""
    m = machine(
        tmp_path,
        """
        main: ldr r0, =0xE000EDFC  @ DEMCR.TRCENA
              mov r1, #0x01000000
              str r1, [r0]
              ldr r0, =0xE0001000  @ DWT_CTRL.CYCCNTENA
              movs r1, #1
              str r1, [r0]
              ldr r2, [r0, #4]
              nop
              nop
              muls r5, r5
              ldr r3, [r0, #4]
        end:  b .
        """,
        functions=["end"], timing="manual",
    )  # fmt: skip
    m.run(seconds=1e-4)
    r2, r3 = registers(m)[2:4]
    assert (r2, r3 - r2) == (2, 2 + 3)  # the STR that starts it takes two cycles


# --- watched instructions ---------------------------------------------------------------------------------------


def test_a_watch_is_not_missed_when_a_deadline_falls_on_it(tmp_path: Path) -> None:
    m = machine(
        tmp_path,
        """
        main: movs r4, #0
              b loop
              nop
        loop: adds r4, #1
              cmp r4, #200
              bne loop
        end:  b .
        """,
        functions=["loop"],
    )
    seen: list[int] = []
    m.on("loop", lambda now: seen.append(now.registers["r4"]))
    every(m, 7)
    m.run(seconds=1e-4)
    assert seen == list(range(200))


@pytest.mark.parametrize("watched", [True, False])
def test_a_watch_on_an_instruction_with_another_hook(tmp_path: Path, watched: bool) -> None:
    """LDRD through a base that is not known has an alignment hook of its own, put there first."""
    m = machine(
        tmp_path,
        """
        main:  ldr r0, =0x20000100
               movs r4, #0
               str r0, [r0]
        loop:  ldr r1, [r0]
               nop
        there: ldrd r2, r3, [r1]
               adds r4, #1
               cmp r4, #5
               bne loop
               b .
        """,
        functions=["there"],
    )
    seen: list[int] = []

    def at_there(now: Machine) -> None:
        seen.append(now.registers["r4"])
        assert len(seen) < 10, "stopped at the same instruction again and again"

    if watched:
        m.run(until=lambda: True)
        m.on("there", at_there)
    m.run(seconds=1e-4)
    assert registers(m)[4] == 5
    assert seen == ([0, 1, 2, 3, 4] if watched else [])


def test_a_watch_within_a_running_block(tmp_path: Path) -> None:
    """Set while the block that contains it runs for the second time, and taken away again."""
    m = machine(
        tmp_path,
        """
        main:   movs r4, #0
        loop:   adds r4, #1
                nop
        inside: nop
                cmp r4, #10
                bne loop
        end:    b .
        """,
        functions=["loop", "inside", "end"], timing="manual",
    )  # fmt: skip
    seen: list[int] = []

    def at_loop(_: object) -> None:
        if m.registers["r4"] == 3:
            undo.append(m.on("inside", lambda now: seen.append(now.registers["r4"])))
        if m.registers["r4"] == 6:
            undo.pop()()

    undo = []
    m.on("loop", at_loop)
    ends: list[tuple[int, int]] = []
    m.on("end", lambda now: ends.append((now.cycles, now.instructions)))
    m.run(seconds=1e-4)
    assert seen == [4, 5, 6]
    assert ends[0] == (1 + 10 * 5 + 9, 1 + 10 * 5)


def test_an_interrupt_that_is_due_goes_first_and_the_watch_fires_once(tmp_path: Path) -> None:
    m = machine(
        tmp_path,
        """
        main:  movs r4, #0
               ldr r0, =0xE000E010
               movs r1, #40
               str r1, [r0, #4]
               movs r1, #7
               str r1, [r0]
        loop:  bl work
               cmp r4, #100
               bne loop
               b .
        work:  adds r4, #1
               bx lr
        tick:  bx lr
        """,
        functions=["work"], handlers={15: "tick"},
    )  # fmt: skip
    seen: list[int] = []
    m.on("work", lambda now: seen.append(now.registers["r4"]))
    ticks: list[int] = []
    m.on("tick", lambda now: ticks.append(now.cycles))
    m.run(seconds=1e-3)
    assert seen == list(range(100))
    assert len(ticks) > 10


def test_a_watch_stops_the_run_when_asked(tmp_path: Path) -> None:
    m = machine(
        tmp_path,
        """
        main: movs r4, #0
              b loop
        loop: adds r4, #1
              b loop
        """,
        functions=["loop"],
    )
    m.on("loop", lambda now: now.cpu.request_stop())
    values = []
    for _ in range(3):
        m.cpu.run(10_000)
        values.append(m.registers["r4"])
    assert values == [0, 1, 2]  # each run goes on from where the last one stopped, and does not stop there again


# --- faults in the middle of a block -----------------------------------------------------------------------------


def test_a_fault_within_a_block_charges_only_what_ran(tmp_path: Path) -> None:
    m = machine(
        tmp_path,
        """
        main:  ldr r0, =0x30000000
               nop
        bad:   ldr r1, [r0]
               nop
               nop
        1:     b 1b
        fault: movs r7, #1
               b .
        """,
        functions=["bad"], handlers={3: "fault"}, timing="manual",
    )  # fmt: skip
    m.run(seconds=1e-5)
    (fault,) = m.faults
    assert (fault.exception, fault.cause, fault.address) == ("HardFault", "PRECISERR", 0x3000_0000)
    assert fault.pc == m.address("bad") & ~1
    assert fault.cycle == 2  # MOV, NOP
    assert m.registers["r7"] == 1


def test_a_misaligned_access_that_an_earlier_fault_forestalls_leaves_no_trap_behind(tmp_path: Path) -> None:
    """The block's entry check finds LDRD misaligned, but the LDR before it faults; later LDRD is aligned."""
    m = machine(
        tmp_path,
        """
        main:  ldr r0, =0x30000000
               ldr r2, =0x20000102
               movs r6, #0
               b again
        again: ldr r1, [r0]
               ldrd r4, r5, [r2]
               adds r6, #1
               b .
        fault: ldr r0, =0x20000000   @ both bases are good from now on
               ldr r2, =0x20000100
               ldr r1, [sp, #0]
               str r0, [sp, #0]
               str r2, [sp, #8]
               bx lr
        """,
        functions=["again"], handlers={3: "fault"},
    )  # fmt: skip
    m.run(seconds=1e-5)
    assert [f.cause for f in m.faults] == ["PRECISERR"]
    assert m.registers["r6"] == 1


def test_an_fpu_instruction_that_was_skipped_leaves_no_trap_behind(tmp_path: Path) -> None:
    """With the FPU off, a block whose FP instruction is not executed; the FPU is then turned on for the next round."""
    m = machine(
        tmp_path,
        """
        main:  movs r4, #1
               ldr r0, =0xE000ED88
               mov r1, #0x00F00000
        loop:  nop
               cmp r4, #0
               it eq
               vmoveq s0, r4
               subs r4, #1
               str r1, [r0]
               bpl loop
               b .
        """,
    )
    m.run(seconds=1e-4)
    assert m.faults == []
    assert m.stop is not None
    assert m.stop.reason != "fault"


def test_a_handler_that_preempts_an_armed_trap_is_checked_itself(tmp_path: Path) -> None:
    m = machine(
        tmp_path,
        """
        main:  ldr r2, =0x20000102
               nop
               ldrd r4, r5, [r2]
               b .
        fault: movs r7, #1
               b .
        """,
        handlers={3: "fault"}, timing="manual",
    )  # fmt: skip
    m.run(seconds=1e-5)
    (fault,) = m.faults
    assert (fault.cause, fault.cycle) == ("UNALIGNED", 3)


# --- code that changes -------------------------------------------------------------------------------------------


def test_code_in_ram_that_is_overwritten(tmp_path: Path) -> None:
    m = machine(
        tmp_path,
        """
        main:  ldr r0, =0x20001000
               ldr r1, =0x47702001   @ movs r0, #1; bx lr
               ldr r2, =0x47702002   @ movs r0, #2; bx lr
               str r1, [r0]
               adds r5, r0, #1
               mov r6, r0
               blx r5
               mov r3, r0
               str r2, [r6]
               blx r5
               mov r4, r0
               b .
        """,
    )
    m.run(seconds=1e-5)
    assert registers(m)[3:5] == [1, 2]


def test_code_in_ram_through_its_alias(tmp_path: Path) -> None:
    m = machine(
        tmp_path,
        """
        main:  ldr r6, =0x20001000
               ldr r1, =0x47702007   @ movs r0, #7; bx lr
               str r1, [r6]
               ldr r5, =0x00801001
               blx r5
               mov r3, r0
               ldr r1, =0x47702008
               str r1, [r6]
               blx r5
               b .
        """,
    )
    m.run(seconds=1e-5)
    assert (registers(m)[3], registers(m)[0]) == (7, 8)


def test_a_write_from_outside_is_noticed(tmp_path: Path) -> None:
    m = machine(
        tmp_path,
        """
        main:  movs r0, #0
        loop:  adds r0, #1
               b loop
        """,
        functions=["loop"],
    )
    m.run(seconds=1e-6)
    m.write(m.address("loop") & ~1, b"\xab\xbe")  # b .
    m.cpu.semihosting.exit_status = None
    before = m.registers["r0"]
    m.run(seconds=1e-6)
    assert m.registers["r0"] in (0xFFFF_FFFF, before)  # the operation in R0 is not one that is supported
