"""Which memory the loads of a block hit: what its code tells, and which registers tell the rest when it runs.

Loads from flash wait; loads from RAM do not. A literal is where the code is; a pointer that was loaded from a literal
is a constant; a base that the block only steps is known from its value at the start.
"""

from __future__ import annotations

from dataclasses import dataclass

from .decode import LOADS, NO_REGISTER, SP, Instruction, Kind


@dataclass(frozen=True)
class LoadProbe:
    """`words` loads from `register` + `add`, the register's value at the start of the block."""

    register: int
    words: int
    add: int


@dataclass(frozen=True)
class FlashLoads:
    """Words that a block loads: `known` to be in flash, `unknown`, and those that `probes` decide."""

    known: int
    unknown: int
    probes: tuple[LoadProbe, ...]


NOTHING = FlashLoads(0, 0, ())


def flash_loads(instructions: list[Instruction], code: bytearray, base: int, flash: range) -> FlashLoads:
    """Sort the loads of one block. `code` is the memory at `base` that the block is in."""
    known = unknown = 0
    probes: dict[tuple[int, int], int] = {}
    steps: dict[int, int | None] = {}
    constants: dict[int, int] = {}
    for i in instructions:
        literal: int | None = None
        if i.kind in LOADS and i.base != SP:
            if i.literal:
                at = (i.address + 4 & ~3) + i.offset
                known += i.words if at in flash else 0
                if i.kind is Kind.LOAD and i.width == 4 and 0 <= at - base <= len(code) - 4:
                    literal = int.from_bytes(code[at - base : at - base + 4], "little")
            elif i.base in constants:
                known += i.words if constants[i.base] + i.offset in flash else 0
            elif i.base != NO_REGISTER:
                step = steps.get(i.base, 0)
                if step is None:
                    unknown += i.words
                else:
                    key = i.base, step
                    probes[key] = probes.get(key, 0) + i.words
        for register in range(15):
            if i.writes >> register & 1:
                before, after = steps.get(register, 0), None
                if register == i.base and i.base_step and before is not None and not i.in_it:
                    after = before + i.base_step
                steps[register] = after
                constants.pop(register, None)
                if literal is not None and not i.in_it:
                    constants[register] = literal
    return FlashLoads(known, unknown, tuple(LoadProbe(r, min(n, 255), add) for (r, add), n in probes.items()))
