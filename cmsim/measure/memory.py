"""RAM and flash of a run: static data, stack high-water mark, arena.

The stack's depth is the lowest stack pointer (native code looks at it where a block lowers SP, and at each exception
frame), so nothing is written and an untouched local array counts as used, which it is.

Not modelled: the heap's peak (None until allocators are followed), stacks without symbols.
"""

from __future__ import annotations

from ..cortex_m import state as st
from ..cortex_m.cpu import Cpu
from ..cortex_m.hot import Stack
from ..image import Image
from .calls import Watches
from .inferences import Inference

ARENA_FUNCTION = "cmsim::arena_ready"


class MemoryMeter:
    """Watches the main stack and the interpreter's arena."""

    def __init__(self, cpu: Cpu, image: Image, watches: Watches) -> None:
        self.cpu = cpu
        self.arena_base: int | None = None
        self.arena_size: int | None = None
        self.arena_used: int | None = None
        bounds = image.stack_bounds()
        self._stacks = (Stack * (0 if bounds is None else 1))()
        self._lowest = 0
        self._measures = False
        if bounds is not None:
            self._stacks[0] = Stack(bounds.low, bounds.high, bounds.high)
            self._lowest = bounds.high
            cpu.watch_stacks(self._stacks)
            cpu.exceptions.on_frame = self._frame
        for symbol in image.symbols.functions:
            if symbol.demangled.startswith(ARENA_FUNCTION + "("):
                watches.on_entry(symbol.address & ~1, self._arena_ready)

    def _arena_ready(self) -> None:
        self.arena_base, self.arena_size, self.arena_used = self.cpu.registers.core.read()[:3]

    def _frame(self, frame: int) -> None:
        for stack in self._stacks:
            if stack.low <= frame < stack.deepest:
                stack.deepest = frame

    @property
    def stack_size(self) -> int | None:
        """Bytes of the main stack's region."""
        return int(self._stacks[0].high - self._stacks[0].low) if len(self._stacks) else None

    @property
    def stack_peak(self) -> int | None:
        """The deepest use of the main stack so far, in bytes; more than its size means that it overflowed."""
        if not len(self._stacks):
            return None
        return int(self._stacks[0].high - min(self._lowest, self._stacks[0].deepest))

    def mark_inference(self, inference: Inference, done: bool) -> None:
        """Find the depth within one inference: start from the stack pointer, look at the end.

        An inference that runs on another stack (a thread's) has no depth on this one.
        """
        if not len(self._stacks):
            return
        stack = self._stacks[0]
        self._lowest = min(self._lowest, stack.deepest)
        if done:
            inference.stack_peak = int(stack.high - stack.deepest) if self._measures else None
        else:
            sp = self.cpu.registers.read(st.SP)
            self._measures = bool(stack.low <= sp <= stack.high)
            stack.deepest = sp if self._measures else stack.high
