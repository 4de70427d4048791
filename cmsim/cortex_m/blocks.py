"""The block table: each translation block is decoded and priced once, when Unicorn first announces it."""

from __future__ import annotations

import ctypes as ct
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from weakref import finalize

import numpy as np
import numpy.typing as npt

from ..timing import Code, TimingModel
from .analysis import CodeView, HookRequest, Traps, Wanted
from .decode import Instruction, decode
from .hot import BLOCK, DETAIL, POINTERS, SLOT, BlockFlag, Divide, HookKind, Place, Probe, Region
from .price import Price, price
from .price_cache import Key, PriceCache

WATCHED = int(BlockFlag.WATCHED)


@dataclass(frozen=True)
class CodeMemory:
    """A stretch of memory that code may run in. `data` is the live memory; `writable` if stores can change it."""

    base: int
    data: bytearray
    writable: bool
    code: Code = Code.FLASH
    """How it is fetched; of flash, `BlockTable.flash_code` tells."""


@dataclass
class Learned:
    """One block as it was learnt."""

    address: int
    code: bytes
    price: Price
    native: array[int]
    """`struct detail` and its arrays, which the table points to."""

    @cached_property
    def instructions(self) -> list[Instruction]:
        """Decoded when somebody asks."""
        return list(decode(self.code, self.address))

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.code)

    @property
    def starts(self) -> tuple[int, ...]:
        """Cycles from the start of the block to each instruction, and to the end."""
        return self.price.starts

    @property
    def _probes(self) -> int:
        return int(DETAIL.unpack_from(self.price.detail)[6])

    @cached_property
    def is_steady(self) -> bool:
        """It costs the same whatever is in registers."""
        return not self.price.divides and not self._probes

    @property
    def divides(self) -> Iterable[Divide]:
        """Those that are charged when the block starts, with what they cost last."""
        if not self.price.divides:
            return ()
        offset = POINTERS.unpack_from(self.price.detail)[-1]
        return (Divide * self.price.divides).from_buffer(self.native, offset)

    def unaligned_from(self, number: int) -> int:
        """Accesses more than aligned loads would need, of the instructions from `number` on, when it ran last."""
        count = self._probes
        if not count:
            return 0
        _, places_at, _, probes_at, _ = POINTERS.unpack_from(self.price.detail)
        places = (Place * (self.size // 2)).from_buffer(self.native, places_at)
        probes = (Probe * count).from_buffer(self.native, probes_at)
        return sum(probes[place.probe - 1].more for place in places if place.probe and place.ordinal >= number)


@dataclass(frozen=True, slots=True)
class Room:
    """A code memory with its slots, one a halfword."""

    memory: CodeMemory
    view: CodeView
    table: npt.NDArray[Any]
    slots: memoryview
    """`table` as bytes."""

    @classmethod
    def of(cls, memory: CodeMemory, flash: range) -> Room:
        """Empty slots for `memory`."""
        table = _aligned_slots((len(memory.data) + 1) // 2)
        view = CodeView(memory.base, memory.data, flash)
        return cls(memory, view, table, memoryview(table.view(np.uint8).data))

    def region(self) -> Region:
        """As native code looks it up."""
        memory = self.memory
        live = ct.addressof((ct.c_char * len(memory.data)).from_buffer(memory.data)) if memory.writable else None
        return Region(memory.base, len(memory.data), self.table.ctypes.data, live)


@dataclass
class BlockTable:
    """Slots for every halfword of code memory, in native layout, and what Python knows of each learnt block."""

    memories: tuple[CodeMemory, ...]
    timing: TimingModel
    traps: Traps = field(default_factory=Traps)
    cached: bool = False
    """Whether prices of code in the first memory, which is flash, are kept on disk."""

    def __post_init__(self) -> None:
        self.learned: dict[int, Learned] = {}
        self.flash_code = Code.FLASH
        """Whether the instruction cache is on (NVMC.ICACHECNF)."""
        self.watched: set[int] = set()
        self.sev_addresses: set[int] = set()
        self.counting = False
        """Whether DWT's profiling counters are on."""
        self.exclusives = False
        """Whether any code so far has a LDREX."""
        self._inside: set[int] = set()
        """Halfwords of learnt blocks, except their first ones."""
        self._longest = 0
        """Bytes of the longest block."""
        self._flash_changed = False
        self._hooked: dict[HookKind, set[int]] = {kind: set() for kind in HookKind}
        self.request_hook: Callable[[HookRequest], None] = lambda request: None
        self.request_sev: Callable[[int], None] = lambda address: None
        flash = self.memories[0]
        inside = range(flash.base, flash.base + len(flash.data))
        self._rooms = [Room.of(memory, inside) for memory in self.memories]
        self.regions = (Region * len(self._rooms))(*(room.region() for room in self._rooms))

    def add(self, memory: CodeMemory) -> None:
        """Code runs there too, as it turns out. `regions` is a new array."""
        self.memories += (memory,)
        self._rooms.append(Room.of(memory, self._rooms[0].view.flash))
        self.regions = (Region * len(self._rooms))(*(room.region() for room in self._rooms))

    def _find(self, address: int) -> tuple[Room, int]:
        """The room of `address`, and the number of its slot there."""
        for room in self._rooms:
            offset = address - room.memory.base
            if 0 <= offset < len(room.memory.data):
                return room, offset >> 1
        raise LookupError(f"0x{address:08x} is not code memory")

    def learn(self, address: int, size: int) -> bool:
        """Decode and price the block. True if hooks were asked for, so that it must be translated again first."""
        room, slot = self._find(address)
        code = bytes(room.memory.data[2 * slot : 2 * slot + size])
        found = self._price(room, code, address)
        waiting = self._request(found.requests()) if found.hooks else False
        for sev in found.sev:
            if sev not in self.sev_addresses:
                self.sev_addresses.add(sev)
                self.request_sev(sev)
                waiting = True
        if waiting:
            return True
        self.exclusives = self.exclusives or found.exclusive
        self._inside.update(range(address + 2, address + size, 2))
        self._longest = max(self._longest, size)
        native = self._install(room.slots, slot, size, found, watched=address in self.watched)
        self.learned[address] = Learned(address, code, found, native)
        return False

    def _price(self, room: Room, code: bytes, address: int) -> Price:
        """From disk, or reckoned."""
        place = self.flash_code if room.memory.code is Code.FLASH else room.memory.code
        on_disk = self._on_disk if room is self._rooms[0] and not self._flash_changed else None
        key: Key = ()
        if on_disk is not None:
            key = address, len(code), place.value, self.traps.unaligned, self.traps.divide, self.counting
            key = *key, *self._marks(address, code)
            known = on_disk.get(key)
            if known is not None:
                return known
        before = self.learned.get(address)  # blocks are priced again when the cache is switched
        instructions = before.instructions if before and before.code == code else list(decode(code, address))
        hooked = self._hooked[HookKind.DIVIDE]
        wanted = Wanted(self.traps, self.timing.data_dependent, hooked, self.watched, self.counting)
        found = price(code, address, instructions, room.view, wanted, self.timing, place)
        if on_disk is not None:
            on_disk.add(key, found)
        return found

    @cached_property
    def _on_disk(self) -> PriceCache | None:
        """Opened in front of the first instruction, when flash holds the image and nothing else."""
        opened = PriceCache.of(self.memories[0].data, self.timing) if self.cached else None
        if opened is not None:
            finalize(self, opened.save)
        return opened

    def save_prices(self) -> None:
        """Write what is new to the disk now; it happens by itself when the table goes."""
        if self._on_disk is not None:
            self._on_disk.save()

    def _marks(self, address: int, code: bytes) -> list[int]:
        """What else the price depends on: who waits inside the block, and the divides that have a hook."""
        inside = range(address, address + len(code), 2)
        hooked = self._hooked[HookKind.DIVIDE]
        return [*sorted(self.watched.intersection(inside)), -1, *sorted(hooked.intersection(inside))]

    @staticmethod
    def _install(slots: memoryview, slot: int, size: int, found: Price, *, watched: bool) -> array[int]:
        """Let native code know the block: its `struct detail`, to be kept as long as the slot points to it."""
        native = array("B", found.detail)
        base = native.buffer_info()[0]
        POINTERS.pack_into(native, 0, *[base + offset for offset in POINTERS.unpack_from(native)])
        key = size | (found.flags | (WATCHED if watched else 0)) << 16
        SLOT.pack_into(
            slots, slot * SLOT.size, found.cycles, found.length, found.bounds, found.exit_bounds, found.exit,
            found.jump, base, key, 1, 1, 0,
        )  # fmt: skip
        return native

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
        room, slot = self._find(address)
        room.table["key"][slot] |= WATCHED << 16
        if address not in self._inside or address in self._hooked[HookKind.WATCH]:
            return False
        for block in list(self.learned.values()):
            if block.address < address < block.address + block.size:
                self.forget(block.address)
        return True

    def unwatch(self, address: int) -> None:
        """Stop there no longer."""
        self.watched.discard(address)
        room, slot = self._find(address)
        room.table["key"][slot] &= ~np.uint32(WATCHED << 16)

    def forget(self, address: int) -> None:
        """The block at `address` is learnt again when it runs next."""
        room, slot = self._find(address)
        room.table["key"][slot] &= np.uint32(0xFFFF_0000)

    def forget_all(self) -> None:
        """What every block must check is different now."""
        for address in self.learned:
            self.forget(address)

    def code_changed(self, first: int, length: int) -> None:
        """Memory in [first, first + length) was written, by another way than a store."""
        if first in self._rooms[0].view.flash:
            self._flash_changed = "_on_disk" in vars(self)  # before that, it is the image that changed
        self.forget_range(first, length)

    def forget_range(self, first: int, length: int) -> None:
        """What is in [first, first + length) is learnt again."""
        for address in range(max(0, first - self._longest) & ~1, first + length, 2):
            block = self.learned.get(address)
            if block is not None and address + block.size > first:
                self.forget(address)

    def instruction_at(self, block: int, address: int) -> tuple[int, Learned] | None:
        """(number in its block, block) of the instruction at `address` in the block at `block`."""
        learned = self.learned.get(block)
        if learned is not None:
            for n, instruction in enumerate(learned.instructions):
                if instruction.address == address:
                    return n, learned
        return None


def _aligned_slots(count: int) -> npt.NDArray[Any]:
    """Zeroed slots, each of which lies in one line of the host's cache."""
    line = BLOCK.itemsize
    room = np.zeros((count + 1) * line, np.uint8)
    first = -room.ctypes.data % line
    return room[first : first + count * line].view(BLOCK)
