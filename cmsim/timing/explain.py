"""Where the cycles of a function go: each instruction with its cost and what it waited for.

The listing follows the code from the function's entry, so literal pools stay out. It shows one pass of each block as
the pipeline model sees it; what data decides is said beside the instruction, not added: a divide's operands, a cache
miss, a load that hits flash.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import capstone

from ..cortex_m.decode import LOADS, Instruction, Kind, decode
from .model import Code
from .silicon import Silicon

BRANCHES = frozenset({Kind.BRANCH, Kind.BRANCH_CONDITIONAL, Kind.COMPARE_BRANCH})
ENDS = BRANCHES | {Kind.BRANCH_LINK, Kind.BRANCH_INDIRECT, Kind.TABLE_BRANCH}
LONGEST_TABLE = 512


@dataclass(frozen=True)
class Line:
    """One instruction of the listing. `cycles` until the next one starts; `waits` of these, by reason."""

    address: int
    text: str
    cycles: int
    waits: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """A straight run: what it costs when control falls into it, and what a taken branch at its end adds."""

    lines: tuple[Line, ...]
    cycles: int
    low: int
    high: int
    refill: int
    conditional: bool
    """Whether it may also go on behind itself."""


def explain(data: bytes, address: int, silicon: Silicon, code: Code = Code.FLASH) -> list[Block]:
    """The blocks of the function whose bytes `data` are at `address`, in the order of their addresses."""
    disassembler = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
    blocks = []
    for run in straight_runs(data, address):
        steps, end = silicon.steps(run, code)
        cost = silicon.block(run, code)
        starts = [*cost.starts[:-1], end]
        lines = []
        for n, step in enumerate(steps):
            i = step.instruction
            raw = data[i.address - address : i.end - address]
            text = next((f"{d.mnemonic} {d.op_str}".strip() for d in disassembler.disasm(raw, i.address)), "?")
            cycles = starts[n + 1] - starts[n]
            lines.append(Line(i.address, text, cycles, tuple(step.stalls), tuple(_notes(i, code))))
        refill = silicon.refill(run[-1]).best if run[-1].kind in ENDS or run[-1].writes >> 15 & 1 else 0
        conditional = run[-1].in_it or run[-1].kind in (Kind.BRANCH_CONDITIONAL, Kind.COMPARE_BRANCH)
        low, high = cost.cycles - cost.below, cost.cycles + cost.above
        blocks.append(Block(tuple(lines), cost.cycles, low, high, refill, conditional))
    return blocks


def _notes(i: Instruction, code: Code) -> Iterator[str]:
    if i.kind is Kind.DIV:
        yield "2 to 12 by its operands"
    if i.kind in LOADS and i.literal and code in (Code.FLASH, Code.FLASH_CACHED):
        yield "literal in flash: waits"
    if i.in_it and i.kind is not Kind.IT:
        yield "1 if its condition fails"


def _targets(data: bytes, address: int, i: Instruction) -> list[int]:
    """Where control may go from `i` besides the next instruction, within the function."""
    word = i.word
    if i.kind is Kind.TABLE_BRANCH:
        return _table(data, address, i)
    if i.kind not in BRANCHES:
        return []
    if i.kind is Kind.COMPARE_BRANCH:
        offset = (word >> 9 & 1) << 6 | (word >> 3 & 0x1F) << 1
    elif i.size == 2:
        bits = 8 if i.kind is Kind.BRANCH_CONDITIONAL else 11
        offset = _signed(word & (1 << bits) - 1, bits) << 1
    else:
        s, j1, j2 = word >> 26 & 1, word >> 13 & 1, word >> 11 & 1
        low = (word & 0x7FF) << 1
        if i.kind is Kind.BRANCH_CONDITIONAL:
            offset = _signed(s << 20 | j2 << 19 | j1 << 18 | (word >> 16 & 0x3F) << 12 | low, 21)
        else:
            i1, i2 = 1 - (j1 ^ s), 1 - (j2 ^ s)
            offset = _signed(s << 24 | i1 << 23 | i2 << 22 | (word >> 16 & 0x3FF) << 12 | low, 25)
    target = i.address + 4 + offset
    return [target] if address <= target < address + len(data) else []


def _table(data: bytes, address: int, i: Instruction) -> list[int]:
    """The targets of TBB or TBH whose table follows it: it reaches up to the first of them."""
    width = 2 if i.word >> 4 & 1 else 1
    targets: list[int] = []
    for n in range(LONGEST_TABLE):
        at = i.end - address + n * width
        if at + width > len(data) or (targets and i.end + n * width >= min(targets)):
            break
        targets.append(i.end + 2 * int.from_bytes(data[at : at + width], "little"))
    return [t for t in targets if address <= t < address + len(data)]


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> bits - 1 & 1 else value


def straight_runs(data: bytes, address: int) -> list[list[Instruction]]:
    """The straight runs of the function, found by following its branches."""
    found: dict[int, Instruction] = {}
    leaders, waiting = {address}, [address]
    while waiting:
        at = waiting.pop()
        for i in decode(data[at - address :], at):
            if i.address in found or i.kind is Kind.UNDEFINED:
                break
            found[i.address] = i
            targets = _targets(data, address, i)
            leaders.update(targets)
            waiting += targets
            if i.kind in ENDS or i.writes >> 15 & 1:
                leaders.add(i.end)
                stops = i.kind in (Kind.BRANCH, Kind.BRANCH_INDIRECT, Kind.TABLE_BRANCH) or i.writes >> 15 & 1
                if stops and not i.in_it and not _links(i):
                    break
    runs: list[list[Instruction]] = []
    end = -1
    for at in sorted(found):
        if at in leaders or at != end:
            runs.append([])
        runs[-1].append(found[at])
        end = found[at].end
    return runs


def _links(i: Instruction) -> bool:
    """BLX Rm comes back."""
    return i.kind is Kind.BRANCH_INDIRECT and i.size == 2 and i.word & 0xFF80 == 0x4780
