"""Block counts: every cycle in one place, refills at who jumps, both ways out of a branch, and no cost in cycles."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.assembler import machine
from support.firmware import firmware_elfs

from cmsim import Machine
from cmsim.cortex_m.counts import BlockCounter, BlockRuns

__all__ = ["firmware_elfs"]

ELFS = sorted(path.stem for path in (Path(__file__).parents[1] / "firmware" / "src").glob("*.cc"))


def check_identity(of: Machine, counter: BlockCounter) -> None:
    blocks = sum(ran.cycles for ran in counter.blocks())
    assert blocks + counter.exception_cycles + counter.sleep_cycles == of.cycles


def by_symbol(of: Machine, counter: BlockCounter) -> dict[str, BlockRuns]:
    """The block that begins at each function symbol."""
    names = {symbol.address: symbol.name for symbol in of.image.symbols.functions}
    return {names[ran.block.address]: ran for ran in counter.blocks() if ran.block.address in names}


def count(tmp_path: Path, source: str, names: list[str], **options: object) -> tuple[Machine, BlockCounter]:
    m = machine(tmp_path, source, functions=names, **{"timing": "manual", **options})
    counter = BlockCounter(m.cpu)
    m.run(seconds=1e-5)
    check_identity(m, counter)
    return m, counter


def test_both_ways_out_of_a_branch_and_its_refill(tmp_path: Path) -> None:
    m, counter = count(tmp_path, """
        main: movs r0, #9
        loop: subs r0, #1
              bne loop
        after: movs r0, #1
              bx lr
    """, ["main", "loop", "after"])  # fmt: skip
    found = by_symbol(m, counter)
    # The first pass of the loop belongs to the block at main, which runs on into it.
    assert (found["main"].runs, found["main"].fell, found["main"].left) == (1, 0, 1)
    assert (found["loop"].runs, found["loop"].fell, found["loop"].left) == (8, 1, 7)
    assert found["loop"].exit > 0
    straight = (found["loop"].cycles - 7 * found["loop"].exit) / 8
    assert straight == 2  # SUBS and a branch that is not taken


@pytest.mark.parametrize("name", ELFS)
def test_every_cycle_of_every_test_firmware(firmware_elfs: Path, name: str) -> None:
    m, plain = (Machine(firmware_elfs / f"{name}.elf", "nrf52840dk") for _ in range(2))
    counter = BlockCounter(m.cpu)
    for one in (m, plain):
        one.run(seconds=0.05)
    check_identity(m, counter)
    assert (m.cycles, m.instructions) == (plain.cycles, plain.instructions)


@pytest.mark.parametrize("case", ["four_threads", "four_threads_lazy_off"])
def test_threads_and_floating_point_frames(firmware_elfs: Path, case: str) -> None:
    m = Machine(firmware_elfs / "threads.elf", "nrf52840dk", profile=True)
    m.write("selected_case", (m.image.find(case).address | 1).to_bytes(4, "little"))
    counter = BlockCounter(m.cpu)
    assert m.run(seconds=1).reason == "exit"
    check_identity(m, counter)
    assert counter.exception_cycles > 300 * 12
    functions = m.record["profile"]["functions"]
    assert sum(row["exclusive_cycles"] for row in functions) == m.cycles  # the call tree goes on below


def test_a_branch_that_is_interrupted_each_time_is_known_all_the_same(tmp_path: Path) -> None:
    """The only run of a branch, with an exception behind it, still tells where it went."""
    m, counter = count(tmp_path, """
        main: ldr r0, =0xE000E100
              movs r1, #1
              str r1, [r0]
              ldr r0, =0xE000E200
              cpsid i
              b 1f
        1:    str r1, [r0]
              movs r2, #0
              cpsie i
              cmp r2, #0
        way:  beq there
              b .
        there: b .
        handler: bx lr
        .pool
    """, ["main", "way", "there", "handler"], handlers={16: "handler"})  # fmt: skip
    assert by_symbol(m, counter)["handler"].runs == 1
    ends = {ran.block.instructions[-1].address: ran for ran in counter.blocks()}
    assert ends[m.image.find("way").address & ~1].left == 1


def test_a_fault_gives_back_what_did_not_run(tmp_path: Path) -> None:
    m, counter = count(tmp_path, """
        main: ldr r0, =0x60000000
              nop
              ldr r1, [r0]
              nop
              nop
              b .
        handler: b .
        .pool
    """, ["main", "handler"], handlers={3: "handler"})  # fmt: skip
    found = by_symbol(m, counter)
    assert found["main"].runs == 1
    assert found["main"].cycles < 8
    assert (found["main"].fell, found["main"].left) == (0, 0)


def test_sleep_and_resets_have_a_place(tmp_path: Path) -> None:
    m = machine(tmp_path, "main: wfi\nb main", timing="manual")
    counter = BlockCounter(m.cpu)
    m.run(seconds=1e-3)
    m.reset()
    counter.reset()
    m.run(seconds=1e-3)
    check_identity(m, counter)
    assert counter.sleep_cycles > 0.99 * m.cycles
