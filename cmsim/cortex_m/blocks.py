"""The block table: each translation block is decoded and priced once, when Unicorn first announces it."""

from __future__ import annotations

import ctypes as ct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..timing import Code, Cycles, TimingModel
from .decode import ALWAYS_ALIGNED, FLOATING_POINT, MEMORY, NO_REGISTER, PC, SP, Instruction, Kind, decode
from .hot import BLOCK, Access, BlockFlag, Check, Detail, HookKind, Place, Probe, Region
from .loads import NOTHING, flash_loads

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
    keep: tuple[Any, ...] = ()
    """Native arrays that the table points into."""


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
        self._hooked: set[tuple[HookKind, int]] = set()
        self.request_hook: Callable[[HookRequest], None] = lambda request: None
        self.request_sev: Callable[[int], None] = lambda address: None
        self._tables: list[npt.NDArray[Any]] = []
        regions = []
        for memory in self.memories:
            table = np.zeros((len(memory.data) + 1) // 2, BLOCK)
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
        waiting = False
        for request in self._needed_hooks(instructions, address):
            if (request.kind, request.address) not in self._hooked:
                self._hooked.add((request.kind, request.address))
                self.request_hook(request)
                waiting = True
        for instruction in instructions:
            if instruction.kind is Kind.SEV and instruction.address not in self.sev_addresses:
                self.sev_addresses.add(instruction.address)
                self.request_sev(instruction.address)
                waiting = True
        if waiting:
            return True
        self.exclusives = self.exclusives or any(i.kind is Kind.LOAD_EXCLUSIVE for i in instructions)
        place = self.flash_code if memory.code is Code.FLASH else memory.code
        cost = self.timing.block(instructions, place)
        starts = cost.starts
        refill = self.timing.refill(instructions[-1]) if instructions else Cycles(0)
        flags = self._flags(instructions)
        if address in self.watched:
            flags |= BlockFlag.WATCHED
        stack_low = _stack_low(instructions)
        if stack_low:
            flags |= BlockFlag.STACK
        if any(_moves_sp_unknown(i) for i in instructions):
            flags |= BlockFlag.STACK | BlockFlag.ALLOCA
        checks = self._entry_checks(instructions)
        if checks:
            flags |= BlockFlag.CHECKED
        places = (Place * (size // 2 + 1))()
        for n, instruction in enumerate(instructions):
            places[(instruction.address - address) >> 1] = Place(starts[n], n)
        check_array = (Check * len(checks))(*checks)
        code_buffer = ct.create_string_buffer(code, len(code))
        load = self.timing.memory.flash_load
        loads = NOTHING
        if load.best or load.above:
            flash = self.memories[0]
            loads = flash_loads(
                instructions, memory.data, memory.base, range(flash.base, flash.base + len(flash.data))
            )
        probe_array = (Probe * len(loads.probes))(*(Probe(p.register, p.words, p.add) for p in loads.probes))
        detail = Detail(
            ct.addressof(code_buffer), ct.addressof(places), ct.addressof(check_array), ct.addressof(probe_array),
            len(checks), len(loads.probes), size, stack_low, 0,
        )  # fmt: skip
        keep = (places, check_array, probe_array, code_buffer, detail)
        self.learned[address] = Learned(address, size, instructions, starts, keep)
        self._inside.update(i.address for i in instructions[1:])
        count = max(1, len(instructions))
        above = cost.above + loads.known * load.above + loads.unknown * (load.best + load.above)
        table[offset >> 1] = (
            cost.cycles + loads.known * load.best, count, size, int(flags), ct.addressof(detail),
            cost.below + loads.known * load.below, above,
            *refill, cost.jump, 1, 1,
        )  # fmt: skip
        return False

    def _decode(self, code: bytes, address: int) -> list[Instruction]:
        """Blocks are priced again when the cache is switched: decoding is half of that."""
        known = self._decoded.get(address)
        if known is None or known[0] != code:
            known = code, list(decode(code, address))
            self._decoded[address] = known
        return known[1]

    def _flags(self, instructions: list[Instruction]) -> BlockFlag:
        flags = BlockFlag(0)
        for instruction in instructions:
            kind = instruction.kind
            if kind in FLOATING_POINT:
                flags |= BlockFlag.FP
            elif kind in CHANGES_MASKS:
                flags |= BlockFlag.MASKS
        return flags

    def _must_align(self, instruction: Instruction) -> int:
        """The address bits that must be 0 or the instruction faults."""
        if instruction.kind in ALWAYS_ALIGNED or (self.traps.unaligned and instruction.kind in MEMORY):
            return min(instruction.width, 4) - 1
        return 0

    def _entry_checks(self, instructions: list[Instruction]) -> list[Check]:
        """Checks that the registers at the block's start decide: bases that change only by known steps."""
        checks: dict[tuple[int, int, int], Check] = {}
        for n, mask, add in self._aligned(instructions):
            if add is not None and not instructions[n].in_it:
                base = instructions[n].base
                checks.setdefault((base, add & mask, mask), Check(base, mask, n, add & mask))
        return list(checks.values())

    def _aligned(self, instructions: list[Instruction]) -> list[tuple[int, int, int | None]]:
        """(number, mask, base + add known at the block's start or None) of each instruction to be checked."""
        found: list[tuple[int, int, int | None]] = []
        steps: dict[int, int | None] = {}
        for n, instruction in enumerate(instructions):
            if instruction.kind in MEMORY and instruction.base not in (PC, SP):
                mask = self._must_align(instruction)
                if mask:
                    step = steps.get(instruction.base, 0)
                    known = step is not None and instruction.index == NO_REGISTER
                    found.append((n, mask, step + instruction.offset if known and step is not None else None))
            for register in range(15):
                if instruction.writes >> register & 1:
                    before, step = steps.get(register, 0), None
                    by_itself = register == instruction.base and not instruction.in_it
                    if by_itself and instruction.base_step and before is not None:
                        step = before + instruction.base_step
                    steps[register] = step
        return found

    def _needed_hooks(self, instructions: list[Instruction], address: int) -> list[HookRequest]:
        requests = []
        for n, mask, add in self._aligned(instructions):
            if add is None or instructions[n].in_it:
                instruction = instructions[n]
                access = Access.of(instruction)
                requests.append(HookRequest(HookKind.ALIGNMENT, instruction.address, access, mask))
        for instruction in instructions:
            if instruction.kind is Kind.DIV and (self.traps.divide or self.timing.operand_divide):
                requests.append(HookRequest(HookKind.DIVIDE, instruction.address, None, instruction.word))
            if instruction.address in self.watched and instruction.address != address:
                requests.append(HookRequest(HookKind.WATCH, instruction.address))
        # A stop inside an IT block is heard only behind it.
        hooked = {request.address for request in requests}
        waiting = False
        for instruction in instructions:
            if instruction.in_it:
                waiting = waiting or instruction.address in hooked
            elif waiting:
                requests.append(HookRequest(HookKind.BREAK, instruction.address))
                waiting = False
        return requests

    # --- changes -----------------------------------------------------------------------------------------

    def watch(self, address: int) -> bool:
        """Stop in front of `address` from now on. True if a block that contains it must be translated again."""
        self.watched.add(address)
        _, table, offset = self._find(address)
        table["flags"][offset >> 1] |= BlockFlag.WATCHED
        if address not in self._inside or (HookKind.WATCH, address) in self._hooked:
            return False
        for block in list(self.learned.values()):
            if block.address < address < block.address + block.size:
                self.forget(block.address)
        return True

    def unwatch(self, address: int) -> None:
        """Stop there no longer."""
        self.watched.discard(address)
        _, table, offset = self._find(address)
        table["flags"][offset >> 1] &= ~np.uint16(BlockFlag.WATCHED)

    def forget(self, address: int) -> None:
        """The block at `address` is learnt again when it runs next."""
        _, table, offset = self._find(address)
        table["size"][offset >> 1] = 0

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


def _moves_sp_unknown(instruction: Instruction) -> bool:
    """SUB SP, SP, Rm and the like: by how much, only running it tells. What raises SP (ADD, POP) needs no look."""
    if not instruction.writes >> SP & 1 or instruction.base == SP or _stack_change(instruction):
        return False
    raises = instruction.size == 2 and instruction.word & 0xFF80 == 0xB000
    return not raises and not (instruction.size == 4 and instruction.word & 0xFBEF_8F00 in (0xF10D_0D00, 0xF20D_0D00))


def _stack_low(instructions: list[Instruction]) -> int:
    """How far below its value at the start of the block the block is seen to take SP, as a number <= 0."""
    depth = lowest = 0
    for instruction in instructions:
        depth += _stack_change(instruction)
        lowest = min(lowest, depth)
    return lowest


def _stack_change(instruction: Instruction) -> int:
    """What the instruction adds to SP, as far as its encoding tells."""
    word = instruction.word
    if instruction.base == SP:
        return instruction.base_step or 0
    if instruction.size == 2 and word & 0xFF00 == 0xB000:  # ADD/SUB SP, #imm7
        return (-4 if word & 0x80 else 4) * (word & 0x7F)
    if instruction.size == 4 and word & 0xFBEF_8F00 in (0xF1AD_0D00, 0xF2AD_0D00):  # SUB.W SP, SP, #
        return -_thumb_immediate(word)
    return 0


def _thumb_immediate(word: int) -> int:
    """The immediate of SUB.W (modified constant) or SUBW (12 bits) (DDI 0403E, A5.3.2)."""
    imm12 = (word >> 26 & 1) << 11 | (word >> 12 & 7) << 8 | word & 0xFF
    if word >> 25 & 1 or imm12 < 0x100:
        return imm12
    if imm12 < 0x400:
        byte = imm12 & 0xFF
        return (byte | byte << 16, byte << 8 | byte << 24, byte * 0x01010101)[(imm12 >> 8) - 1]
    return (0x80 | imm12 & 0x7F) << (32 - (imm12 >> 7))
