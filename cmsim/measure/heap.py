"""The heap, followed through the allocator's functions: what is live, who asked for it, how much room it takes.

Only the outermost call counts (operator new calls malloc, which calls _malloc_r): a call is an inner one if its return
address lies in an allocation function, or if it is a tail call of one that has not returned. A block takes what
newlib's (and picolibc's) allocators write in front of it as its chunk's size, so that the live bytes are `uordblks` of
`mallinfo()`; with other allocators it takes what was asked for.

Not modelled: allocators that were inlined or have other names, pools and garbage collectors above malloc; what other
allocators than newlib's add to a block; with several of them in one image, all count as one heap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..cortex_m.cpu import Cpu
from ..image import Image, Symbol, demangle
from .calls import Watches
from .history import History
from .unwind import Frame

ALLOCATE, RESIZE, RELEASE, BREAK, INNER = "allocate", "resize", "release", "break", "inner"
FUNCTIONS: dict[str, tuple[str, tuple[int, ...]]] = {
    "malloc": (ALLOCATE, (0,)), "_malloc_r": (ALLOCATE, (1,)),
    "calloc": (ALLOCATE, (0, 1)), "_calloc_r": (ALLOCATE, (1, 2)),
    "memalign": (ALLOCATE, (1,)), "_memalign_r": (ALLOCATE, (2,)), "aligned_alloc": (ALLOCATE, (1,)),
    "realloc": (RESIZE, (0, 1)), "_realloc_r": (RESIZE, (1, 2)),
    "free": (RELEASE, (0,)), "_free_r": (RELEASE, (1,)),
    "_Znwj": (ALLOCATE, (0,)), "_Znaj": (ALLOCATE, (0,)),
    "_ZnwjRKSt9nothrow_t": (ALLOCATE, (0,)), "_ZnajRKSt9nothrow_t": (ALLOCATE, (0,)),
    "_ZnwjSt11align_val_t": (ALLOCATE, (0,)), "_ZnajSt11align_val_t": (ALLOCATE, (0,)),
    "_ZnwjSt11align_val_tRKSt9nothrow_t": (ALLOCATE, (0,)), "_ZnajSt11align_val_tRKSt9nothrow_t": (ALLOCATE, (0,)),
    "_ZdlPv": (RELEASE, (0,)), "_ZdaPv": (RELEASE, (0,)), "_ZdlPvj": (RELEASE, (0,)), "_ZdaPvj": (RELEASE, (0,)),
    "_ZdlPvSt11align_val_t": (RELEASE, (0,)), "_ZdlPvjSt11align_val_t": (RELEASE, (0,)),
    "_ZdaPvSt11align_val_t": (RELEASE, (0,)), "_ZdaPvjSt11align_val_t": (RELEASE, (0,)),
    "_ZdlPvRKSt9nothrow_t": (RELEASE, (0,)), "_ZdaPvRKSt9nothrow_t": (RELEASE, (0,)),
    "_ZdlPvSt11align_val_tRKSt9nothrow_t": (RELEASE, (0,)), "_ZdaPvSt11align_val_tRKSt9nothrow_t": (RELEASE, (0,)),
    "pvPortMalloc": (ALLOCATE, (0,)), "pvPortCalloc": (ALLOCATE, (0, 1)), "vPortFree": (RELEASE, (0,)),
    "k_malloc": (ALLOCATE, (0,)), "k_calloc": (ALLOCATE, (0, 1)), "k_aligned_alloc": (ALLOCATE, (1,)),
    "k_realloc": (RESIZE, (0, 1)), "k_free": (RELEASE, (0,)),
    "_sbrk": (BREAK, (0,)), "sbrk": (BREAK, (0,)),
    "_sbrk_r": (INNER, ()), "malloc_wrapper": (INNER, ()), "free_wrapper": (INNER, ()),
    "realloc_wrapper": (INNER, ()), "calloc_wrapper": (INNER, ()),
}  # fmt: skip
"""Linker name -> what it does, and the registers with the block and the size; several sizes are multiplied."""
CHUNKS = ("_malloc_r", "__malloc_free_list", "__malloc_av_")
"""Symbols of allocators that write a chunk's size in the word in front of the block."""


@dataclass(frozen=True)
class Block:
    """One that is live: `size` bytes were asked for, `taken` bytes it takes; `site` is behind the call.

    `callers` are those of the function that made it, innermost first, where somebody asked for them.
    """

    address: int
    size: int
    taken: int
    site: int
    cycle: int
    callers: tuple[Frame, ...] = ()


@dataclass(frozen=True)
class Leaks:
    """Blocks that were allocated between two points and are still there."""

    blocks: tuple[Block, ...]

    @property
    def size(self) -> int:
        """Bytes that they take."""
        return sum(block.taken for block in self.blocks)


class HeapMeter:
    """Follows the allocation functions of an image."""

    def __init__(self, cpu: Cpu, image: Image, watches: Watches) -> None:
        self.cpu, self.image, self.watches = cpu, image, watches
        self.blocks: dict[int, Block] = {}
        """Those that are live, by address."""
        self.live = self.peak = self.peak_cycle = 0
        self.allocations = self.frees = self.failed = 0
        self.low: int | None = None
        """Where the memory that `_sbrk` handed out begins; None before it did."""
        self.reserved = self._brk = 0
        """The most that `_sbrk` had handed out."""
        self.history = History()
        self.on_allocation: list[Callable[[int, int], None]] = []
        """Told the size and the return address of each call that asks for memory, before it runs."""
        self.callers: Callable[[], tuple[Frame, ...]] | None = None
        """Asked at each call for memory who called, where somebody wants to know."""
        self.reports: dict[str, Callable[[], Any] | None] = {"leaks": None, "no_allocation_after": None}
        """Further keys of the record, filled by heap_checks.py."""
        self._chunks = any(image.symbols.get(name) is not None for name in CHUNKS)
        self._pending: dict[tuple[int, int], str] = {}
        """(return address, SP) of calls that have not returned."""
        self._inside: dict[int, bool] = {}
        self.functions = {symbol.address & ~1: FUNCTIONS[name] for symbol, name in _find(image)}
        for address, (kind, registers) in self.functions.items():
            if kind != INNER:
                watches.on_entry(address, lambda k=kind, r=registers: self._entered(k, r))  # type: ignore[misc]
        watches.on_forget.append(self._forget)

    @property
    def present(self) -> bool:
        """Whether the image has a function that allocates."""
        return any(kind == ALLOCATE for kind, _ in self.functions.values())

    # --- calls ------------------------------------------------------------------------------------------------

    def _entered(self, kind: str, registers: tuple[int, ...]) -> None:
        core = self.cpu.registers.core.read()
        sp, back = core[13], core[14]
        if kind == BREAK:
            self.watches.on_return(lambda: self._moved(_signed(core[registers[0]])))
            return
        if (back, sp) in self._pending or self._within(back):
            return
        if kind == RELEASE:
            self._release(core[registers[0]])
            return
        old = core[registers[0]] if kind == RESIZE else 0
        size = core[registers[1]] if kind == RESIZE else _product(core[n] for n in registers)
        if size:
            for listener in self.on_allocation:
                listener(size, back)
        self._pending[back, sp] = kind
        callers = () if self.callers is None else self.callers()

        def left() -> None:
            self._pending.pop((back, sp), None)

        def returned() -> None:
            left()
            address = self.cpu.registers.core.read()[0]
            if kind == RESIZE:
                self._resized(old, address, size, back, callers)
            else:
                self._allocated(address, size, back, callers)

        self.watches.on_return(returned, left=left)

    def _within(self, back: int) -> bool:
        """Whether a return address lies in an allocation function."""
        known = self._inside.get(back)
        if known is None:
            symbol = self.image.function_at((back & ~1) - 2)
            known = self._inside[back] = symbol is not None and symbol.address & ~1 in self.functions
        return known

    def _allocated(self, address: int, size: int, site: int, callers: tuple[Frame, ...]) -> None:
        if not address:
            self.failed += size > 0
            return
        if address in self.blocks:  # freed behind our back, or an arena of the allocator's own
            self._drop(address)
        self.allocations += 1
        block = Block(address, size, self._taken(address, size), site, self.cpu.clock.cycles, callers)
        self.blocks[address] = block
        self.live += block.taken
        self._note()

    def _resized(self, old: int, address: int, size: int, site: int, callers: tuple[Frame, ...]) -> None:
        before = self.blocks.get(old)
        if not address and size:
            self.failed += 1
            return
        if before is not None and address:
            apart = address + size <= old or old + before.size <= address
            if not apart:  # it grew or shrank in place: the two were never there together
                self._drop(old)
                self.frees += 1
        self._allocated(address, size, site, callers)
        if old != address:
            self._release(old)

    def _release(self, address: int) -> None:
        if address in self.blocks:
            self._drop(address)
            self.frees += 1
            self._note()

    def _drop(self, address: int) -> None:
        self.live -= self.blocks.pop(address).taken

    def _note(self) -> None:
        if self.live > self.peak:
            self.peak, self.peak_cycle = self.live, self.cpu.clock.cycles
        self.history.add(self.cpu.clock.cycles, self.live)

    def _taken(self, address: int, size: int) -> int:
        """The size of the block's chunk, header included."""
        if not self._chunks:
            return size
        head = self._word(address - 4)
        if head < 0:  # newlib-nano: how far in front of it the chunk begins
            head = self._word(address - 4 + head)
        return head & ~3 if head >= size else size

    def _word(self, address: int) -> int:
        found = self.cpu.bus.memory(address, 4)
        return 0 if found is None else int.from_bytes(found[0][found[1] : found[1] + 4], "little", signed=True)

    def _moved(self, by: int) -> None:
        """`_sbrk` has returned."""
        old = self.cpu.registers.core.read()[0]
        if old == 0xFFFF_FFFF:
            return
        self.low = old if self.low is None else min(self.low, old)
        self._brk = old + by
        self.reserved = max(self.reserved, self._brk - self.low)

    def _forget(self) -> None:
        """A reset: the heap begins anew, what was measured stays."""
        self._pending.clear()
        self.blocks.clear()
        self.live, self.low, self._brk = 0, None, 0

    # --- what can be asked ------------------------------------------------------------------------------------

    @property
    def largest_free(self) -> int | None:
        """The largest free piece of what `_sbrk` has handed out; None if it was never called."""
        holes = self._holes()
        return None if holes is None else max(holes, default=0)

    @property
    def fragmentation(self) -> float | None:
        """Share of the free bytes that are not in the largest free piece: 0 if all are in one."""
        holes = self._holes()
        if holes is None:
            return None
        return 1 - max(holes) / sum(holes) if holes else 0.0

    def _holes(self) -> list[int] | None:
        if self.low is None:
            return None
        at, holes = self.low, []
        ahead = 4 if self._chunks else 0
        for block in sorted(self.blocks.values(), key=lambda block: block.address):
            begin = block.address - ahead
            if self.low <= begin < self._brk:
                if begin - at >= 8:
                    holes.append(begin - at)
                at = max(at, begin + block.taken)
        if self._brk - at >= 8:
            holes.append(self._brk - at)
        return holes

    def block_at(self, address: int) -> tuple[int, int] | None:
        """Where the live block that holds `address` begins and ends."""
        found = (block for block in self.blocks.values() if block.address <= address < block.address + block.size)
        return next(((block.address, block.address + block.size) for block in found), None)

    def since(self, cycle: int) -> Leaks:
        """What was allocated at or after `cycle` and is still live."""
        return Leaks(tuple(block for block in self.blocks.values() if block.cycle >= cycle))

    def place(self, site: int) -> tuple[str, str | None]:
        """(function, "file:line" or None) of a call that returns to `site`."""
        at = (site & ~1) - 2
        symbol, line = self.image.function_at(at), self.image.line(at)
        return symbol.demangled if symbol else f"0x{at:08x}", None if line is None else str(line)

    def record(self) -> dict[str, Any] | None:
        """`heap` of the record; None if the image has no allocator."""
        if not self.present:
            return None
        return {
            "live": self.live,
            "blocks": len(self.blocks),
            "peak": self.peak,
            "peak_cycle": self.peak_cycle,
            "allocations": self.allocations,
            "frees": self.frees,
            "failed": self.failed,
            "reserved": self.reserved if self.low is not None or self.reserved else None,
            "largest_free": self.largest_free,
            "fragmentation": None if self.fragmentation is None else round(self.fragmentation, 4),
            "history": self.history.rows,
            **{name: None if report is None else report() for name, report in self.reports.items()},
        }


def allocators(image: Image) -> list[str]:
    """The functions of the image that give memory, by the names in the source."""
    return sorted({demangle(name) for _, name in _find(image) if FUNCTIONS[name][0] == ALLOCATE})


def _find(image: Image) -> Iterator[tuple[Symbol, str]]:
    """Allocation functions, each with its key in FUNCTIONS."""
    for symbol in image.symbols.functions:
        for alias in image.symbols.by_address[symbol.address]:
            name = alias.name.removeprefix("__wrap_").removeprefix("__real_")
            if name in FUNCTIONS and alias.kind == "function":
                yield symbol, name
                break


def _signed(word: int) -> int:
    return word - (1 << 32) if word >> 31 else word


def _product(numbers: Iterator[int]) -> int:
    result = 1
    for number in numbers:
        result *= number
    return result
