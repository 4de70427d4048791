"""What is said of registers behind straight code, compared with what Unicorn computes."""

from __future__ import annotations

import struct

from hypothesis import given, settings
from hypothesis import strategies as st
from unicorn import UC_ARCH_ARM, UC_MODE_THUMB, Uc
from unicorn import arm_const as arm

from cmsim.cortex_m.dataflow import STACK_WORD, Registers, Value
from cmsim.cortex_m.decode import SP, decode

CODE, STACK = 0x1000, 0x2000_8000
REGISTERS = [arm.UC_ARM_REG_R0 + n for n in range(13)]
WORD = 0xFFFF_FFFF

low, wide = st.integers(0, 7), st.integers(0, 12)


def halfword(base: int, *fields: tuple[st.SearchStrategy[int], int]) -> st.SearchStrategy[tuple[int, ...]]:
    """An encoding whose fields are drawn."""
    return st.tuples(*(f for f, _ in fields)).map(
        lambda drawn: (base | sum(value << at for value, (_, at) in zip(drawn, fields, strict=True)),)
    )


def words(first: int, second: int, rn: bool = True, rm: bool = False) -> st.SearchStrategy[tuple[int, ...]]:
    """A 32-bit data processing instruction: Rn, Rd, and an immediate or Rm with a shift left."""
    third = st.integers(0, 12) if rm else st.integers(0, 255)
    return st.tuples(wide if rn else st.just(15), wide, third, st.integers(0, 7), st.integers(0, 3), st.booleans()).map(
        lambda d: (
            first | (d[0] if rn else first & 15) | (0 if rm else d[5] << 10),
            second | d[1] << 8 | d[2] | (d[3] << 12 if not rm else d[3] << 12 | d[4] << 6),
        )
    )


ENCODINGS = st.one_of(
    halfword(0x0000, (low, 0), (low, 3), (st.integers(0, 31), 6)),  # LSLS
    halfword(0x0800, (low, 0), (low, 3), (st.integers(0, 31), 6)),  # LSRS
    halfword(0x1800, (low, 0), (low, 3), (low, 6), (st.integers(0, 3), 9)),  # ADDS, SUBS
    halfword(0x2000, (st.integers(0, 255), 0), (low, 8)),  # MOVS
    halfword(0x3000, (st.integers(0, 255), 0), (low, 8), (st.integers(0, 1), 11)),  # ADDS, SUBS
    halfword(0x4000, (low, 0), (low, 3), (st.integers(0, 15), 6)),  # data processing
    halfword(0x4400, (low, 0), (st.integers(0, 12), 3)),  # ADD
    halfword(0x4600, (low, 0), (st.integers(0, 12), 3)),  # MOV
    halfword(0xA000, (st.integers(0, 255), 0), (low, 8), (st.integers(0, 1), 11)),  # ADR, ADD from SP
    halfword(0xB000, (st.integers(0, 31), 0), (st.integers(0, 1), 7)),  # ADD, SUB SP
    halfword(0x9800, (st.integers(0, 60), 0), (low, 8)),  # LDR [SP]
    halfword(0x9000, (st.integers(0, 60), 0), (low, 8)),  # STR [SP]
    halfword(0x4800, (st.integers(0, 60), 0), (low, 8)),  # LDR literal
    st.lists(low, min_size=1, max_size=3, unique=True).map(lambda r: (0xB400 | sum(1 << n for n in r),)),  # PUSH
    st.lists(low, min_size=1, max_size=3, unique=True).map(lambda r: (0xBC00 | sum(1 << n for n in r),)),  # POP
    words(0xF000, 0), words(0xF020, 0), words(0xF100, 0), words(0xF1A0, 0), words(0xF1C0, 0),  # AND BIC ADD SUB RSB
    words(0xF04F, 0, rn=False),  # MOV
    words(0xF200, 0), words(0xF2A0, 0), words(0xF240, 0), words(0xF2C0, 0),  # ADDW SUBW MOVW MOVT
    words(0xEB00, 0, rm=True), words(0xEBA0, 0, rm=True), words(0xEBC0, 0, rm=True), words(0xEA40, 0, rm=True),
)  # fmt: skip
START = st.lists(st.integers(0, WORD), min_size=13, max_size=13)


def evaluated(value: Value, registers: list[int], stack: bytes) -> int:
    """What is known of a value, from the registers at the start."""
    total = value.constant
    for register, coefficient in value.terms:
        if register >= STACK_WORD:
            at = 0x800 + 4 * (register - STACK_WORD)
            total += coefficient * struct.unpack_from("<I", stack, at)[0]
        else:
            total += coefficient * (STACK if register == SP else registers[register])
    return total & WORD


@settings(max_examples=300, deadline=None)
@given(program=st.lists(ENCODINGS, min_size=1, max_size=8), start=START, seed=st.binary(min_size=64, max_size=64))
def test_registers_are_what_they_are_said_to_be(program: list[tuple[int, ...]], start: list[int], seed: bytes) -> None:
    code = struct.pack(f"<{sum(map(len, program))}H", *(half for words in program for half in words))
    flash = code + seed * 8
    stack = seed * (0x1000 // 64)
    uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB)
    uc.ctl_set_cpu_model(arm.UC_CPU_ARM_CORTEX_M4)
    uc.mem_map(CODE, 0x1000)
    uc.mem_map(STACK - 0x1000, 0x2000)
    uc.mem_write(CODE, flash)
    uc.mem_write(STACK - 0x800, stack)
    for number, value in zip(REGISTERS, start, strict=True):
        uc.reg_write(number, value)
    uc.reg_write(arm.UC_ARM_REG_SP, STACK)
    uc.emu_start(CODE | 1, CODE + len(code))

    def literal(address: int) -> int | None:
        offset = address - CODE
        return int.from_bytes(flash[offset : offset + 4], "little") if 0 <= offset <= len(flash) - 4 else None

    registers = Registers()
    for instruction in decode(code, CODE):
        registers.step(instruction, literal)
    for number in (*range(13), SP):
        got = uc.reg_read(arm.UC_ARM_REG_SP if number == SP else REGISTERS[number])
        said = registers[number]
        difference = (got - evaluated(said, start, stack)) & WORD
        assert difference % said.grain == 0 if said.grain else difference == 0, (number, said)


def test_a_value_modulo_4() -> None:
    base = Value(0, ((1, 1),))
    assert base.plus(Value(6)).modulo(4) == (2, ((1, 1),), 0)
    assert base.shifted(2).plus(Value(8)).modulo(4) == (0, (), 0)
    assert base.plus(Value(0, (), 2)).modulo(4) is None
    assert base.plus(Value(0, (), 2)).modulo(2) == (0, ((1, 1),), 0)
    assert Value(0, ((SP, 1),)).modulo(4) == (0, (), 0)
    assert Value(0, ((STACK_WORD, 1),)).modulo(4) is None


def test_a_register_behind_a_subtraction_of_itself_is_a_constant() -> None:
    base = Value(5, ((1, 1),))
    assert base.plus(base, -1) == (0, (), 0)
    assert base.plus(base).register() is None
    assert base.register() == 1
