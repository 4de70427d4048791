"""ACL as the processor meets it: what may not be read is a bus fault to load and to execute (PS, ACL)."""

from __future__ import annotations

import pytest
from support.thumb import Program

from cmsim.image import load_bytes
from cmsim.machine import Machine

ACL, BFAR, CFSR, READ_DISABLED = 0x4001_E800, 0xE000_ED38, 0xE000_ED28, 4
PAGE = 0x2000
R4, R5 = 0x4604, 0x4605


def run(program: Program) -> Machine:
    m = Machine(load_bytes(program.sleep().elf(), "a.elf"), board="nrf52840dk", timing="instructions")
    m.write(PAGE, bytes.fromhex("4d207047"))  # movs r0, #77; bx lr
    m.run(seconds=0.001)
    assert m.soc.unmodelled == {}
    return m


def protect(program: Program, permissions: int = READ_DISABLED) -> Program:
    for offset, value in ((0, PAGE), (4, 0x1000), (8, permissions)):
        program.store(ACL + offset, value)
    return program


def test_a_load() -> None:
    m = run(protect(Program().fetch(PAGE).emit(R4)).fetch(PAGE - 4).fetch(PAGE + 0x1000).emit(R5).fetch(PAGE + 0xFFC))
    assert m.registers["r4"] == 0x4770_204D
    assert m.registers["r5"] == 0xFFFF_FFFF
    assert [(f.cause, f.address) for f in m.faults[:1]] == [("PRECISERR", PAGE + 0xFFC)]


def test_a_fetch() -> None:
    call = Program().load(0, PAGE | 1).emit(0x4780)  # blx r0
    m = run(protect(call).load(0, PAGE | 1).emit(0x4780))
    assert [(f.cause, f.pc) for f in m.faults[:1]] == [("IBUSERR", PAGE)]


@pytest.mark.parametrize(("permissions", "causes"), [(READ_DISABLED, []), (READ_DISABLED | 2, ["IMPRECISERR"])])
def test_a_store_is_another_bit(permissions: int, causes: list[str]) -> None:
    m = run(protect(Program().store(0x4001_E504, 1), permissions).store(PAGE + 8, 0x1234_5678))
    assert [f.cause for f in m.faults[:1]] == causes
    assert (m.read(PAGE + 8, 4) == bytes.fromhex("78563412")) is (not causes)
