"""The silicon model in the running machine: memories, divides, bounds, and measuring that changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.thumb import Program

import cmsim
from cmsim import prebuilt
from cmsim.cortex_m.analysis import CodeView, Traps, Wanted, analyse
from cmsim.cortex_m.decode import decode
from cmsim.timing import Code, Silicon
from cmsim.timing.explain import explain

MODEL = Silicon()
NOP, UDIV_R0_R1_R2 = 0xBF00, (0xFBB1, 0xF0F2)


def encoded(*halfwords: int) -> bytes:
    return b"".join(h.to_bytes(2, "little") for h in halfwords)


def price(*halfwords: int, at: int = 0x100, code: Code = Code.RAM_ALIAS) -> int:
    return MODEL.block(list(decode(encoded(*halfwords), at)), code).cycles


@given(st.binary(min_size=2, max_size=48))
def test_bounds_hold_the_best(code: bytes) -> None:
    """Whatever the instructions: low <= best <= high, and places in time that never go back."""
    instructions = list(decode(code[: len(code) & ~1], 0x100))
    for where in Code:
        cost = MODEL.block(instructions, where)
        assert cost.below >= 0
        assert cost.above >= 0
        assert cost.cycles - cost.below >= 0
        assert list(cost.starts[:-1]) == sorted(cost.starts[:-1])


def test_loads_overlap() -> None:
    assert price(0x6808) == 2  # ldr r0, [r1]
    assert price(0x6808, 0x684A, 0x688B) == 4  # three loads of one base: 1 + N
    assert price(0x6808, 0x6802) == 4  # ldr r0, [r1]; ldr r2, [r0]: the address comes with the end of the load


def test_an_address_just_computed_comes_late() -> None:
    assert price(0x1C49, 0x6808) == 1 + 1 + 2  # adds r1, #1; ldr r0, [r1]


def test_code_in_ram_through_the_system_bus_is_slower() -> None:
    wide = (0xEB01, 0x0002) * 4  # add.w r0, r1, r2
    assert price(*wide, code=Code.RAM) > price(*wide, code=Code.RAM_ALIAS)


def test_a_new_line_of_flash_waits_when_the_cache_is_off() -> None:
    """NOPs leave the prefetch buffer time to hide the wait; wide instructions do not."""
    wide = (0xEB01, 0x0002) * 12  # add.w r0, r1, r2
    assert price(*wide, code=Code.FLASH) > price(*wide, code=Code.FLASH_CACHED) == 12


@pytest.mark.parametrize(
    ("dividend", "divisor", "cycles"),
    [(0, 5, 2), (5, 0, 2), (3, 100, 3), (7, 7, 5), (0xFFFF_FFFF, 1, 5 + 31 // 4), (1 << 20, 1 << 4, 5 + 16 // 4)],
)
def test_divides_take_what_their_operands_need(dividend: int, divisor: int, cycles: int, tmp_path: Path) -> None:
    """2 for a zero, 3 for a smaller dividend, else 5 and one for each four bits more."""
    def run(*halfwords: int) -> int:
        program = Program().load(1, dividend).load(2, divisor).emit(*halfwords).sleep()
        machine = cmsim.Machine(program.write(tmp_path / "a.elf"), usb="none")
        machine.run()
        return machine.cycles

    assert run(*UDIV_R0_R1_R2) - run(0xEB01, 0x0002) == cycles - 1


def gesture(seconds: float = 0.2, **options: object) -> cmsim.Machine:
    machine = cmsim.Machine(prebuilt.path("gesture"), **options)  # type: ignore[arg-type]
    machine.run(seconds=seconds)
    return machine


def test_bounds_of_a_run() -> None:
    machine = gesture()
    low, high = machine.bounds
    assert 0 < low < machine.cycles < high


def test_manual_has_no_bounds() -> None:
    machine = gesture(timing="manual")
    assert machine.bounds == (machine.cycles, machine.cycles)


@pytest.mark.parametrize(("size", "words"), [(0, 0), (1, 1), (4, 1), (5, 2), (64, 16)])
def test_easydma_is_in_the_bounds_while_the_cpu_runs(tmp_path: Path, size: int, words: int) -> None:
    """The CPU goes first: a word may hold it up for a cycle, and does not in the count. Nobody waits while it sleeps."""
    machine = cmsim.Machine(Program().load(0, 1).sleep().write(tmp_path / "a.elf"))
    for expected in (words, 0):
        before, (low, high) = machine.cycles, machine.bounds
        machine.soc.dma_write(0x2000_0000, bytes(size))
        assert (machine.cycles, machine.bounds) == (before, (low, high + expected))
        machine.run()
        assert machine.cpu.sleeping
        machine.soc.dma_read(0x2000_0000, 4)


def loads(count: int) -> Program:
    """Loads that overlap, in one block: stopping between them must not make them slower."""
    program = Program().load(1, 0x2000_0000)
    for _ in range(count):
        program.emit(0x6808)
    return program.sleep()


@pytest.mark.parametrize("middle", [0x108, 0x10A, 0x10E])
def test_stopping_in_the_middle_of_a_block_changes_no_count(middle: int, tmp_path: Path) -> None:
    elf = loads(8).write(tmp_path / "a.elf")
    free, watched = cmsim.Machine(elf), cmsim.Machine(elf)
    seen: list[int] = []
    watched.on(middle, lambda machine: seen.append(machine.cycles))
    free.run()
    watched.run()
    assert len(seen) == 1
    assert 0 < seen[0] < free.cycles
    assert (watched.cycles, watched.bounds, watched.instructions) == (free.cycles, free.bounds, free.instructions)


def test_the_cache_counts_hits_and_misses(tmp_path: Path) -> None:
    """64 NOPs in a loop of three rounds, the first in the block that switches the cache on: lines miss once each."""
    program = Program().store(0x4001_E540, 0x101).load(2, 3)
    loop = program.here
    program.emit(*[NOP] * 64).emit(0x3A01)  # subs r2, #1
    program.emit(0xD100 | (loop - program.here - 4) // 2 & 0xFF)  # bne loop
    program.fetch(0x4001_E54C)
    first, last = loop >> 4, program.here >> 4
    machine = cmsim.Machine(program.sleep().write(tmp_path / "a.elf"))
    machine.run()
    misses = machine.cpu.registers.core.read()[0]
    assert last - first <= misses <= last - first + 2
    machine = cmsim.Machine(tmp_path / "a.elf")
    machine.run()
    assert machine.soc.blocks["NVMC"].read(0x548) > 2 * 33 - misses


def test_explain_follows_the_code_and_tells_the_waits() -> None:
    code = encoded(0x1C49, 0x6808, 0xD1FC, 0x4770, 0xFFFF)  # adds r1, #1; ldr r0, [r1]; bne 0x100; bx lr; data
    first, second = explain(code, 0x100, MODEL, Code.RAM_ALIAS)
    assert [line.text for line in first.lines] == ["adds r1, r1, #1", "ldr r0, [r1]", "bne #0x100"]
    assert ("address hazard", 1) in first.lines[1].waits
    assert first.refill == 1
    assert [line.text for line in second.lines] == ["bx lr"]


def test_explain_reads_branch_tables() -> None:
    code = encoded(0xE8DF, 0xF000, 0x0201, 0x4770, 0x4770)  # tbb [pc, r0]; .byte 1, 2; bx lr; bx lr
    assert [block.lines[0].address for block in explain(code, 0x200, MODEL)] == [0x200, 0x206, 0x208]


def test_loads_are_told_by_their_base() -> None:
    """A literal, a pointer that was a literal, a walking pointer, one that was loaded, the stack."""
    code = bytearray(0x200)
    code[0x110:0x114] = (0x1234).to_bytes(4, "little")
    program = encoded(0x4803, 0x6801, 0xC904, 0x6810, 0x9800)
    # ldr r0, [pc, #12]; ldr r1, [r0]; ldm r1!, {r2}; ldr r0, [r2]; ldr r0, [sp]
    instructions = list(decode(program, 0x100))
    view, wanted = CodeView(0, code, range(0x10_0000)), Wanted(Traps(), data_dependent=True)
    found = analyse(instructions, view, wanted)
    assert (found.flash_known, found.flash_unknown, found.loads) == (2, 2, {})
    found = analyse(list(decode(encoded(0x6808, 0x6848), 0x100)), view, wanted)
    (load,) = found.loads.values()  # of the same register and alignment
    assert (load.register, load.add, load.width, load.lines, load.at) == (1, 0, 4, 2, [0x100, 0x102])
    found = analyse(list(decode(encoded(0xEB01, 0x0082, 0x6800), 0x100)), view, wanted)  # add r0, r1, r2, lsl #2
    (load,) = found.loads.values()  # an index does not leave its array, but may lose its alignment
    assert (load.register, load.other, load.times, load.width, load.lines) == (1, 2, 4, 4, 1)
    found = analyse(list(decode(encoded(0xF240, 0x1010, 0xF840, 0x1022, 0x6801), 0x100)), view, wanted)
    assert found.flash_known == 1  # movw r0, #0x110
