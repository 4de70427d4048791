"""The block table: each translation block is decoded and priced once, when Unicorn first announces it."""

from __future__ import annotations

import ctypes as ct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..timing import Code, Cycles, TimingModel
from .analysis import CodeView, Findings, HookRequest, Traps, Wanted, analyse
from .decode import FLOATING_POINT, Instruction, Kind, decode
from .hot import BLOCK, BlockFlag, Check, Detail, Divide, HookKind, Place, Probe, Region, both

CHANGES_MASKS = frozenset({Kind.MSR, Kind.CPS})


@dataclass(frozen=True)
class CodeMemory:
    """A stretch of memory that code may run in. `data` is the live memory; `writable` if stores can change it."""

    base: int
    data: bytearray
    writable: bool
    code: Code = Code.FLASH
    """How it is fetched; of flash, `BlockTable.flash_code` tells."""


@dataclass(slots=True)
class Learned:
    """One block as it was learnt."""

    address: int
    size: int
    instructions: list[Instruction]
    starts: tuple[int, ...]
    divides: Sequence[Divide] = ()
    """Those that are charged when the block starts, with what they cost last."""
    keep: tuple[Any, ...] = ()
    """Native arrays that the table points into."""


@dataclass
class BlockTable:
    """Slots for every halfword of code memory, in native layout, and what Python knows of each learnt block."""

    memories: tuple[CodeMemory, ...]
    timing: TimingModel
    traps: Traps = field(default_factory=Traps)

    def __post_init__(self) -> None:
        self.learned: dict[int, Learned] = {}
        self.flash_code = Code.FLASH
        """Whether the instruction cache is on (NVMC.ICACHECNF)."""
        self._decoded: dict[int, tuple[bytes, list[Instruction]]] = {}
        self.watched: set[int] = set()
        self.sev_addresses: set[int] = set()
        self.exclusives = False
        """Whether any code so far has a LDREX."""
        self._inside: set[int] = set()
        self._hooked: dict[HookKind, set[int]] = {kind: set() for kind in HookKind}
        flash = self.memories[0]
        self._flash = range(flash.base, flash.base + len(flash.data))
        self.request_hook: Callable[[HookRequest], None] = lambda request: None
        self.request_sev: Callable[[int], None] = lambda address: None
        self._tables: list[npt.NDArray[Any]] = []
        regions = []
        for memory in self.memories:
            table = _aligned_slots((len(memory.data) + 1) // 2)
            self._tables.append(table)
            live = ct.addressof((ct.c_char * len(memory.data)).from_buffer(memory.data))
            regions.append(
                Region(memory.base, len(memory.data), table.ctypes.data, live if memory.writable else None)
            )
        self.regions = (Region * len(regions))(*regions)

    def _find(self, address: int) -> tuple[CodeMemory, npt.NDArray[Any], int]:
        for memory, table in zip(self.memories, self._tables, strict=True):
            offset = address - memory.base
            if 0 <= offset < len(memory.data):
                return memory, table, offset
        raise LookupError(f"0x{address:08x} is not code memory")

    def learn(self, address: int, size: int) -> bool:
        """Decode and price the block. True if hooks were asked for, so that it must be translated again first."""
        memory, table, offset = self._find(address)
        code = bytes(memory.data[offset : offset + size])
        instructions = self._decode(code, address)
        view = CodeView(memory.base, memory.data, self._flash)
        wanted = Wanted(self.traps, self.timing.operand_divide, self._hooked[HookKind.DIVIDE], self.watched)
        found = analyse(instructions, view, wanted)
        waiting = self._request(found.hooks)
        kinds = {i.kind for i in instructions}
        for instruction in instructions if Kind.SEV in kinds else ():
            if instruction.kind is Kind.SEV and instruction.address not in self.sev_addresses:
                self.sev_addresses.add(instruction.address)
                self.request_sev(instruction.address)
                waiting = True
        if waiting:
            return True
        self.exclusives = self.exclusives or Kind.LOAD_EXCLUSIVE in kinds
        place = self.flash_code if memory.code is Code.FLASH else memory.code
        cost = self.timing.block(instructions, place)
        starts = cost.starts
        refill = self.timing.refill(instructions[-1]) if instructions else Cycles(0)
        flags = _flags(kinds, found)
        if address in self.watched:
            flags |= BlockFlag.WATCHED
        places = (Place * (size // 2 + 1))()
        for n, instruction in enumerate(instructions):
            places[(instruction.address - address) >> 1] = Place(starts[n], n)
        code_buffer = ct.create_string_buffer(code, len(code))
        load = self.timing.memory.flash_load
        probes = found.probes if load.best or load.above else []
        checks, probe_array, divides = _array(Check, found.checks), _array(Probe, probes), _array(Divide, found.divides)
        detail = Detail(
            ct.addressof(code_buffer), ct.addressof(places), ct.addressof(checks), ct.addressof(probe_array),
            ct.addressof(divides), len(checks), len(probes), len(divides), size, found.stack_low, 0,
        )  # fmt: skip
        keep = (places, checks, probe_array, code_buffer, detail)
        self.learned[address] = Learned(address, size, instructions, starts, divides, keep)
        self._inside.update(i.address for i in instructions[1:])
        count = max(1, len(instructions))
        known = found.flash_known
        above = cost.above + known * load.above + found.flash_unknown * (load.best + load.above)
        table[offset >> 1] = (
            cost.cycles + known * load.best, count, both(cost.below + known * load.below, above),
            both(refill.below, refill.above), refill.best, cost.jump, ct.addressof(detail), size | flags << 16, 1, 1, 0,
        )  # fmt: skip
        return False

    def _decode(self, code: bytes, address: int) -> list[Instruction]:
        """Blocks are priced again when the cache is switched: decoding is half of that."""
        known = self._decoded.get(address)
        if known is None or known[0] != code:
            known = code, list(decode(code, address))
            self._decoded[address] = known
        return known[1]

    def _request(self, hooks: list[HookRequest]) -> bool:
        """Ask for those that are new. A divide that gets one is charged by it in every block that contains it."""
        asked = False
        for request in hooks:
            if request.address not in self._hooked[request.kind]:
                self._hooked[request.kind].add(request.address)
                self.request_hook(request)
                asked = True
                if request.kind is HookKind.DIVIDE:
                    self.forget_range(request.address, 2)
        return asked

    # --- changes -----------------------------------------------------------------------------------------

    def watch(self, address: int) -> bool:
        """Stop in front of `address` from now on. True if a block that contains it must be translated again."""
        self.watched.add(address)
        _, table, offset = self._find(address)
        table["key"][offset >> 1] |= BlockFlag.WATCHED << 16
        if address not in self._inside or address in self._hooked[HookKind.WATCH]:
            return False
        for block in list(self.learned.values()):
            if block.address < address < block.address + block.size:
                self.forget(block.address)
        return True

    def unwatch(self, address: int) -> None:
        """Stop there no longer."""
        self.watched.discard(address)
        _, table, offset = self._find(address)
        table["key"][offset >> 1] &= ~np.uint32(BlockFlag.WATCHED << 16)

    def forget(self, address: int) -> None:
        """The block at `address` is learnt again when it runs next."""
        _, table, offset = self._find(address)
        table["key"][offset >> 1] &= np.uint32(0xFFFF_0000)

    def forget_all(self) -> None:
        """What every block must check is different now."""
        for address in self.learned:
            self.forget(address)

    def forget_range(self, first: int, length: int) -> None:
        """The code in [first, first + length) changed."""
        for block in self.learned.values():
            if block.address < first + length and block.address + block.size > first:
                self.forget(block.address)

    def instruction_at(self, block: int, address: int) -> tuple[int, Learned] | None:
        """(number in its block, block) of the instruction at `address` in the block at `block`."""
        learned = self.learned.get(block)
        if learned is not None:
            for n, instruction in enumerate(learned.instructions):
                if instruction.address == address:
                    return n, learned
        return None


def _flags(kinds: set[Kind], found: Findings) -> BlockFlag:
    flags = BlockFlag(0)
    if kinds & FLOATING_POINT:
        flags |= BlockFlag.FP
    if kinds & CHANGES_MASKS:
        flags |= BlockFlag.MASKS
    if found.stack_low or found.alloca:
        flags |= BlockFlag.STACK
    if found.alloca:
        flags |= BlockFlag.ALLOCA
    if found.checks or found.divides:
        flags |= BlockFlag.CHECKED
    return flags


def _aligned_slots(count: int) -> npt.NDArray[Any]:
    """Zeroed slots, each of which lies in one line of the host's cache."""
    line = BLOCK.itemsize
    room = np.zeros((count + 1) * line, np.uint8)
    first = -room.ctypes.data % line
    return room[first : first + count * line].view(BLOCK)


def _array(kind: type[Any], items: list[Any]) -> Any:
    return (kind * len(items))(*items)
