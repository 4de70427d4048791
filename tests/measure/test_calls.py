"""Entries and returns of functions in small programs."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.assembler import machine

from cmsim import Machine
from cmsim.errors import UsageError


class Trace:
    """Writes down entries and returns of functions, with R0 at that moment."""

    def __init__(self, of: Machine, *functions: str) -> None:
        self.machine = of
        self.events: list[tuple[str, int]] = []
        for name in functions:
            of.watches.on_entry(of.address(name) & ~1, lambda name=name: self.enter(name))  # type: ignore[misc]

    def enter(self, name: str) -> None:
        self.events.append((name, self.machine.registers["r0"]))
        self.machine.watches.on_return(lambda: self.events.append((f"{name} returns", self.machine.registers["r0"])))


def run(directory: Path, source: str, *functions: str, seconds: float = 2e-5, **options: object) -> Trace:
    m = machine(directory, source, functions=functions, **options)
    trace = Trace(m, *functions)
    m.run(seconds=seconds)
    assert m.faults == []
    return trace


def test_a_call_and_its_return(tmp_path: Path) -> None:
    trace = run(
        tmp_path,
        """
        main: movs r0, #1
              bl work
              movs r0, #9
              b .
        work: adds r0, #1
              bx lr
        """,
        "work",
    )
    assert trace.events == [("work", 1), ("work returns", 2)]


def test_recursion_returns_from_the_inside_out(tmp_path: Path) -> None:
    """Every inner call returns to the same address; the stack pointer tells them apart."""
    trace = run(
        tmp_path,
        """
        main: movs r0, #3
              bl down
              b .
        down: push {r4, lr}
              subs r0, #1
              beq 1f
              bl down
        1:    adds r0, #1
              pop {r4, pc}
        """,
        "down",
    )
    assert trace.events == [
        ("down", 3), ("down", 2), ("down", 1),
        ("down returns", 1), ("down returns", 2), ("down returns", 3),
    ]  # fmt: skip


def test_a_tail_call_returns_for_both(tmp_path: Path) -> None:
    trace = run(
        tmp_path,
        """
        main:   movs r0, #1
                bl first
                b .
        first:  adds r0, #1
                b second
        second: adds r0, #1
                bx lr
        """,
        "first", "second",
    )  # fmt: skip
    assert trace.events == [("first", 1), ("second", 2), ("second returns", 3), ("first returns", 3)]


def test_an_interrupt_that_calls_the_same_function(tmp_path: Path) -> None:
    """Thread code is in the middle of `work` when a handler runs `work` from start to end."""
    trace = run(
        tmp_path,
        """
        main: movs r0, #1
              bl work
              b .
        work: push {r4, lr}
              cmp r0, #1
              bne 1f
              ldr r1, =0xE000ED04
              mov r2, #0x10000000
              str r2, [r1]
              dsb
              nop
        1:    adds r0, #1
              pop {r4, pc}
        pendsv: push {r4, lr}
              movs r0, #100
              bl work
              pop {r4, pc}
        """,
        "work", handlers={14: "pendsv"},
    )  # fmt: skip
    assert trace.events == [("work", 1), ("work", 100), ("work returns", 101), ("work returns", 2)]


def test_two_threads_in_the_same_call(tmp_path: Path) -> None:
    """Both wait at one return address; the one that was called first returns first, on the lower stack."""
    trace = run(
        tmp_path,
        """
        main:  ldr r0, =0x20001000
               msr psp, r0
               movs r0, #2
               msr control, r0
               isb
               movs r0, #1
        call:  bl work
               cmp r0, #50
               bgt other
               b .
        other: mov sp, r6
               movs r0, #7
               b back
        work:  cmp r0, #1
               bne 1f
               mov r6, sp
               ldr r5, =0x20002000   @ the second thread's stack
               mov sp, r5
               movs r0, #50
               b call
        1:     adds r0, #1
        back:  bx lr
        """,
        "work",
    )
    assert trace.events[:3] == [("work", 1), ("work", 50), ("work returns", 51)]
    assert trace.events[3] == ("work returns", 7)


def test_a_handler_returns_when_it_branches_to_exc_return(tmp_path: Path) -> None:
    trace = run(
        tmp_path,
        """
        main:   movs r0, #5
                ldr r1, =0xE000ED04
                mov r2, #0x10000000
                str r2, [r1]
                isb
                str r2, [r1]
                isb
                b .
        pendsv: adds r0, #1
                bx lr
        """,
        "pendsv", handlers={14: "pendsv"},
    )  # fmt: skip
    assert trace.events == [("pendsv", 5), ("pendsv returns", 6)] * 2


def test_entries_can_be_undone(tmp_path: Path) -> None:
    m = machine(
        tmp_path,
        """
        main: movs r4, #10
        loop: bl work
              subs r4, #1
              bne loop
              b .
        work: bx lr
        """,
        functions=["work"],
    )
    seen: list[int] = []

    def at_work() -> None:
        seen.append(m.registers["r4"])
        if len(seen) == 3:
            undo()

    undo = m.watches.on_entry(m.address("work") & ~1, at_work)
    others: list[int] = []
    m.on("work", lambda now: others.append(now.registers["r4"]))
    m.run(seconds=1e-5)
    assert seen == [10, 9, 8]
    assert others == list(range(10, 0, -1))


def test_no_call_returns_after_a_reset(tmp_path: Path) -> None:
    m = machine(
        tmp_path,
        """
        main: ldr r3, =0x20000000
              ldr r2, [r3]
              adds r2, #1
              str r2, [r3]
              bl work
              b .
        work: cmp r2, #1
              bne 1f
              ldr r0, =0xE000ED0C
              ldr r1, =0x05FA0004
              str r1, [r0]
              dsb
              b .
        1:    bx lr
        """,
        functions=["work"],
    )
    trace = Trace(m, "work")
    forgotten: list[int] = []
    m.watches.on_forget.append(lambda: forgotten.append(1))
    m.run(seconds=2e-5)
    assert [name for name, _ in trace.events] == ["work", "work", "work returns"]
    assert forgotten == [1]


def test_an_address_without_memory_is_refused(tmp_path: Path) -> None:
    m = machine(tmp_path, "main: b .")
    with pytest.raises(UsageError, match="0x40000000: no code can run there; give an address in flash or RAM"):
        m.on(0x4000_0000, lambda _: None)


def test_watching_changes_neither_cycles_nor_instructions(tmp_path: Path) -> None:
    source = """
        main: movs r0, #3
              bl down
        end:  b end
        down: push {r4, lr}
              subs r0, #1
              beq 1f
              bl down
        1:    adds r0, #1
              pop {r4, pc}
        """
    counts = []
    for watched in (["end"], ["end", "down"]):
        m = machine(tmp_path, source, functions=["down", "end"])
        at_end: list[tuple[int, int]] = []
        m.on("end", lambda now, at_end=at_end: at_end.append((now.cycles, now.instructions)))
        Trace(m, *watched)
        m.run(seconds=1e-5)
        counts.append(at_end[0])
    assert counts[0] == counts[1]
