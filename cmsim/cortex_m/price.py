"""What one block costs and what has to be looked at when it runs, as plain numbers and bytes that can lie on disk."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from ..timing import Code, Cycles, TimingModel
from ..timing.manual import cost
from .analysis import CodeView, Findings, HookRequest, Wanted, analyse
from .decode import FLOATING_POINT, MEMORY, Instruction, Kind, it_length
from .hot import DETAIL, Access, BlockFlag, HookKind, Probe, both

CHANGES_MASKS = frozenset({Kind.MSR, Kind.CPS})
SYSM_FAULTMASK = 19


class Price(NamedTuple):
    """A block as native code wants to know it: no objects, so that it is the same when it comes back from disk."""

    cycles: int
    length: int
    """Instructions."""
    bounds: int
    exit_bounds: int
    exit: int
    """What leaving it for elsewhere costs."""
    jump: int
    """What entering it by a branch costs more."""
    flags: int
    exclusive: bool
    """It has a LDREX."""
    starts: tuple[int, ...]
    """Cycles from its start to each instruction and to its end."""
    detail: bytes
    """`struct detail` and the arrays that it points to, with offsets for pointers."""
    divides: int
    """How many divides are charged at its start; they lie at the last of the offsets."""
    hooks: tuple[tuple[int, int, bytes | None, int], ...]
    """Hook requests: kind, address, operand's `struct access`, operand."""
    sev: tuple[int, ...]
    """Addresses of SEV instructions."""
    load_store: tuple[int, ...]
    """As `starts`, the cycles that loads and stores take beyond their first. Empty if nobody counts them."""
    folded: tuple[int, ...]
    """The same for instructions that take none."""

    def requests(self) -> list[HookRequest]:
        """The hooks that it needs."""
        return [
            HookRequest(HookKind(kind), address, None if access is None else Access.from_buffer_copy(access), operand)
            for kind, address, access, operand in self.hooks
        ]


def price(
    code: bytes, address: int, instructions: Sequence[Instruction], view: CodeView, wanted: Wanted,
    timing: TimingModel, place: Code,
) -> Price:  # fmt: skip
    """Analyse the block `code` at `address` and ask `timing` what it costs."""
    found = analyse(instructions, view, wanted)
    kinds = {i.kind for i in instructions}
    block = timing.block(instructions, place)
    refill = timing.refill(instructions[-1]) if instructions else Cycles(0)
    load = timing.memory.flash_load
    known = found.flash_known
    above = block.above + known * load.above + found.flash_unknown * (load.best + load.above)
    slow = timing.memory.unaligned_load.best
    probes = found.probes if load.best or load.above or slow else []
    starts = _delayed(block.starts, instructions, found.slow, slow) if slow and found.slow else block.starts
    if timing.data_dependent and Kind.IT in kinds:
        found.hooks += _skips(instructions, starts)
    places = _places(len(code), address, instructions, starts, found)
    load_store: tuple[int, ...] = ()
    folded: tuple[int, ...] = ()
    if wanted.counting:
        stalls = timing.fetch_stalls(instructions, place)
        load_store, folded = _profile(instructions, starts, stalls, known * load.best)
    return Price(
        starts[-1] + known * load.best, max(1, len(instructions)), both(block.below + known * load.below, above),
        both(refill.below, refill.above), refill.best, block.jump, _flags(kinds, found, instructions),
        Kind.LOAD_EXCLUSIVE in kinds, starts, _detail(code, places, found, probes, load_store, folded),
        len(found.divides),
        tuple((int(h.kind), h.address, bytes(h.access) if h.access else None, h.operand) for h in found.hooks),
        tuple(i.address for i in instructions if i.kind is Kind.SEV) if Kind.SEV in kinds else (),
        load_store, folded,
    )  # fmt: skip


def _skips(instructions: Sequence[Instruction], starts: Sequence[int]) -> Iterator[HookRequest]:
    """IT blocks that cost less where they skip something. Operand: condition and mask of IT, then what each of its
    instructions saves, in six bits."""
    for n, i in enumerate(instructions):
        if i.kind is Kind.IT:
            inside = range(n + 1, min(n + 1 + it_length(i.word), len(instructions)))
            saved = [min(max(0, starts[m + 1] - starts[m] - 1), cost(instructions[m]) - 1) for m in inside]
            if any(saved):
                packed = sum(cycles << 8 + 6 * k for k, cycles in enumerate(saved))
                yield HookRequest(HookKind.SKIP, i.address, None, packed | i.word & 0xFF)


def _delayed(
    starts: Sequence[int], instructions: Sequence[Instruction], slow: Mapping[int, int], cycles: int
) -> tuple[int, ...]:
    """`starts` behind loads that are known to be unaligned."""
    late = accumulate((cycles * slow.get(i.address, 0) for i in instructions), initial=0)
    return tuple(start + by for start, by in zip(starts, late, strict=True))


def _places(
    size: int, address: int, instructions: Sequence[Instruction], starts: Sequence[int], found: Findings
) -> bytes:
    """A `struct place` for each halfword, filled for those where an instruction starts."""
    places = [0] * 4 * (size // 2 + 1)
    for ordinal, instruction in enumerate(instructions):
        at = 2 * (instruction.address - address)
        places[at], places[at + 1] = starts[ordinal], ordinal
    for number, load in enumerate(found.loads.values(), 1):
        if load.width > 1:
            for instruction_address in load.at:
                places[2 * (instruction_address - address) + 2] = number
    return array("H", places).tobytes()


def _profile(
    instructions: Sequence[Instruction], starts: Sequence[int], fetch_stalls: Sequence[int], waits: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """`Price.load_store`, to which the `waits` of loads from flash are added at the end, and `Price.folded`."""
    lengths = [end - start for start, end in pairwise(starts)]
    behind = [*fetch_stalls[1:], 0]
    more = (
        max(0, length - 1 - stall) if i.kind in MEMORY else 0
        for i, length, stall in zip(instructions, lengths, behind, strict=True)
    )
    load_store = tuple(accumulate(more, initial=0))
    return (*load_store[:-1], load_store[-1] + waits), tuple(accumulate((n == 0 for n in lengths), initial=0))


def _detail(
    code: bytes, places: bytes, found: Findings, probes: list[Probe], load_store: Sequence[int], folded: Sequence[int]
) -> bytes:
    """`struct detail` with its arrays behind it."""
    parts = [code, places, _bytes(found.checks), _bytes(probes), _bytes(found.divides)]
    padded = [part + bytes(-len(part) % 8) for part in parts]
    offsets = accumulate((len(part) for part in padded[:-1]), initial=DETAIL.size)
    counts = len(found.checks), len(probes), len(found.divides)
    profile = (load_store[-1], folded[-1]) if load_store else (0, 0)
    return DETAIL.pack(*offsets, *counts, len(code), found.stack_low, 0, *profile) + b"".join(padded)


def _bytes(structures: Iterable[Any]) -> bytes:
    return b"".join(map(bytes, structures))


FP, MASKS, STACK, ALLOCA, CHECKED, CHANGES, DRIFTS, FAULTMASK = map(
    int,
    (BlockFlag.FP, BlockFlag.MASKS, BlockFlag.STACK, BlockFlag.ALLOCA, BlockFlag.CHECKED, BlockFlag.CHANGES,
     BlockFlag.DRIFTS, BlockFlag.FAULTMASK),
)  # fmt: skip


def _changes_faultmask(i: Instruction) -> bool:
    """CPSIE or CPSID F, MSR FAULTMASK."""
    return (i.kind is Kind.CPS and bool(i.word & 1)) or (i.kind is Kind.MSR and i.word & 0xFF == SYSM_FAULTMASK)


def _flags(kinds: set[Kind], found: Findings, instructions: Sequence[Instruction]) -> int:
    masks = kinds & CHANGES_MASKS
    return (
        (FP if kinds & FLOATING_POINT else 0)
        | (MASKS if masks else 0)
        | (FAULTMASK if masks and any(map(_changes_faultmask, instructions)) else 0)
        | (STACK if found.stack_low or found.alloca else 0)
        | (ALLOCA if found.alloca else 0)
        | (CHECKED if found.checks or found.divides else 0)
        | (CHANGES if found.divides or not found.steady else 0)
        | (DRIFTS if found.drifts else 0)
    )
