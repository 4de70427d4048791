"""Interrupts that become due inside a block: when the handler begins, and what the interrupted code costs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from support.assembler import assemble
from support.call_tree import check_identity

from cmsim import Machine
from cmsim.cortex_m.counts import BlockCounter

RESULT = 0x2000_2000
FIRST, DELAYS = 130, range(130, 190)
"""Cycles from the start of SysTick to its interrupt: all of them fall into the code under test."""
CODE = {
    "one cycle each": ".rept 120\n adds r1, #1\n .endr",
    "divides": ".rept 17\n udiv r1, r2, r3\n .endr",
    "words": ".rept 17\n ldm r4, {r5-r10}\n .endr",
    "pairs": ".rept 40\n ldrd r5, r6, [r4]\n .endr",
    "divides in IT blocks": "cmp r2, r2\n .rept 15\n it eq\n udiveq r1, r2, r3\n .endr",
    "words in IT blocks": "cmp r2, r2\n .rept 15\n it eq\n ldmeq r4, {r5-r10}\n .endr",
}
LENGTH = {"one cycle each": 1, "divides": 7, "words": 7, "pairs": 3}


def source(code: str, delay: int, around: str = "") -> str:
    return f"""
    main: ldr r0, =0xE000EDFC
        ldr r1, =1 << 24
        str r1, [r0]
        ldr r0, =0xE0001000
        movs r1, #1
        str r1, [r0]
        ldr r4, =0x20001000
        ldr r2, =1000
        movs r3, #3
        ldr r0, =0xE000E010
        ldr r1, ={delay}
        str r1, [r0, #4]
        str r1, [r0, #8]
        movs r1, #7
        str r1, [r0]
        b 1f
    1:  .rept 100
        nop
        .endr
        b 2f
    2:  {code}
        b 3f
    3:  .rept 200
        nop
        .endr
    done: wfi
        b done
        .pool
    tick: ldr r0, =0xE0001004
        ldr r1, [r0]
        ldr r2, ={RESULT}
        ldr r3, [r2]
        cbnz r3, 4f
        str r1, [r2]
    4:  ldr r0, =0xE000E010
        movs r1, #0
        str r1, [r0]
        bx lr
        .pool
    """


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory):
    """(cycle at which the handler looked at the clock, cycles up to `done`) by code and delay; None: no interrupt."""

    @cache
    def run(name: str, delay: int | None, **options: object) -> tuple[int, int]:
        directory = tmp_path_factory.mktemp("preemption")
        elf = assemble(directory, source(CODE[name], delay or 0xFFFFFF), functions=["done"], handlers={15: "tick"})
        machine = Machine(elf, "nrf52840dk", timing="manual", **options)
        ends: list[int] = []
        machine.on("done", lambda m: ends.append(m.cycles))
        machine.run(seconds=0.0005)
        return int.from_bytes(machine.read(RESULT, 4), "little"), ends[0]

    return run


@pytest.mark.parametrize("name", ["one cycle each", "divides", "words"])
def test_the_handler_begins_in_time(measured, name: str) -> None:
    """What can be interrupted anywhere delays nothing."""
    begin = [measured(name, delay)[0] for delay in DELAYS]
    assert begin == list(range(begin[0], begin[0] + len(begin)))


def test_it_waits_for_the_end_of_other_instructions(measured) -> None:
    begin = [measured("pairs", delay)[0] for delay in DELAYS]
    waits = [b - begin[0] - n for n, b in enumerate(begin)]
    assert max(waits) - min(waits) == 2
    assert all(later - earlier in (0, 3) for earlier, later in zip(begin, begin[1:], strict=False))


@pytest.mark.parametrize("name", ["one cycle each", "words", "pairs"])
def test_what_was_interrupted_costs_the_same(measured, name: str) -> None:
    """Stores and loads of many words go on behind the exception."""
    undisturbed = measured(name, None)[1]
    assert len({measured(name, delay)[1] - undisturbed for delay in DELAYS}) == 1


@pytest.mark.parametrize("name", ["divides", "divides in IT blocks", "words in IT blocks"])
def test_what_is_abandoned_is_executed_again(measured, name: str) -> None:
    extra = [measured(name, delay)[1] - measured(name, None)[1] for delay in DELAYS]
    wasted = sorted({cycles - min(extra) for cycles in extra})
    assert wasted == list(range(7))
    assert min(extra) == measured("one cycle each", FIRST)[1] - measured("one cycle each", None)[1]


@pytest.mark.parametrize("name", CODE)
def test_who_looks_on_changes_nothing(measured, name: str) -> None:
    """Call tree and coverage follow each block, and so do those who stop in the middle of one."""
    for delay in DELAYS[::7]:
        plain = measured(name, delay)
        assert measured(name, delay, profile=True) == plain
        assert measured(name, delay, coverage=True) == plain


@pytest.mark.parametrize("name", ["divides", "words"])
@pytest.mark.parametrize("delay", DELAYS[::5])
def test_every_cycle_has_its_place(tmp_path: Path, delay: int, name: str) -> None:
    """The interrupted code has all of its own, also what comes behind the exception; the handler has the rest."""
    elf = assemble(tmp_path, source(CODE[name], delay), functions=["done", "tick"], handlers={15: "tick"})
    machine = Machine(elf, "nrf52840dk", profile=True)
    counter = BlockCounter(machine.cpu)
    machine.run(seconds=0.0005)
    check_identity(machine)
    spent = [ran.cycles for ran in counter.blocks()]
    assert sum(spent) + counter.exception_cycles + counter.sleep_cycles == machine.cycles
    assert max(spent) < machine.cycles


@pytest.mark.parametrize("middle", [4, 20, 40])
def test_a_stop_in_the_middle_of_a_block_changes_nothing(tmp_path: Path, middle: int) -> None:
    code = f".rept {middle}\n adds r1, #1\n .endr\n here: .rept {120 - middle}\n adds r1, #1\n .endr"
    for delay in DELAYS[::4]:
        elf = assemble(tmp_path, source(code, delay), functions=["done", "here"], handlers={15: "tick"})
        free, watched = Machine(elf, "nrf52840dk"), Machine(elf, "nrf52840dk")
        stops: list[int] = []
        watched.on("here", lambda m, stops=stops: stops.append(m.cycles))
        ends = []
        for machine in (free, watched):
            machine.on("done", lambda m, ends=ends: ends.append(m.cycles))
            machine.run(seconds=0.0005)
        assert stops
        assert ends[0] == ends[1], delay
        assert free.read(RESULT, 4) == watched.read(RESULT, 4), delay
