"""RAM of a run: stacks, and the arena of cmsim's interpreter.

Not modelled: arenas of other interpreters (arena.py looks for those).
"""

from __future__ import annotations

from ..cortex_m.calls import CallTracer
from ..cortex_m.cpu import Cpu
from ..image import Image
from .calls import Watches
from .stacks import StackMeter

ARENA_FUNCTION = "cmsim::arena_ready"


class MemoryMeter:
    """Watches the stacks and the interpreter's arena."""

    def __init__(self, cpu: Cpu, image: Image, watches: Watches, tracer: CallTracer | None = None) -> None:
        self.cpu = cpu
        self.arena_base: int | None = None
        self.arena_size: int | None = None
        self.arena_used: int | None = None
        self.stacks = StackMeter(cpu, image, tracer)
        watches.on_forget.append(self.stacks.reset)
        self.mark_inference = self.stacks.mark_inference
        for symbol in image.symbols.functions:
            if symbol.demangled.startswith(ARENA_FUNCTION + "("):
                watches.on_entry(symbol.address & ~1, self._arena_ready)

    def _arena_ready(self) -> None:
        self.arena_base, self.arena_size, self.arena_used = self.cpu.registers.core.read()[:3]

    @property
    def stack_size(self) -> int | None:
        """Bytes of the main stack; None if nothing tells where it ends."""
        main = self.stacks.main
        return None if main is None or not main.limited else main.high - main.low

    @property
    def stack_peak(self) -> int | None:
        """The deepest use of the main stack so far, in bytes; more than its size means that it overflowed."""
        return None if self.stacks.main is None else self.stacks.peak(self.stacks.main)
