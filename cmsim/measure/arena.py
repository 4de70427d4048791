"""Arenas: what an interpreter is given, and what it takes of it for which purpose.

An arena is found when the constructor of an interpreter (or of its allocator) is called with a pointer and a size. The
constructor's own name says where these two stand: they are arguments of a word each (AAPCS: R0 to R3, then the stack;
`this` comes first). Use is followed through the functions of TensorFlow Lite Micro's arena allocators, old and new, or
told by cmsim's interpreter. Where all constructors were inlined (-flto), an arena is the variable, or the block of the
heap, that such an allocator gives memory of. Then calls of the allocator's functions are inlined here and there, too:
where the arena is, is known, but not what is taken of it.

Not modelled: constructors that were cloned or lack a symbol, in an image that has others; a part of a variable as an
arena, without constructors; allocators that take memory from an arena by other functions; what a second interpreter
puts into the same arena is counted together with the first one's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from ..cortex_m import state as st
from ..image import Image, Symbol
from ..image.cxx_names import arguments
from .arguments import argument, load

if TYPE_CHECKING:
    from ..machine import Machine
    from .touch import TouchMeter

CONSTRUCTORS = {
    "tflite::MicroInterpreter::MicroInterpreter": 1,
    "tflite::RecordingMicroInterpreter::RecordingMicroInterpreter": 1,
    "tflite::MicroAllocator::Create": 0,
    "tflite::RecordingMicroAllocator::Create": 0,
    "cmsim::Interpreter::Interpreter": 1,
    "cmsim::Arena::Arena": 1,
}
"""Function -> words in front of its first argument (1: `this`)."""
SCOPES = ("_ZN6tflite", "_ZN5cmsim")
"""How the linker's names of both interpreters begin: demangling every name of a large image takes long."""
POINTERS, SIZES = ("unsigned char*", "void*", "signed char*", "char*"), ("unsigned int", "unsigned long")
PREPARE = ("tflite::MicroInterpreter::AllocateTensors", "cmsim::Interpreter::prepare")
INVOKE = ("tflite::MicroInterpreter::Invoke", "cmsim::Interpreter::invoke")
TAIL = ("AllocatePersistentBuffer", "AllocateFromTail")
HEAD = ("ResizeBuffer", "ReserveNonPersistentOverlayMemory", "SetHeadBufferSize", "EnsureHeadSize")
TEMPORARY = ("AllocateTemp", "AllocateResizableBuffer")
PURPOSES = (
    ("EvalTensor", "tensors"), ("NodeAndRegistration", "nodes and registrations"), ("Variable", "variables"),
    ("Scratch", "handles of scratch buffers"), ("BuiltinData", "options of operators"),
    ("tflite::Parse", "options of operators"), ("::Prepare", "data of operators"), ("Subgraphs", "data of operators"),
    ("Context", "data of operators"), ("MicroAllocator::AllocatePersistentBuffer", "data of operators"),
    ("TfLiteTensor", "inputs and outputs"), ("AllocateTensors", "data of the interpreter"),
    ("Create", "the allocator itself"), ("StartModelAllocation", "the model's structures"),
)  # fmt: skip
"""What a part of the caller's name says about the purpose of persistent memory."""
PLANNED, PERSISTENT = "activations and scratch", "tensors, nodes and data of operators"
BLOCK = "a block of the heap"
LONGEST_PLAN = 4096
BLOCK_SIZE = 24
"""Of `cmsim::Block`: bytes wanted, bytes, place ... (firmware/apps/bench/README.md)."""


class Site(NamedTuple):
    """A function that is given an arena: where its words for pointer and size stand."""

    address: int
    name: str
    pointer: int
    size: int
    this: bool


@dataclass
class Arena:
    """One arena as the firmware gives it, and what was made of it. All in bytes."""

    base: int
    size: int
    function: str
    """What is given it; the variable itself where no constructor was seen."""
    owner: int | None
    """The interpreter's address."""
    placed: tuple[int, int] = (0, 0)
    """(base, size) that the constructor saw: others than the firmware gave, if these were overridden."""
    tail: int = 0
    head: int = 0
    peak: int = 0
    told: int | None = None
    """`used` as the interpreter says it."""
    followed: bool = True
    """False where no constructor was seen: some of its use was not, either."""
    purposes: dict[str, int] = field(default_factory=dict)

    @property
    def used(self) -> int | None:
        """What is taken when everything is allocated; None if that cannot be followed."""
        return self.told if self.told is not None else (self.tail + self.head or None) if self.followed else None

    def holds(self, address: int) -> bool:
        """Whether an address lies in it."""
        return self.placed[0] <= address < self.placed[0] + self.placed[1]

    def record(self) -> dict[str, Any]:
        """Plain data."""
        peak, purposes = (self.peak, self.purposes) if self.followed else (0, {})
        return {"base": self.base, "size": self.size, "function": self.function, "used": self.used,
                "peak": max(peak, self.used or 0) or None, "purposes": purposes}  # fmt: skip


def sites(image: Image) -> Iterator[Site]:
    """Every function of the image that is given an arena."""
    for symbol in image.symbols.functions:
        if not symbol.name.startswith(SCOPES) or "." in symbol.name:
            continue
        words = CONSTRUCTORS.get(symbol.qualified)
        if words is None:
            continue
        types = arguments(symbol.demangled)
        for n, (pointer, size) in enumerate(pairwise(types)):
            if pointer in POINTERS and size in SIZES:
                yield Site(symbol.address & ~1, symbol.qualified, words + n, words + n + 1, bool(words))


class ArenaMeter:
    """Follows every arena of a machine. `overrides` are for those who want to try another (arena_search.py)."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.arenas: list[Arena] = []
        """In the order of their first construction."""
        self.sites = list(sites(machine.image))
        self.overrides: dict[int, tuple[int, int]] = {}
        """Index of an arena -> (base, size) that its constructor is to see."""
        self.on_construction: list[Callable[[int, Arena], None]] = []
        """Told the index and the arena, at each construction."""
        self.follows = False
        """Whether use is followed: arenas may be found without a constructor."""
        self.touch: TouchMeter | None = None
        self._last: Arena | None = None
        self._plan = 0
        self._callers: dict[int, str] = {}
        for site in self.sites:
            machine.watches.on_entry(site.address, lambda site=site: self._constructed(site))  # type: ignore[misc]
        for symbol in machine.image.symbols.functions:
            self._watch(symbol)
        machine.watches.on_forget.append(self.arenas.clear)

    def _watch(self, symbol: Symbol) -> None:
        entry, address = self.machine.watches.on_entry, symbol.address & ~1
        if (name := _of_allocator(symbol)) is not None:
            count = len(arguments(symbol.demangled))
            if gives_memory(symbol):
                self.follows = True
                entry(address, lambda: self._returns(self._persistent))
            elif name in TEMPORARY and count == 2:
                entry(address, lambda: self._returns(self._temporary))
            elif name in HEAD:
                entry(address, lambda: self._returns(self._planned, 2 if count == 3 else 1))
        elif symbol.name.startswith("_ZN5cmsim10plan_ready"):
            entry(address, self._plan_ready)
        elif symbol.name.startswith("_ZN5cmsim11arena_ready"):
            entry(address, self._arena_ready)

    def paint(self, index: int = 0, complement: bool = False) -> None:
        """Before the run: see what is written of that arena, which is filled with a pattern for it (touch.py)."""
        from .touch import TouchMeter  # noqa: PLC0415 - it imports this module

        self.touch = TouchMeter(self.machine, index, complement)

    def record(self) -> list[dict[str, Any]]:
        """`arenas` of the record."""
        touched = self.touch.record() if self.touch is not None else None
        index = -1 if self.touch is None else self.touch.index
        return [{**arena.record(), "touched": touched if n == index else None} for n, arena in enumerate(self.arenas)]

    # --- construction ---------------------------------------------------------------------------------------

    def _set(self, core: list[int], position: int, value: int) -> None:
        if position < 4:
            self.machine.cpu.registers.write(st.CORE[position], value)
        else:
            self.machine.write(core[13] + 4 * (position - 4), value.to_bytes(4, "little"))

    def _constructed(self, site: Site) -> None:
        core = self.machine.cpu.registers.core.read()
        given = argument(self.machine, core, site.pointer), argument(self.machine, core, site.size)
        arena = next((a for a in self.arenas if given in (a.placed, (a.base, a.size))), None)
        if arena is None:
            arena = Arena(*given, site.name, core[0] if site.this else None, given)
            self.arenas.append(arena)
        elif given == arena.placed and self._last is arena and not site.this:
            return  # the interpreter's constructor hands it on to the allocator's
        arena.placed = self.overrides.get(self.arenas.index(arena), given)
        arena.tail = arena.head = 0
        arena.purposes = {}
        self._last = arena
        for listener in self.on_construction:
            listener(self.arenas.index(arena), arena)
        for position, value in ((site.pointer, arena.placed[0]), (site.size, arena.placed[1])):
            if arena.placed != given:
                self._set(core, position, value)

    def _at(self, address: int) -> Arena | None:
        return next((arena for arena in self.arenas if arena.holds(address)), None)

    # --- TensorFlow Lite Micro ------------------------------------------------------------------------------

    def _returns(self, then: Callable[..., None], *more: int) -> None:
        core = self.machine.cpu.registers.core.read()
        self.machine.watches.on_return(
            lambda: then(core, self.machine.cpu.registers.core.read()[0], *more)
        )

    def _noticed(self, address: int) -> Arena | None:
        """An arena without a constructor: the variable, or the block of the heap, that holds an address in RAM."""
        machine = self.machine
        if self.sites or address < machine.soc.chip.ram_base:
            return None
        symbols = (symbol for symbol in machine.image.symbols if symbol.kind == "object"
                   and symbol.address <= address < symbol.address + symbol.size)  # fmt: skip
        symbol = next(symbols, None)
        block = None if machine.heap is None else machine.heap.block_at(address)
        if symbol is not None:
            placed, name = (symbol.address, symbol.size), symbol.demangled
        elif block is not None:
            placed, name = (block[0], block[1] - block[0]), BLOCK
        else:
            return None
        arena = self._last = Arena(*placed, name, None, placed, followed=False)
        self.arenas.append(arena)
        for listener in self.on_construction:
            listener(len(self.arenas) - 1, arena)
        return arena

    def _persistent(self, core: list[int], result: int) -> None:
        arena = self._at(result) or self._noticed(result)
        if arena is None:
            return
        tail = sum(arena.placed) - result
        grown = tail - arena.tail
        if grown > 0:
            purpose = self._purpose(core[14])
            arena.tail = tail
            arena.purposes[purpose] = arena.purposes.get(purpose, 0) + grown
            arena.peak = max(arena.peak, arena.tail + arena.head)

    def _temporary(self, core: list[int], result: int) -> None:
        arena = self._at(result)
        if arena is not None:
            arena.peak = max(arena.peak, arena.tail + result + core[1] - arena.placed[0])

    def _planned(self, core: list[int], result: int, argument: int) -> None:
        arena = self._at(core[1] if argument == 2 else core[0]) or self._last
        if arena is None or result & 0xFF:
            return
        base = core[1] if argument == 2 and arena.holds(core[1]) else arena.placed[0] + -arena.placed[0] % 16
        arena.head = base + core[argument] - arena.placed[0]
        arena.peak = max(arena.peak, arena.tail + arena.head)
        arena.purposes[PLANNED] = arena.head

    def _purpose(self, back: int) -> str:
        known = self._callers.get(back)
        if known is None:
            symbol = self.machine.image.function_at((back & ~1) - 2)
            name = symbol.qualified if symbol is not None else f"0x{back & ~1:08x}"
            known = next((purpose for part, purpose in PURPOSES if part in name), name)
            self._callers[back] = known
        return known

    # --- cmsim's interpreter ----------------------------------------------------------------------------------

    def _plan_ready(self) -> None:
        blocks, count, _ = self.machine.cpu.registers.core.read()[:3]
        ends = [load(self.machine, blocks + BLOCK_SIZE * n + 4) + load(self.machine, blocks + BLOCK_SIZE * n + 8)
                for n in range(min(count, LONGEST_PLAN))]  # fmt: skip
        self._plan = max(ends, default=0)

    def _arena_ready(self) -> None:
        base, size, used = self.machine.cpu.registers.core.read()[:3]
        arena = self._at(base)
        if arena is None:
            arena = Arena(base, size, "cmsim::arena_ready", None, (base, size))
            self.arenas.append(arena)
        arena.told = arena.peak = used
        arena.purposes = {PLANNED: self._plan, PERSISTENT: used - self._plan}


def _of_allocator(symbol: Symbol) -> str | None:
    """The last name of a function of TensorFlow Lite Micro's arena allocators; None for any other function."""
    if not symbol.name.startswith(SCOPES[0]):
        return None
    scope, _, name = symbol.qualified.rpartition("::")
    ours = scope.startswith("tflite::") and scope.endswith("Allocator") and scope != "tflite::MicroAllocator"
    return name if ours else None


def gives_memory(symbol: Symbol) -> bool:
    """Whether a function gives persistent memory of an arena."""
    return _of_allocator(symbol) in TAIL and len(arguments(symbol.demangled)) == 2


def is_status(symbol: Symbol, names: tuple[str, ...]) -> bool:
    """Whether a function is one of those whose result tells success."""
    whole = symbol.name.startswith(SCOPES) and re.search(r"\.(part|cold)", symbol.name) is None
    return whole and symbol.qualified in names
