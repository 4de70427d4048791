"""The FPU's interrupt, 38: pending while FPSCR has an exception flag, and what that does to sleep."""

from __future__ import annotations

import pytest
from cmsim_peripherals.nrf52840.fpu import Fpu
from support.thumb import Program

from cmsim.image import load_bytes
from cmsim.machine import Machine
from cmsim.soc import Chip, Row, Soc

CPACR, SCR, ISER1, ISPR1, ICPR1 = 0xE000_ED88, 0xE000_ED10, 0xE000_E104, 0xE000_E204, 0xE000_E284
BIT = 1 << 38 - 32
IXC, DZC = 1 << 4, 1 << 1
WFE, SEV = 0xBF20, 0xBF40
R4, R5, R6 = 0x4604, 0x4605, 0x4606  # mov rn, r0


def divide(program: Program, dividend: float = 1.0, divisor: float = 3.0) -> Program:
    """VDIV.F32 s0, s0, s1; the quotient is inexact."""
    words = {1.0: 0x3F80_0000, 3.0: 0x4040_0000, 2.0: 0x4000_0000, 0.0: 0}
    program.load(0, words[dividend]).load(1, words[divisor])
    return program.emit(0xEE00, 0x0A10, 0xEE00, 0x1A90, 0xEE80, 0x0A20)


def clear_flags(program: Program) -> Program:
    """VMSR FPSCR, r0 = 0."""
    return program.emit(0x2000, 0xEEE1, 0x0A10)


def run(program: Program) -> Machine:
    image = load_bytes(program.sleep().elf(), "a.elf")
    machine = Machine(image, board="nrf52840dk", timing="instructions")
    machine.run(seconds=0.001)
    assert machine.faults == []
    return machine


def with_fpu() -> Program:
    return Program().store(CPACR, 0xF << 20).emit(0xF3BF, 0x8F6F)  # ISB


@pytest.mark.parametrize(("dividend", "divisor", "pending"), [(1.0, 3.0, BIT), (1.0, 0.0, BIT), (2.0, 1.0, 0)])
def test_an_exception_flag_makes_it_pending(dividend: float, divisor: float, pending: int) -> None:
    assert run(divide(with_fpu(), dividend, divisor).fetch(ISPR1).emit(R4)).registers["r4"] == pending


def test_it_stays_until_flags_and_pending_bit_are_cleared() -> None:
    program = divide(with_fpu()).store(ICPR1, BIT).fetch(ISPR1).emit(R4)
    clear_flags(program).fetch(ISPR1).emit(R5)
    program.store(ICPR1, BIT).fetch(ISPR1).emit(R6)
    registers = run(program).registers
    assert (registers["r4"], registers["r5"], registers["r6"]) == (BIT, BIT, 0)


@pytest.mark.parametrize(("calculates", "clears", "sleeps"), [(False, False, True), (True, False, False), (True, True, True)])
def test_with_sevonpend_wfe_does_not_sleep(calculates: bool, clears: bool, sleeps: bool) -> None:
    program = with_fpu().store(SCR, 1 << 4)
    if calculates:
        divide(program)
    if clears:
        clear_flags(program).store(ICPR1, BIT)
    program.emit(SEV, WFE, WFE)  # the first takes back the event of SEV
    program.load(4, 77)
    assert (run(program).registers["r4"] == 0) is sleeps


def test_without_sevonpend_it_does() -> None:
    assert run(divide(with_fpu()).emit(SEV, WFE, WFE).load(4, 77)).registers["r4"] == 0


def test_where_it_is_enabled_it_wakes() -> None:
    program = with_fpu().emit(0xB672).store(ISER1, BIT)  # CPSID i: it wakes and is not taken
    assert run(divide(program).emit(0xBF30).load(4, 77)).registers["r4"] == 77


@pytest.mark.parametrize("offset", [0x40, 0x3C])
def test_a_handler_must_clear_the_stacked_flags(offset: int) -> None:
    """FPSCR is restored from the frame, 0x40 behind FPCAR: a handler that clears nothing there is called for ever."""
    table, fpcar = 0x2000_8000, 0xE000_EF38
    program = Program().emit(0xE00A)  # B over the handler
    handler = program.here
    program.emit(0x3501, 0xEEF1, 0x1A10)  # adds r5, #1; vmrs r1, fpscr: now it is in the frame
    program.fetch(fpcar).emit(0x2100, 0x6001 | offset // 4 << 6, 0x4770)  # str #0, [FPCAR + offset]; bx lr
    program.store(CPACR, 0xF << 20).store(0xE000_ED08, table)
    program.store(table + 4 * (16 + 38), handler | 1).store(ISER1, BIT)
    divide(program).emit(SEV, WFE, SEV, WFE)
    calls = run(program).registers["r5"]
    assert calls == 1 if offset == 0x40 else calls > 100


def test_the_block_alone() -> None:
    soc = Soc(Chip("test", "", (Row("FPU", 0x4002_6000, Fpu),), flash_size=0, ram_size=0))
    block = soc.blocks["FPU"]
    assert isinstance(block, Fpu)
    soc.hooks.fp_exceptions = lambda: IXC | DZC
    block.look()
    assert (block.irq.level, block.irq_number) == (True, 38)
    block.reset()
    assert not block.irq.level
    assert block.read(0x300) == 0
    assert [key[:2] for key in soc.unmodelled] == [("FPU", 0x300)]
