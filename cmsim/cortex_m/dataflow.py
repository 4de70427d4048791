"""What a block's code tells about its registers, in terms of what they hold when it starts.

A value is a constant, plus multiples of such registers, plus an unknown multiple of `grain`: enough to say at the start
of a block which of its addresses will be aligned, which memory its loads will hit, and what it will divide.

Not followed: values behind stores (they may change any word of the stack), products, narrow loads, flags: unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .decode import NO_REGISTER, PC, SP, STORES, Instruction, Kind

WORD = 0xFFFF_FFFF
STACK_WORD = 0x100
"""Numbers from here on stand for words of the stack: the word at SP (when the block starts) + 4 n is STACK_WORD + n."""
STACK_WORDS = 1024
NOT_PC = 0x7FFF


class Value(NamedTuple):
    """constant + sum of coefficient * register + an unknown multiple of grain, modulo 2^32."""

    constant: int
    terms: tuple[tuple[int, int], ...] = ()
    """(register, coefficient), in the order of the registers; no coefficient is 0."""
    grain: int = 0
    """A power of two; 0: nothing is unknown."""

    def plus(self, other: Value, times: int = 1) -> Value:
        """self + times * other; `times` is 1 or -1."""
        terms = self.terms
        if other.terms:
            sums = dict(terms)
            for register, coefficient in other.terms:
                sums[register] = (sums.get(register, 0) + times * coefficient) & WORD
            terms = tuple(sorted((register, c) for register, c in sums.items() if c))
        grain = min(self.grain, other.grain) or self.grain or other.grain
        return Value((self.constant + times * other.constant) & WORD, terms, grain)

    def shifted(self, by: int) -> Value:
        """self << by."""
        terms = tuple((register, c << by & WORD) for register, c in self.terms if c << by & WORD)
        grain = self.grain << by if self.grain << by <= WORD else 0
        return Value(self.constant << by & WORD, terms, grain)

    def register(self) -> int | None:
        """The one register (or word of the stack) that this is, plus the constant; None if it is not so simple."""
        if self.grain == 0 and len(self.terms) == 1 and self.terms[0][1] == 1:
            return self.terms[0][0]
        return None

    def modulo(self, size: int) -> Value | None:
        """Reduced modulo `size`, at most 4; None if it cannot be told. SP is always a multiple of 4."""
        if self.grain % size:
            return None
        terms = tuple((register, c % size) for register, c in self.terms if c % size and register != SP)
        if any(register >= STACK_WORD for register, _ in terms):
            return None
        return Value(self.constant % size, terms)


UNKNOWN = Value(0, (), 1)
_ENTRY = tuple(Value(0, ((register, 1),)) for register in range(16))


class Registers:
    """The core registers at some point of a block."""

    def __init__(self) -> None:
        self._changed: dict[int, Value] = {}
        self._stack_known = True
        self._stored: set[int] = set()

    def __getitem__(self, register: int) -> Value:
        return self._changed.get(register) or _ENTRY[register]

    def address(self, i: Instruction) -> Value:
        """What a load or store of memory adds up, for one that has a base."""
        if i.base == PC:
            return Value((i.address + 4 & ~3) + i.offset & WORD)
        address = self[i.base]
        if i.index != NO_REGISTER:
            address = address.plus(self[i.index].shifted(i.shift))
        return address.plus(Value(i.offset & WORD)) if i.offset else address

    def step(self, i: Instruction, literal: Callable[[int], int | None]) -> None:
        """Behind `i`. `literal` reads a word of code."""
        if i.kind in STORES:
            self._store(i)
        if not i.writes:
            return
        changed: dict[int, Value] = {}
        if i.kind is Kind.ALU:
            known = _result(i, self)
            if known is not None:
                changed[known[0]] = known[1]
        elif i.kind is Kind.LOAD and i.width == 4:
            target = (i.writes & ~(1 << i.base if i.base_step else 0)).bit_length() - 1
            if target >= 0:
                changed[target] = self._loaded(i, literal)
        if i.base_step and i.base != NO_REGISTER:
            changed[i.base] = self[i.base].plus(Value(i.base_step & WORD))
        written = i.writes & NOT_PC
        while written:
            register = written.bit_length() - 1
            written ^= 1 << register
            value = changed.get(register, UNKNOWN)
            if i.in_it:  # perhaps not executed; of SP the lower value counts
                value = UNKNOWN if register != SP else value if (i.base_step or 0) < 0 else self[SP]
            self._changed[register] = value

    def _store(self, i: Instruction) -> None:
        word = _stack_word(self.address(i)) if i.kind is Kind.STORE else None
        if word is None and i.base != SP:
            self._stack_known = False
        elif word is None:
            self._stack_known = self._stack_known and i.kind is Kind.STORE_MULTIPLE and (i.base_step or 0) < 0
        else:
            self._stored.add(word)

    def _loaded(self, i: Instruction, literal: Callable[[int], int | None]) -> Value:
        address = self.address(i)
        if i.literal:
            word = literal(address.constant)
            return UNKNOWN if word is None else Value(word)
        stacked = _stack_word(address)
        if stacked is None or not self._stack_known or stacked in self._stored:
            return UNKNOWN
        return Value(0, ((stacked, 1),))


def _stack_word(address: Value) -> int | None:
    if address.register() != SP or address.constant & 3 or address.constant >> 2 >= STACK_WORDS:
        return None
    return STACK_WORD + (address.constant >> 2)


def _result(i: Instruction, registers: Registers) -> tuple[int, Value] | None:
    """(destination, value) of an addition, subtraction, move, left shift or mask; None for anything else."""
    return _result16(i, registers) if i.size == 2 else _result32(i, registers)


def _result16(i: Instruction, registers: Registers) -> tuple[int, Value] | None:  # noqa: PLR0911 - one an encoding
    w = i.word
    low, immediate8 = w & 7, Value(w & 0xFF)
    match w >> 11:
        case 0b00000:  # LSLS
            return low, registers[w >> 3 & 7].shifted(w >> 6 & 31)
        case 0b00011:  # ADDS, SUBS of registers or 3 bits
            operand = Value(w >> 6 & 7) if w & 0x400 else registers[w >> 6 & 7]
            return low, registers[w >> 3 & 7].plus(operand, -1 if w & 0x200 else 1)
        case 0b00100:
            return w >> 8 & 7, immediate8
        case 0b00110 | 0b00111:
            target = w >> 8 & 7
            return target, registers[target].plus(immediate8, -1 if w & 0x800 else 1)
        case 0b10100:  # ADR
            return w >> 8 & 7, Value((i.address + 4 & ~3) + 4 * (w & 0xFF))
        case 0b10101:  # ADD from SP
            return w >> 8 & 7, registers[SP].plus(Value(4 * (w & 0xFF)))
        case 0b10110:  # ADD, SUB SP
            return (SP, registers[SP].plus(Value(4 * (w & 0x7F)), -1 if w & 0x80 else 1)) if w & 0x700 == 0 else None
    target, source = w >> 4 & 8 | low, w >> 3 & 15
    if w >> 8 in (0x44, 0x46) and source != PC:
        value = registers[source]
        return target, registers[target].plus(value) if w >> 8 == 0x44 else value
    return None


def _result32(i: Instruction, registers: Registers) -> tuple[int, Value] | None:  # noqa: PLR0911 - as above
    first, second = i.word >> 16, i.word & 0xFFFF
    rn, rd, operation = first & 15, second >> 8 & 15, first >> 5 & 15
    if first & 0xFE00 == 0xEA00:
        if second >> 4 & 3 or second & 15 == PC:
            return None  # another shift than LSL
        by = (second >> 12 & 7) << 2 | second >> 6 & 3
        return _combined(operation, rn, rd, registers, registers[second & 15].shifted(by))
    if first >> 11 != 0b11110 or second & 0x8000:
        return None
    if not first & 0x200:
        immediate = thumb_immediate(i.word)
        if operation == 0:  # AND
            return rd, Value(0, (), immediate & -immediate)
        if operation == 1:  # BIC
            kept = ~immediate & WORD
            return rd, Value(0, (), kept & -kept)
        return _combined(operation, rn, rd, registers, Value(immediate))
    immediate = (first >> 10 & 1) << 11 | (second >> 12 & 7) << 8 | second & 0xFF
    match first >> 4 & 0x1F:
        case 0b00000 | 0b01010:  # ADDW, SUBW, ADR
            base = Value(i.address + 4 & ~3) if rn == PC else registers[rn]
            return rd, base.plus(Value(immediate), -1 if first & 0xA0 else 1)
        case 0b00100:  # MOVW
            return rd, Value(rn << 12 | immediate)
        case 0b01100:  # MOVT
            low = registers[rd]
            exact = not low.terms and not low.grain
            return (rd, Value(low.constant & 0xFFFF | (rn << 12 | immediate) << 16)) if exact else None
    return None


def _combined(operation: int, rn: int, rd: int, registers: Registers, operand: Value) -> tuple[int, Value] | None:
    if operation == 2 and rn == PC:  # MOV
        return rd, operand
    if rn == PC:
        return None
    if operation == 8:
        return rd, registers[rn].plus(operand)
    if operation == 13:
        return rd, registers[rn].plus(operand, -1)
    if operation == 14:  # RSB
        return rd, operand.plus(registers[rn], -1)
    return None


def thumb_immediate(word: int) -> int:
    """The modified immediate of a 32-bit data processing instruction (DDI 0403E, A5.3.2)."""
    imm12 = (word >> 26 & 1) << 11 | (word >> 12 & 7) << 8 | word & 0xFF
    if imm12 < 0x100:
        return imm12
    if imm12 < 0x400:
        byte = imm12 & 0xFF
        return (byte | byte << 16, byte << 8 | byte << 24, byte * 0x01010101)[(imm12 >> 8) - 1]
    value, by = 0x80 | imm12 & 0x7F, imm12 >> 7
    return (value >> by | value << 32 - by) & WORD


__all__ = ["STACK_WORD", "UNKNOWN", "Registers", "Value", "thumb_immediate"]
