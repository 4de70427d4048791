"""Decode T32 instructions as far as time, addresses and faults need it (Arm DDI 0403E, chapter A5).

Not an assembler's decoder: operands appear only where a later step reads them. `tests/cortex_m/test_decode.py`
compares the classes, sizes and address operands with capstone over random code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import Enum, auto
from operator import attrgetter
from typing import Any

NO_REGISTER = 255
SP, LR, PC = 13, 14, 15


class Kind(Enum):
    """What an instruction does, in the classes that timing tables distinguish."""

    __hash__ = object.__hash__  # a quarter of the time of learning a block goes by in sets of kinds

    ALU = auto()
    MUL = auto()
    MLA = auto()
    LONG_MUL = auto()
    DIV = auto()
    LOAD = auto()
    STORE = auto()
    LOAD_DUAL = auto()
    STORE_DUAL = auto()
    LOAD_MULTIPLE = auto()
    STORE_MULTIPLE = auto()
    LOAD_EXCLUSIVE = auto()
    STORE_EXCLUSIVE = auto()
    CLREX = auto()
    TABLE_BRANCH = auto()
    BRANCH = auto()
    BRANCH_CONDITIONAL = auto()
    BRANCH_LINK = auto()
    BRANCH_INDIRECT = auto()
    COMPARE_BRANCH = auto()
    IT = auto()
    NOP = auto()
    SEV = auto()
    WFI = auto()
    WFE = auto()
    YIELD = auto()
    BARRIER = auto()
    MRS = auto()
    MSR = auto()
    CPS = auto()
    SVC = auto()
    BKPT = auto()
    UNDEFINED = auto()
    FP_LOAD = auto()
    FP_STORE = auto()
    FP_LOAD_MULTIPLE = auto()
    FP_STORE_MULTIPLE = auto()
    FP_TRANSFER = auto()
    FP_TRANSFER_DUAL = auto()
    FP_SYSTEM = auto()
    FP_SIMPLE = auto()
    FP_MAC = auto()
    FP_DIV = auto()


LOADS = frozenset(
    {Kind.LOAD, Kind.LOAD_DUAL, Kind.LOAD_MULTIPLE, Kind.LOAD_EXCLUSIVE, Kind.FP_LOAD, Kind.FP_LOAD_MULTIPLE,
     Kind.TABLE_BRANCH}
)
STORES = frozenset(
    {Kind.STORE, Kind.STORE_DUAL, Kind.STORE_MULTIPLE, Kind.STORE_EXCLUSIVE, Kind.FP_STORE, Kind.FP_STORE_MULTIPLE}
)
MEMORY = LOADS | STORES
FLOATING_POINT = frozenset(
    {Kind.FP_LOAD, Kind.FP_STORE, Kind.FP_LOAD_MULTIPLE, Kind.FP_STORE_MULTIPLE, Kind.FP_TRANSFER,
     Kind.FP_TRANSFER_DUAL, Kind.FP_SYSTEM, Kind.FP_SIMPLE, Kind.FP_MAC, Kind.FP_DIV}
)
ALWAYS_ALIGNED = MEMORY - {Kind.LOAD, Kind.STORE, Kind.TABLE_BRANCH}
"""Kinds that fault on an unaligned address whatever CCR.UNALIGN_TRP says (DDI 0403E, A3.2.1)."""


@dataclass(slots=True)
class Instruction:
    """One decoded instruction. Memory operands: address = base + (index << shift) + offset, for `words` x `width`."""

    address: int
    size: int
    kind: Kind
    word: int
    """Both halfwords, the first one in the high half; a 16-bit instruction alone."""
    writes: int = 0
    """Core registers that it writes, as a bit mask."""
    base: int = NO_REGISTER
    index: int = NO_REGISTER
    shift: int = 0
    offset: int = 0
    width: int = 4
    words: int = 1
    base_step: int | None = 0
    """What the instruction adds to `base` by writeback (None: something unknown)."""
    in_it: bool = False
    """Inside an IT block, hence possibly not executed."""

    @property
    def end(self) -> int:
        """The address of the next instruction in memory."""
        return self.address + self.size

    @property
    def literal(self) -> bool:
        """Addressed relative to the PC."""
        return self.base == PC


def _signed(value: int, add: int) -> int:
    return value if add else -value


def _decode16(w: int) -> Instruction:  # noqa: PLR0911, PLR0912
    top = w >> 12
    rd, rn, rm = w & 7, w >> 3 & 7, w >> 6 & 7

    def make(kind: Kind, **operands: int | None) -> Instruction:
        return Instruction(0, 2, kind, w, **operands)  # type: ignore[arg-type]

    if top < 4:
        if w >> 13 == 1:  # MOV CMP ADD SUB (immediate, 8 bits)
            target = w >> 8 & 7
            writes = 0 if w >> 11 & 3 == 1 else 1 << target
            return make(Kind.ALU, writes=writes)
        return make(Kind.ALU, writes=1 << rd)
    if w >> 10 == 0b010000:
        op = w >> 6 & 15
        compares = op in (8, 10, 11)
        return make(Kind.MUL if op == 13 else Kind.ALU, writes=0 if compares else 1 << rd)
    if w >> 10 == 0b010001:
        op, target = w >> 8 & 3, w >> 4 & 8 | rd
        if op == 3:
            return make(Kind.BRANCH_INDIRECT, writes=1 << LR if w & 0x80 else 0)
        if op != 1 and target == PC:
            return make(Kind.BRANCH_INDIRECT)
        return make(Kind.ALU, writes=0 if op == 1 else 1 << target)
    if w >> 11 == 0b01001:
        target = w >> 8 & 7
        return make(Kind.LOAD, writes=1 << target, base=PC, offset=4 * (w & 0xFF))
    if top == 5:
        op = w >> 9 & 7
        width = (4, 2, 1, 1, 4, 2, 1, 2)[op]
        if op < 3:
            return make(Kind.STORE, base=rn, index=rm, width=width)
        return make(Kind.LOAD, writes=1 << rd, base=rn, index=rm, width=width)
    if top in (6, 7, 8):
        width = {6: 4, 7: 1, 8: 2}[top]
        offset = (w >> 6 & 31) * width
        if w & 0x800:
            return make(Kind.LOAD, writes=1 << rd, base=rn, offset=offset, width=width)
        return make(Kind.STORE, base=rn, offset=offset, width=width)
    if top == 9:
        target, offset = w >> 8 & 7, 4 * (w & 0xFF)
        if w & 0x800:
            return make(Kind.LOAD, writes=1 << target, base=SP, offset=offset)
        return make(Kind.STORE, base=SP, offset=offset)
    if top == 10:
        return make(Kind.ALU, writes=1 << (w >> 8 & 7))
    if top == 11:
        return _decode_misc16(make, w)
    if top == 12:
        base, count = w >> 8 & 7, (w & 0xFF).bit_count()
        if w & 0x800:
            step = None if w >> base & 1 else 4 * count
            writes = w & 0xFF | 1 << base
            return make(Kind.LOAD_MULTIPLE, writes=writes, base=base, words=count, base_step=step)
        return make(Kind.STORE_MULTIPLE, writes=1 << base, base=base, words=count, base_step=4 * count)
    if top == 13:
        condition = w >> 8 & 15
        if condition == 14:
            return make(Kind.UNDEFINED)
        return make(Kind.SVC if condition == 15 else Kind.BRANCH_CONDITIONAL)
    return make(Kind.BRANCH)


def _decode_misc16(make, w: int) -> Instruction:  # type: ignore[no-untyped-def]
    result: Instruction
    if w & 0xFF00 == 0xB000:
        result = make(Kind.ALU, writes=1 << SP)
    elif w & 0xF500 == 0xB100:
        result = make(Kind.COMPARE_BRANCH)
    elif w & 0xFE00 == 0xB400:
        count = (w & 0x1FF).bit_count()
        step = -4 * count
        result = make(Kind.STORE_MULTIPLE, writes=1 << SP, base=SP, words=count, offset=step, base_step=step)
    elif w & 0xFE00 == 0xBC00:
        count = (w & 0x1FF).bit_count()
        writes = w & 0xFF | 1 << SP | (1 << PC if w & 0x100 else 0)
        result = make(Kind.LOAD_MULTIPLE, writes=writes, base=SP, words=count, base_step=4 * count)
    elif w & 0xFFE8 == 0xB660:
        result = make(Kind.CPS)
    elif w & 0xFF00 == 0xB200 or (w & 0xFF00 == 0xBA00 and w >> 6 & 3 != 2):
        result = make(Kind.ALU, writes=1 << (w & 7))
    elif w & 0xFF00 == 0xBE00:
        result = make(Kind.BKPT)
    elif w & 0xFF00 == 0xBF00:
        hints = {1: Kind.YIELD, 2: Kind.WFE, 3: Kind.WFI, 4: Kind.SEV}
        result = make(Kind.IT) if w & 15 else make(hints.get(w >> 4 & 15, Kind.NOP))
    else:
        result = make(Kind.UNDEFINED)
    return result


def _decode32(a: int, b: int) -> Instruction:  # noqa: PLR0911
    word = a << 16 | b

    def make(kind: Kind, **operands: int | None) -> Instruction:
        return Instruction(0, 4, kind, word, **operands)  # type: ignore[arg-type]

    rd = b >> 8 & 15
    if a & 0xEC00 == 0xEC00:
        return _decode_coprocessor(make, a, b)
    if a & 0xFE40 == 0xE800:
        return _decode_multiple(make, a, b)
    if a & 0xFE40 == 0xE840:
        return _decode_dual(make, a, b)
    if a & 0xFE00 == 0xEA00:
        return make(Kind.ALU, writes=0 if rd == PC else 1 << rd)
    if a >> 11 == 0b11110:
        if not b & 0x8000:
            return make(Kind.ALU, writes=0 if rd == PC else 1 << rd)
        return _decode_branch32(make, a, b)
    if a & 0xFE00 == 0xF800:
        return _decode_single(make, a, b)
    if a & 0xFF00 == 0xFA00:
        return make(Kind.ALU, writes=1 << rd)
    if a & 0xFF80 == 0xFB00:
        return make(Kind.MUL if b >> 12 == 15 else Kind.MLA, writes=1 << rd)
    if a & 0xFF80 == 0xFB80:
        op = a >> 4 & 7
        if op in (1, 3):
            return make(Kind.DIV, writes=1 << rd)
        return make(Kind.LONG_MUL, writes=1 << rd | 1 << (b >> 12))
    return make(Kind.UNDEFINED)


def _decode_multiple(make, a: int, b: int) -> Instruction:  # type: ignore[no-untyped-def]
    rn, count, writeback = a & 15, b.bit_count(), a >> 5 & 1
    mode = a >> 7 & 3
    result: Instruction
    if mode not in (1, 2):
        result = make(Kind.UNDEFINED)
        return result
    offset = 0 if mode == 1 else -4 * count
    step: int | None = 4 * count * (1 if mode == 1 else -1) * writeback
    if a & 0x10:
        if b >> rn & 1:
            step = None
        writes = b | (writeback << rn)
        result = make(Kind.LOAD_MULTIPLE, writes=writes, base=rn, words=count, offset=offset, base_step=step)
    else:
        result = make(
            Kind.STORE_MULTIPLE, writes=writeback << rn, base=rn, words=count, offset=offset, base_step=step
        )
    return result


def _decode_dual(make, a: int, b: int) -> Instruction:  # type: ignore[no-untyped-def]
    rn, rt, rt2, load = a & 15, b >> 12, b >> 8 & 15, a >> 4 & 1
    result: Instruction
    if not a & 0x0120:  # neither pre-indexed nor writeback: exclusives and table branches
        op = b >> 4 & 15
        if a & 0xFFE0 == 0xE840:
            offset = 4 * (b & 0xFF)
            if load:
                result = make(Kind.LOAD_EXCLUSIVE, writes=1 << rt, base=rn, offset=offset)
            else:
                result = make(Kind.STORE_EXCLUSIVE, writes=1 << rt2, base=rn, offset=offset)
        elif load and op in (0, 1):
            result = make(Kind.TABLE_BRANCH, base=rn, index=b & 15, shift=op, width=1 + op)
        elif op in (4, 5):
            width = 1 if op == 4 else 2
            if load:
                result = make(Kind.LOAD_EXCLUSIVE, writes=1 << rt, base=rn, width=width)
            else:
                result = make(Kind.STORE_EXCLUSIVE, writes=1 << (b & 15), base=rn, width=width)
        else:
            result = make(Kind.UNDEFINED)
        return result
    step = _signed(4 * (b & 0xFF), a >> 7 & 1)
    offset = step if a >> 8 & 1 else 0
    writeback = a >> 5 & 1
    if load:
        writes = 1 << rt | 1 << rt2 | writeback << rn
        result = make(Kind.LOAD_DUAL, writes=writes, base=rn, words=2, offset=offset, base_step=step * writeback)
    else:
        result = make(
            Kind.STORE_DUAL, writes=writeback << rn, base=rn, words=2, offset=offset, base_step=step * writeback
        )
    return result


def _decode_branch32(make, a: int, b: int) -> Instruction:  # type: ignore[no-untyped-def]
    result: Instruction
    form = b & 0xD000
    if form == 0x9000:
        result = make(Kind.BRANCH)
    elif form == 0xD000:
        result = make(Kind.BRANCH_LINK, writes=1 << LR)
    elif form != 0x8000:
        result = make(Kind.UNDEFINED)
    elif a & 0x0380 != 0x0380:
        result = make(Kind.BRANCH_CONDITIONAL)
    elif a & 0xFFE0 == 0xF380:
        result = make(Kind.MSR)
    elif a == 0xF3AF:
        hints = {1: Kind.YIELD, 2: Kind.WFE, 3: Kind.WFI, 4: Kind.SEV}
        result = make(hints.get(b & 0xFF, Kind.NOP))
    elif a == 0xF3BF:
        op = b >> 4 & 15
        result = make(Kind.CLREX if op == 2 else Kind.BARRIER if op in (4, 5, 6) else Kind.UNDEFINED)
    elif a & 0xFFE0 == 0xF3E0:
        result = make(Kind.MRS, writes=1 << (b >> 8 & 15))
    else:
        result = make(Kind.UNDEFINED)
    return result


def _decode_single(make, a: int, b: int) -> Instruction:  # type: ignore[no-untyped-def]
    rn, rt, load = a & 15, b >> 12, a >> 4 & 1
    width = (1, 2, 4, 0)[a >> 5 & 3]
    result: Instruction
    signed = a >> 8 & 1
    if width == 0 or (not load and (signed or rn == PC)) or (signed and width == 4):
        result = make(Kind.UNDEFINED)
        return result
    if load and rt == PC and width != 4:
        result = make(Kind.NOP)  # PLD, PLI
        return result
    kind = Kind.LOAD if load else Kind.STORE
    writes = 1 << rt if load else 0
    if rn == PC:
        offset = _signed(b & 0xFFF, a >> 7 & 1)
        result = make(kind, writes=writes, base=PC, offset=offset, width=width)
    elif a & 0x80:
        result = make(kind, writes=writes, base=rn, offset=b & 0xFFF, width=width)
    elif not b & 0x800:
        result = make(kind, writes=writes, base=rn, index=b & 15, shift=b >> 4 & 3, width=width)
    else:
        step = _signed(b & 0xFF, b >> 9 & 1)
        writeback = b >> 8 & 1
        offset = step if b & 0x400 else 0
        result = make(
            kind, writes=writes | writeback << rn, base=rn, offset=offset, width=width, base_step=step * writeback
        )
    return result


def _decode_coprocessor(make, a: int, b: int) -> Instruction:  # type: ignore[no-untyped-def]
    result: Instruction
    rn, load, coprocessor = a & 15, a >> 4 & 1, b >> 8 & 15
    if coprocessor not in (10, 11) or a & 0xF000 == 0xF000 or a & 0x0300 == 0x0300:
        result = make(Kind.UNDEFINED)
    elif a & 0xFE00 == 0xEC00:
        if a & 0xFFE0 == 0xEC40:
            writes = (1 << (b >> 12) | 1 << rn) if load else 0
            return make(Kind.FP_TRANSFER_DUAL, writes=writes)  # type: ignore[no-any-return]
        pre, up, writeback, imm = a >> 8 & 1, a >> 7 & 1, a >> 5 & 1, b & 0xFF
        if pre and not writeback:
            words = 2 if coprocessor == 11 else 1
            kind = Kind.FP_LOAD if load else Kind.FP_STORE
            return make(kind, base=rn, offset=_signed(4 * imm, up), words=words)  # type: ignore[no-any-return]
        kind = Kind.FP_LOAD_MULTIPLE if load else Kind.FP_STORE_MULTIPLE
        offset = -4 * imm if pre else 0
        step = _signed(4 * imm, up) * writeback
        result = make(kind, writes=writeback << rn, base=rn, words=imm, offset=offset, base_step=step)
    elif not b & 0x10:
        op = a >> 4 & 0xB
        if op in (0, 1, 9, 10):
            result = make(Kind.FP_MAC)
        elif op == 8 or (op == 11 and rn == 1 and b >> 6 & 3 == 3):
            result = make(Kind.FP_DIV)
        else:
            result = make(Kind.FP_SIMPLE)
    elif a & 0xFFE0 == 0xEEE0:
        writes = 1 << (b >> 12) if load and b >> 12 != PC else 0
        result = make(Kind.FP_SYSTEM, writes=writes)
    else:
        result = make(Kind.FP_TRANSFER, writes=1 << (b >> 12) if load else 0)
    return result


def it_length(word: int) -> int:
    """How many instructions an IT covers: the lowest bit of its mask that is set ends it."""
    return 4 - ((word & -word).bit_length() - 1)


_fields = attrgetter(*(field.name for field in fields(Instruction)[1:]))
_known: dict[int, tuple[Any, ...]] = {}
"""What an encoding means, wherever it stands: the fields of its `Instruction` behind the address."""
MOST_KNOWN = 1 << 16


def _remember(word: int) -> tuple[Any, ...]:
    if len(_known) >= MOST_KNOWN:
        _known.clear()
    found = _decode16(word) if word < 1 << 16 else _decode32(word >> 16, word & 0xFFFF)
    _known[word] = values = _fields(found)
    return values


def decode(code: bytes, address: int) -> Iterator[Instruction]:
    """The instructions of `code`, which lies at `address`. A trailing half of a wide instruction is left out."""
    position, in_it = 0, 0
    while position + 2 <= len(code):
        first = code[position] | code[position + 1] << 8
        if first >> 11 >= 0b11101:
            if position + 4 > len(code):
                return
            first = first << 16 | code[position + 2] | code[position + 3] << 8
        known = _known.get(first)
        if known is None:
            known = _remember(first)
        instruction = Instruction(address + position, *known)
        if in_it:
            instruction.in_it, in_it = True, in_it - 1
        elif instruction.kind is Kind.IT:
            in_it = it_length(first)
        yield instruction
        position += instruction.size
