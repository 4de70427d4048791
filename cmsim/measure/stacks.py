"""Stacks: how deep each was used, by whom, and whether it was too small.

A stack's depth is the lowest stack pointer: native code looks at it where a block lowers SP, and each exception frame
is looked at. Nothing is written, and an untouched local array counts as used, which it is. Stacks are known by the
linker's symbols for the main one, by variables with "stack" in their names, and by the SP that a thread begins with (an
exception returns to an SP that none had left, or Thread mode goes there by itself: cortex_m/stack_moves.py). An array
of stacks is told apart by the debug information once a thread begins well below its end; without it, as its threads
begin. What a context switch saves below PSP counts as well (cortex_m/stack_saves.py).

An overflow is noticed in front of the block whose pushes pass the limit, before anything is overwritten.

A stack in a block of the heap ends with the block (heap.py). Not modelled: the limit of one that neither a symbol nor
the heap tells; stores below SP; an array of variable size counts when the block behind it begins.
"""

from __future__ import annotations

import ctypes as ct
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..cortex_m import state as st
from ..cortex_m.calls import CallTracer
from ..cortex_m.cpu import Cpu
from ..cortex_m.hot import Stack
from ..cortex_m.stack_moves import watch_moves
from ..cortex_m.stack_saves import watch_saves
from ..image import Image
from ..image.symbols import Symbol
from .history import History
from .inferences import Inference, StackUse

MOST = 64
SMALLEST = 64
"""Bytes; a smaller variable is a pointer to a stack, not one."""
RESERVED = 128
"""Bytes that a kernel may keep at the top of a stack before a thread begins."""
FRAME, FRAME_FP = 0x20, 0x68
PROCESS_STACK, NO_FP_FRAME = 1 << 2, 1 << 4
"""Bits of EXC_RETURN."""
_NAMED = re.compile(r"stack", re.IGNORECASE)


@dataclass(frozen=True)
class Overflow:
    """The first time that a stack was too small."""

    cycle: int
    pc: int
    """The block that takes SP below the limit, or the instruction that an exception interrupted."""
    sp: int
    function: str | None
    path: list[str] | None
    into: str | None
    """The variable below the stack, which is overwritten."""


@dataclass(eq=False)
class Area:
    """One stack."""

    name: str
    low: int
    high: int
    limited: bool = True
    """Whether `low` is its limit, not only the lowest address that it could reach."""
    splits: bool = False
    """Whether it may be an array of stacks."""
    block: tuple[int, int] | None = None
    """The block of the heap that it is in."""
    family: str = ""
    """Name of the array that it belongs to."""
    top: int | None = None
    """SP that its thread began with."""
    lowest: int = 0
    path: list[str] | None = None
    overflow: Overflow | None = None
    state: Stack = field(default_factory=Stack)

    def __post_init__(self) -> None:
        self.lowest = self.high
        self.state = Stack(self.low, self.high, self.high, self.low if self.limited else 0)


class StackMeter:
    """Watches all stacks of a machine."""

    def __init__(self, cpu: Cpu, image: Image, tracer: CallTracer | None = None) -> None:
        self.cpu, self.image, self.tracer = cpu, image, tracer
        self.block_at: Callable[[int], tuple[int, int] | None] = lambda address: None
        """The bounds of the heap's block that holds an address."""
        self.on_overflow: list[Callable[[Area], None]] = []
        """Called in front of the block that makes a stack too small, once a stack."""
        chip = cpu.soc.chip
        self._ram = chip.ram_base, chip.ram_base + chip.ram_size
        self._areas: list[Area] = []
        self._gone: list[Area] = []
        """Stacks in blocks of the heap that were freed since."""
        self._native = (Stack * MOST)()
        bounds = image.stacks
        self.main = Area("main stack", bounds[0].low, bounds[0].high) if bounds else self._main()
        """What `main` runs on, if anything tells."""
        areas = [] if self.main is None else [self.main]
        areas += [Area(b.source, b.low, b.high) for b in bounds[1:]]
        for symbol in image.symbols:
            low, high = symbol.address, symbol.address + symbol.size
            named = symbol.kind == "object" and symbol.size >= SMALLEST and _NAMED.search(symbol.name)
            if not named or low < self._ram[0] or high > self._ram[1]:
                continue
            if not any(a.limited and a.low < high and low < a.high for a in areas):
                areas.append(Area(symbol.demangled, low, high, splits=True))
        self._set(areas)
        self._base = ct.addressof(self._native)
        self._framed = (1, 0, self._native[0])
        self._depth = self._interrupted = 0
        self._suspended: set[int] = set()
        self._running: Area | None = None
        self.history = History(interval=1 << 12)
        """The main stack's deepest use over time. It is looked at as exceptions come and go, and around inferences."""
        self._since = 0
        self._in_inference = False
        cpu.watch_stacks(self._native)
        cpu.clock.stack_count = len(self._areas)
        self._saves = watch_saves(cpu)
        functions = any(symbol.kind == "function" for symbol in image.symbols)
        self._moves = watch_moves(cpu, self._moved, lambda at: not functions or image.function_at(at) is not None)
        cpu.on_overflow = self._overflowed
        cpu.exceptions.on_frame = self._frame
        cpu.exceptions.on_switch.append(self._switched)

    def _main(self) -> Area | None:
        """Without symbols: from the initial SP down, to where nobody knows."""
        sp = self.cpu.registers.read(st.SP)
        return Area("main stack", self._ram[0], sp, limited=False) if self._ram[0] < sp <= self._ram[1] else None

    # --- which stacks there are ---------------------------------------------------------------------------

    def _set(self, areas: list[Area]) -> None:
        """The native table: of two that could hold an SP the first one does, and at a border the one that is empty."""
        if self._areas:
            self._settle()
            for area, stack in zip(self._areas, self._native, strict=False):
                area.state = Stack.from_buffer_copy(stack)
        self._areas = sorted(areas, key=lambda area: area.high)[:MOST]
        for n, area in enumerate(self._areas):
            area.state.low, area.state.high = area.low, area.high
            area.state.guard = area.low if area.limited and area.overflow is None else 0
            self._native[n] = area.state
        self.cpu.clock.stack_count = len(self._areas)
        self.cpu.clock.last_stack = None
        self._framed = (1, 0, self._native[0])

    def _settle(self) -> None:
        """Whoever made a stack deeper is known from here on."""
        if self.tracer is not None:
            self.tracer.settle()

    def find(self, sp: int) -> Area | None:
        """The stack that `sp` points into."""
        return next((area for area in self._areas if area.low <= sp <= area.high), None)

    def _native_of(self, area: Area) -> Stack:
        return self._native[self._areas.index(area)]

    def _switched(self, what: str, sp: int, began: int) -> None:
        if not self._in_inference and self.cpu.clock.cycles - self._since >= self.history.interval:
            self._look()
        if what == "enter":
            if self._depth == 0:
                self._interrupted = sp
            self._depth += 1
        elif what == "chain" and self._depth == 1:
            self._chained()
        elif what == "return" and self._depth:
            self._depth -= 1
            if self._depth == 0 and sp != self._interrupted:
                self._changed(self._interrupted, sp)

    def _chained(self) -> None:
        """Another exception came before the thread went on that this one would have returned to: it may have begun."""
        leave, frame = self.cpu.registers.read(st.LR), self.cpu.registers.read(st.PSP) & ~3
        memory = self.cpu.exceptions.bus.memory(frame, FRAME)
        if not leave & PROCESS_STACK or memory is None:
            return
        data, offset = memory
        aligned = data[offset + 29] >> 1 & 1  # bit 9 of the stacked xPSR
        sp = frame + (FRAME if leave & NO_FP_FRAME else FRAME_FP) | 4 * aligned
        if sp != self._interrupted:
            self._changed(self._interrupted, sp)
            self._interrupted = sp

    def _moved(self, sp: int) -> None:
        """Thread mode goes on at `sp` without an exception: a system call, a coroutine, or only a frame that ends."""
        left = self.cpu.registers.read(st.SP)
        area = self.find(sp - 4)
        if area is None or not area.low <= left <= area.high or (area.splits and self._divide(area)):
            if self.tracer is not None:
                self.tracer.moved(left, sp)
            self._changed(left, sp)

    def _changed(self, left: int, sp: int) -> None:
        """Another thread than the one whose SP was `left` goes on, or begins, at `sp`."""
        clock = self.cpu.clock
        for number in range(len(self._areas)):
            if self._native[number].deepest < self._native[number].guard:  # its registers were saved too deep
                clock.last_stack = self._base + number * ct.sizeof(Stack)
                self._overflowed()
        clock.last_stack = None
        self._suspended.add(left)
        if sp in self._suspended:
            self._suspended.discard(sp)
        else:
            self._began(left, sp)

    def _began(self, left: int, sp: int) -> None:
        """A thread begins at `sp`."""
        area = self.find(sp - 4)
        if area is not None and area.splits and area.high - sp >= RESERVED and self._divide(area):
            area = self.find(sp - 4)
        if area is not None and area.low <= left <= area.high and sp > left - RESERVED:
            return  # the same thread: its kernel took something off its stack, or put it there
        block = self.block_at(sp - 4)
        if area is not None and area.limited and area.block == block:
            end = area.high if area.top is None else area.top
            if area.splits and end - sp >= RESERVED:
                below = Area(area.name, area.low, sp, splits=True, family=area.name, top=sp)
                area.low, area.family = sp, area.name
                self._set([*self._areas, below])
            else:
                area.top = sp
            return
        if not self._ram[0] < sp <= self._ram[1] or len(self._areas) == MOST or any(a.top == sp for a in self._areas):
            return
        holder = self._variable_at(sp - 4)
        name = f"thread below 0x{sp:08x}"
        if block is not None:
            self._add(Area(f"{name} in the heap", block[0], sp, top=sp, block=block))
        elif holder is not None:
            self._add(Area(f"{name} in {holder.demangled}", holder.address, sp, limited=False, top=sp))
        else:
            self._add(Area(name, self._ram[0], sp, limited=False, top=sp))

    def _divide(self, area: Area) -> bool:
        """Make one area of each element, if the debug information knows that the variable is an array of stacks."""
        size = area.high - area.low
        count = 1 if area.family else self.image.array_length(area.low) or 1
        if count == 1 or size % count or size // count < SMALLEST or len(self._areas) + count > MOST:
            return False
        element = size // count
        bounds = range(area.low, area.high - element, element)
        area.low, area.family, area.splits = area.high - element, area.name, False  # its thread is the last one's
        self._set([*self._areas, *(Area(area.name, low, low + element, family=area.name) for low in bounds)])
        return True

    def _add(self, new: Area) -> None:
        """No two areas have memory in common: what has no limit ends at its neighbour, and what is over makes room."""
        self._settle()
        for area, stack in zip(self._areas, self._native, strict=False):
            self._collect(area, stack)
        over = [area for area in self._areas if area.block and area.low < new.high and new.low < area.high]
        self._gone += over[: MOST - len(self._gone)]
        kept = [area for area in self._areas if area not in over]
        for area in kept:
            if not area.limited and area.low < new.high < area.high:
                area.low = new.high
        if not new.limited:
            new.low = max([new.low, *(area.high for area in kept if area.high < new.high)])
        self._set([*kept, new])

    def _variable_at(self, address: int) -> Symbol | None:
        symbols = (s for s in self.image.symbols if s.kind == "object" and s.address <= address < s.address + s.size)
        return next(symbols, None)

    def reset(self) -> None:
        """The processor was reset: threads are gone."""
        self._depth = 0
        self._suspended.clear()

    # --- how deep they are used ---------------------------------------------------------------------------

    def _frame(self, frame: int) -> None:
        """An exception frame was put there."""
        low, high, stack = self._framed
        above = frame + FRAME
        if not low < above <= high and (above != low or stack.deepest > low):  # the stack below, empty so far
            area = self.find(above) or self.find(frame + FRAME_FP)
            if area is None:
                return
            stack = self._native_of(area)
            self._framed = area.low, area.high, stack
        if frame < stack.deepest:
            stack.deepest, stack.at = frame, self.cpu.exceptions.pc
            self.cpu.clock.deeper = self.cpu.clock.last_stack = ct.addressof(stack)
            if frame < stack.guard:
                self._overflowed()

    def _overflowed(self) -> None:
        """`last_stack` is about to be too small."""
        clock = self.cpu.clock
        number = ((clock.last_stack or self._base) - self._base) // ct.sizeof(Stack)
        area, stack = self._areas[number], self._native[number]
        sp, pc = stack.deepest, stack.at
        function = self.image.function_at(pc)
        path = None if self.tracer is None else self.tracer.path(self.tracer.current)
        ahead = self.cpu.registers.read(st.SP) > sp
        if ahead and path is not None and function is not None and pc == function.address:
            path.append(function.demangled)  # the call tree has not seen it enter
        below = self._variable_at(area.low - 4)
        area.overflow = Overflow(clock.cycles, pc, sp, None if function is None else function.demangled, path,
                                 None if below is None else below.demangled)
        stack.guard = 0
        if ahead:  # the block is announced again: then it passes, and the call tree knows whose it is
            stack.deepest, clock.deeper = area.low, None
        for listener in self.on_overflow:
            listener(area)

    def _collect(self, area: Area, stack: Stack) -> None:
        """Keep what is deeper than all before."""
        if stack.deepest < area.lowest:
            area.lowest, area.path = stack.deepest, self._path(stack)

    def _path(self, stack: Stack) -> list[str] | None:
        if self.tracer is None or not stack.paths:
            return None
        return [name for node in stack.nodes[: stack.paths] for name in self.tracer.path(node)]

    def _look(self) -> None:
        """The main stack's deepest use since the last look goes into the history; then it is watched anew."""
        if self.main is None:
            return
        self._settle()
        stack, sp = self._native_of(self.main), self.cpu.registers.read(st.SP)
        self._collect(self.main, stack)
        self.history.add(self._since, self.main.high - stack.deepest)
        self._since = self.cpu.clock.cycles
        stack.deepest, stack.paths = (sp if self.main.low < sp <= self.main.high else self.main.high), 0

    def mark_inference(self, inference: Inference, done: bool) -> None:
        """Find the depths within one inference: start from the stack pointers, look at the end."""
        self._in_inference = not done
        if not done:
            self._look()
        self._settle()
        pairs = list(zip(self._areas, self._native, strict=False))
        for area, stack in pairs:
            self._collect(area, stack)
        if done:
            for area, stack in pairs:
                if area is self._running or stack.deepest < area.high:
                    inference.stacks.append(StackUse(self._title(area), area.high - stack.deepest, self._path(stack)))
                    if area is self._running:
                        inference.stack_peak = area.high - stack.deepest
            self._look()
            return
        registers = self.cpu.registers
        sp = registers.read(st.SP)
        self._running = self.find(sp)
        for area, stack in pairs:
            stack.deepest, stack.paths = (sp if area is self._running else area.high), 0

    def _title(self, area: Area) -> str:
        """The name; within an array of stacks with its number, from the lowest on."""
        if not area.family:
            return area.name
        members = sorted((a for a in self._areas if a.family == area.family), key=lambda a: a.low)
        return f"{area.name}[{members.index(area)}]"

    def row(self, area: Area) -> dict[str, Any]:
        """One of `memory.stacks` of the record."""
        size, peak = area.high - area.low if area.limited else None, self.peak(area)
        over = area.overflow
        return {
            "name": self._title(area),
            "base": area.high,
            "limit": area.low if area.limited else None,
            "size": size,
            "peak": peak,
            "free": None if size is None else size - peak,
            "path": area.path,
            "overflow": None if over is None else {
                "cycle": over.cycle, "pc": over.pc, "sp": over.sp, "function": over.function,
                "path": over.path, "into": over.into,
            },
        }  # fmt: skip

    def history_rows(self) -> list[list[int]]:
        """`memory.stack_history` of the record."""
        now = History(self.history.interval)
        if self.main is not None:
            for cycle, most, last in self.history.rows:
                now.add(cycle, most)
                now.add(cycle, last)
            now.add(self._since, self.main.high - self._native_of(self.main).deepest)
        return [[cycle, most] for cycle, most, _ in now.rows]

    def peak(self, area: Area) -> int:
        """Bytes, the deepest use so far; more than the size means that it overflowed."""
        return area.high - min(area.lowest, area.high if area in self._gone else self._native_of(area).deepest)

    def rows(self) -> list[dict[str, Any]]:
        """`memory.stacks` of the record: those that were used, the main one first."""
        self._settle()
        for area, stack in zip(self._areas, self._native, strict=False):
            self._collect(area, stack)
        used = [area for area in (*self._areas, *self._gone) if area is self.main or area.lowest < area.high]
        used.sort(key=lambda area: (area is not self.main, area.high))
        return [self.row(area) for area in used]
