"""Cycles of the code in a stretch of memory.

Not modelled: what a block costs that is not known as it begins (waits of its device accesses, abandoned divides), which
counts as spent elsewhere.
"""

from __future__ import annotations

import ctypes as ct

from . import _hot
from .cpu import Cpu
from .hot import Clock
from .native import check_sizes


class Area(ct.Structure):
    """The state: `struct code_area`."""

    spent: int

    _fields_ = [
        ("cycles", ct.c_void_p),
        ("inner", ct.c_void_p),
        ("inner_user", ct.c_void_p),
        ("spent", ct.c_uint64),
        ("base", ct.c_uint32),
        ("size", ct.c_uint32),
    ]


check_sizes(_hot, {"code_area": ct.sizeof(Area)})


class CodeArea:
    """Follows the blocks of one CPU that lie in [base, base + size). Construct it before anything has run."""

    def __init__(self, cpu: Cpu, base: int, size: int) -> None:
        inner, user = cpu.engine.block_hook
        cycles = ct.addressof(cpu.clock) + Clock.cycles.offset  # type: ignore[attr-defined]
        self._area = Area(cycles, inner, user, 0, base, size)
        cpu.engine.replace_block_hook(_hot.on_area_block, ct.addressof(self._area))

    @property
    def cycles(self) -> int:
        """Spent there so far."""
        return self._area.spent
