"""RAM and flash of a run: static data, stack high-water mark, arena.

The stack's high-water mark comes from painting the unused part of its region before the first instruction, as firmware
does itself; the paint is written where no program has data yet, so nothing that runs can tell.

Not modelled: several stacks (threads), the heap's peak (None unless the image has a heap), stacks without symbols.
"""

from __future__ import annotations

from ..cortex_m import state as st
from ..cortex_m.cpu import Cpu
from ..image import Image
from .calls import Watches
from .inferences import Inference

PAINT = 0xC5
ARENA_FUNCTION = "cmsim::arena_ready"


class MemoryMeter:
    """Watches the main stack and the interpreter's arena."""

    def __init__(self, cpu: Cpu, image: Image, watches: Watches) -> None:
        self.cpu, self.image = cpu, image
        self.arena_base: int | None = None
        self.arena_size: int | None = None
        self.arena_used: int | None = None
        self.stack = image.stack_bounds()
        self._peak = 0
        if self.stack is not None:
            self._paint(self.stack.low, self.stack.high)
        for symbol in image.symbols.functions:
            if symbol.demangled.startswith(ARENA_FUNCTION + "("):
                watches.on_entry(symbol.address & ~1, self._arena_ready)

    def _arena_ready(self) -> None:
        self.arena_base, self.arena_size, self.arena_used = self.cpu.registers.core.read()[:3]

    def _region(self) -> tuple[bytearray, int, int] | None:
        if self.stack is None:
            return None
        size = self.stack.high - self.stack.low
        memory = self.cpu.bus.memory(self.stack.low, size)
        return None if memory is None else (*memory, size)

    def _paint(self, low: int, high: int) -> None:
        memory = self.cpu.bus.memory(low, high - low)
        if memory is not None:
            data, offset = memory
            data[offset : offset + high - low] = bytes((PAINT,)) * (high - low)

    @property
    def stack_size(self) -> int | None:
        """Bytes of the main stack's region."""
        return None if self.stack is None else self.stack.high - self.stack.low

    def _depth(self) -> int:
        """Bytes from the stack's top to the deepest byte that is no longer paint."""
        region = self._region()
        if region is None:
            return 0
        data, offset, size = region
        painted = bytes(data[offset : offset + size])
        return size - (len(painted) - len(painted.lstrip(bytes((PAINT,)))))

    @property
    def stack_peak(self) -> int | None:
        """The deepest use of the main stack so far, in bytes."""
        if self.stack is None:
            return None
        self._peak = max(self._peak, self._depth())
        return self._peak

    def mark_inference(self, inference: Inference, done: bool) -> None:
        """Before an inference: paint what lies below the stack pointer again. After it: look how deep it went."""
        if self.stack is None:
            return
        if done:
            inference.stack_peak = self._depth()
            self._peak = max(self._peak, inference.stack_peak)
            return
        self._peak = max(self._peak, self._depth())
        sp = self.cpu.registers.read(st.SP)
        if self.stack.low < sp <= self.stack.high:
            self._paint(self.stack.low, sp)
