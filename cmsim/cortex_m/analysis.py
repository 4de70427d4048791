"""What native code has to look at when a block starts, or in front of single instructions where that is not enough.

- Alignment: addresses that must be multiples of 2 or 4 are checked at the start, from the registers that they are sums
  of. Where they depend on what the block computes or loads, a hook in front of the instruction looks.
- Divides cost by their operands, and may trap.
- Loads from flash wait, loads from RAM do not: the pointer that they start from tells. (That an index does not lead
  from one memory into another is taken for granted.) Unaligned loads need more accesses.
- The stack: how deep the block takes it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from ..timing.memory import LINE
from .dataflow import STACK_WORD, Registers, Value
from .decode import ALWAYS_ALIGNED, LOADS, MEMORY, NO_REGISTER, PC, SP, Instruction, Kind
from .hot import Access, Check, Divide, HookKind, Operand, Probe


@dataclass(frozen=True)
class HookRequest:
    """An instruction that needs a hook in front of it: blocks alone cannot tell enough."""

    kind: HookKind
    address: int
    access: Access | None = None
    operand: int = 0


@dataclass
class Traps:
    """What CCR adds to the checks of a block."""

    unaligned: bool = False
    divide: bool = False


@dataclass(frozen=True)
class CodeView:
    """The memory that a block is in, for the literals in it, and where flash lies."""

    base: int
    data: bytearray
    flash: range

    def word(self, address: int) -> int | None:
        """The word of code at `address`."""
        offset = address - self.base
        return int.from_bytes(self.data[offset : offset + 4], "little") if 0 <= offset <= len(self.data) - 4 else None


@dataclass(slots=True)
class Load:
    """Loads at register + times * other + add, a multiple of 4 further on or back."""

    register: int
    other: int
    times: int
    width: int
    """1 also where alignment does not matter or cannot be told."""
    add: int
    lines: int = 0
    """Of flash, if that is where they lie: one for each, and for each 16 bytes of what loads many words."""
    at: list[int] = field(default_factory=list)
    """The instructions."""


@dataclass
class Findings:
    """What `analyse` found."""

    checks: list[Check] = field(default_factory=list)
    steady: bool = True
    """What passes the checks passes them again when the block follows itself: its pointers move by whole words."""
    hooks: list[HookRequest] = field(default_factory=list)
    divides: list[Divide] = field(default_factory=list)
    stack_low: int = 0
    """How far below its value at the start the block takes SP, as a number <= 0."""
    alloca: bool = False
    """The block changes SP by an amount that only running it tells."""
    flash_known: int = 0
    """Lines of flash that are loaded from for sure."""
    flash_unknown: int = 0
    line: int = -1
    """The one that the last of these left behind: its other words do not wait."""
    loads: dict[tuple[int, ...], Load] = field(default_factory=dict)
    """Loads through a register, those of the same register and alignment as one."""
    slow: dict[int, int] = field(default_factory=dict)
    """Address of a load that is certainly unaligned: the accesses that it needs more."""
    drifts: bool = False
    """Not all of these are aligned as before when the block follows itself."""

    @property
    def probes(self) -> list[Probe]:
        """Loads whose memory a register tells."""
        return [
            Probe(load.register, min(load.lines, 255), load.other, load.times, load.width, 0, load.add)
            for load in self.loads.values()
        ]


@dataclass(frozen=True)
class Wanted:
    """What there is to look for."""

    traps: Traps
    data_dependent: bool
    """Whether divides cost by their operands."""
    hooked: Collection[int] = ()
    """Divides that have a hook already."""
    watched: Collection[int] = ()
    """Instructions that somebody waits for."""
    counting: bool = False
    """Whether DWT's profiling counters are on."""


_ENTRY = tuple(Value(0, ((register, 1),)) for register in range(16))


def analyse(instructions: Sequence[Instruction], code: CodeView, wanted: Wanted) -> Findings:
    """Everything about one block, in one walk through it."""
    found = Findings()
    checked: set[tuple[Value, int]] = set()
    registers = Registers()
    for n, i in enumerate(instructions):
        if i.kind in MEMORY:
            _alignment(found, checked, n, i, registers, wanted.traps)
            if i.kind in LOADS and i.base not in (SP, NO_REGISTER):
                _load(found, i, registers, code)
        elif i.kind is Kind.DIV:
            _divide(found, n, i, registers, wanted)
        if n and i.address in wanted.watched:
            found.hooks.append(HookRequest(HookKind.WATCH, i.address))
        registers.step(i, code.word)
        if i.writes >> SP & 1:
            _stack(found, registers[SP])
    found.steady = all(_is_steady(value, mask, registers) for value, mask in checked)
    found.drifts = not all(
        _is_steady(_ENTRY[register], 3, registers)
        for load in found.loads.values() if load.width > 1
        for register in ((load.register, load.other) if load.times else (load.register,))
    )  # fmt: skip
    _stop_points(found, instructions)
    return found


def _must_align(i: Instruction, traps: Traps) -> int:
    """The address bits that must be 0 or the instruction faults."""
    if i.kind in ALWAYS_ALIGNED or traps.unaligned:
        return min(i.width, 4) - 1
    return 0


def _alignment(
    found: Findings, checked: set[tuple[Value, int]], n: int, i: Instruction, registers: Registers, traps: Traps
) -> None:
    mask = _must_align(i, traps)
    if not mask or i.base in (PC, SP, NO_REGISTER):
        return
    rest = registers.address(i).modulo(mask + 1)
    if rest == (0, (), 0):
        return
    if rest is None or i.in_it or not 1 <= len(rest.terms) <= 2:
        found.hooks.append(HookRequest(HookKind.ALIGNMENT, i.address, Access.of(i), mask))
    elif (rest, mask) not in checked:
        checked.add((rest, mask))
        (first, times), (second, more) = (*rest.terms, (0, 0))[:2]
        found.checks.append(Check(first, times, second, more, rest.constant, mask, n))


def _is_steady(value: Value, mask: int, behind: Registers) -> bool:
    """Whether `value` is the same behind the block, as far as `mask` goes."""
    again = Value(value.constant)
    for register, times in value.terms:
        for _ in range(times):
            again = again.plus(behind[register])
    return again.modulo(mask + 1) == value


def _load(found: Findings, i: Instruction, registers: Registers, code: CodeView) -> None:
    address = registers.address(i)
    base = address if i.literal else registers[i.base]
    pointers = [register for register, coefficient in base.terms if coefficient == 1]
    if not pointers and (base.constant >= 4 or not base.grain):  # an element of a table at a known address
        if base.constant in code.flash:
            first, last = address.constant // LINE, (address.constant + 4 * i.words - 1) // LINE
            found.flash_known += last - first + (first != found.line)
            found.line = last
        if i.kind is Kind.LOAD and not address.terms and not address.grain and address.constant & i.width - 1:
            found.slow[i.address] = 2 if i.width == 4 and address.constant & 1 else 1
    elif len(pointers) != 1 or pointers[0] >= STACK_WORD:
        found.flash_unknown += _lines(i)
    elif pointers[0] != SP:
        other, times, width = _alignment_of(i, pointers[0], address)
        add = _signed(address.constant)
        load = found.loads.setdefault(
            (pointers[0], other, times, width, add & 3), Load(pointers[0], other, times, width, add)
        )
        load.lines += _lines(i)
        load.at.append(i.address)


def _lines(i: Instruction) -> int:
    """The lines of flash that its words fill, if they begin with one."""
    return -(-4 * i.words // LINE)


def _alignment_of(i: Instruction, pointer: int, address: Value) -> tuple[int, int, int]:
    """(another register, its coefficient, width), or a width of 1 if `i` is never slow, or nobody can tell."""
    others = [(register, times) for register, times in address.terms if register != pointer]
    told = i.kind is Kind.LOAD and i.width > 1 and address.grain % 4 == 0 and len(others) <= 1
    if not told or any(register >= STACK_WORD or times > 255 for register, times in others):
        return 0, 0, 1
    other, times = others[0] if others else (0, 0)
    return other, times, i.width


def _divide(found: Findings, n: int, i: Instruction, registers: Registers, wanted: Wanted) -> None:
    if not (wanted.data_dependent or wanted.traps.divide):
        return
    dividend, divisor = (_operand(registers[number]) for number in (i.word >> 16 & 15, i.word & 15))
    if dividend is None or divisor is None or i.in_it or i.address in wanted.hooked:
        found.hooks.append(HookRequest(HookKind.DIVIDE, i.address, None, i.word))
    else:
        signed = not i.word >> 21 & 1
        found.divides.append(Divide(dividend, divisor, n, signed, wanted.data_dependent, wanted.traps.divide))


def _operand(value: Value) -> Operand | None:
    if not value.terms and not value.grain:
        return Operand(NO_REGISTER, add=_signed(value.constant))
    register = value.register()
    if register is None:
        return None
    if register >= STACK_WORD:
        return Operand(SP, 1, offset=4 * (register - STACK_WORD), add=_signed(value.constant))
    return Operand(register, add=_signed(value.constant))


def _stack(found: Findings, behind: Value) -> None:
    if behind.register() == SP:
        found.stack_low = min(found.stack_low, _signed(behind.constant))
    else:
        found.alloca = True


def _signed(value: int) -> int:
    return value - (1 << 32) if value >> 31 else value


def _stop_points(found: Findings, instructions: Iterable[Instruction]) -> None:
    """A stop inside an IT block is heard only behind it: hooks there, too."""
    hooked = {request.address for request in found.hooks}
    waiting = False
    for i in instructions if hooked else ():
        if i.in_it:
            waiting = waiting or i.address in hooked
        elif waiting:
            found.hooks.append(HookRequest(HookKind.BREAK, i.address))
            waiting = False
