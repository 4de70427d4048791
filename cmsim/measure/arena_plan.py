"""Where an interpreter puts each tensor in its arena, and from which operator to which it needs it.

cmsim's own tells it; that of TensorFlow Lite Micro is overheard (tflm_plan.py).

Not modelled: the plans of other interpreters.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from .tflm_plan import TflmPlan

if TYPE_CHECKING:
    from ..machine import Machine

BLOCK = struct.Struct("<3I6H")
"""`cmsim::Block` (firmware/apps/bench/README.md): pointer, bytes, place; first, last, shares, tensor, subgraph,
next."""
NONE, LONGEST = 0xFFFF, 4096


class ArenaPlan:
    """Listens for the plan of the last interpreter that made one. Costs nothing in firmware without."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._rows: list[dict[str, Any]] = []
        self._tflm = TflmPlan(machine)
        for symbol in machine.image.symbols.functions:
            if symbol.qualified == "cmsim::plan_ready":
                machine.watches.on_entry(symbol.address & ~1, self._ready)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """`arena_plan` of the record: `bytes` at `place`, in use from step `first` to `last`."""
        return self._rows or self._tflm.rows()

    def _ready(self) -> None:
        blocks, count = self.machine.cpu.registers.core.read()[:2]
        if not 0 < count <= LONGEST or self.machine.cpu.bus.memory(blocks, count * BLOCK.size) is None:
            return
        self._rows = [
            {
                "place": place, "bytes": size, "first": first, "last": None if last == NONE else last,
                "tensor": None if tensor == NONE else tensor, "subgraph": subgraph,
            }
            for _, size, place, first, last, _, tensor, subgraph, _
            in BLOCK.iter_unpack(self.machine.read(blocks, count * BLOCK.size))
        ]  # fmt: skip
