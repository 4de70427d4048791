"""Where kernels save a thread's registers below PSP: STMDB Rn! or VSTMDB Rn! shortly behind MRS Rn, PSP.

That is how context switches for ARMv7-M are written (FreeRTOS, RTX, RIOT, ThreadX and others); SP does not show it.

Not modelled: kernels that store in another way below PSP; an overflow by such a store is seen with the next exception.
"""

from __future__ import annotations

import ctypes as ct
from collections.abc import Iterator

import numpy as np

from . import _hot
from . import state as st
from .cpu import Cpu
from .native import check_sizes

FARTHEST = 48
"""Halfwords behind MRS within which the registers are stored."""


class StackSave(ct.Structure):
    """One such instruction: `struct stack_save`."""

    _fields_ = [
        ("reg_read", ct.c_void_p),
        ("stacks", ct.c_void_p),
        ("deeper", ct.c_void_p),
        ("count", ct.c_void_p),
        ("base", ct.c_uint32),
        ("size", ct.c_uint32),
    ]


check_sizes(_hot, {"stack_save": ct.sizeof(StackSave)})


def find_saves(code: bytes | bytearray) -> Iterator[tuple[int, int, int]]:
    """(offset, register, bytes) of each store of registers below PSP in `code`."""
    words = np.frombuffer(code, np.uint16, len(code) // 2)
    reads = np.flatnonzero((words[:-1] == 0xF3EF) & (words[1:] & 0xF0FF == 0x8009))
    for at in reads.tolist():
        register = int(words[at + 1]) >> 8 & 15
        for n in range(at + 2, min(at + 2 + FARTHEST, len(words) - 1)):
            first, second = int(words[n]), int(words[n + 1])
            if first == 0xE920 | register:  # STMDB Rn!, {...}
                yield 2 * n, register, 4 * (second & 0x5FFF).bit_count()
            elif first & 0xFFBF == 0xED20 | register and second & 0x0E00 == 0x0A00:  # VSTMDB Rn!, {...}
                yield 2 * n, register, 4 * (second & 0xFF)


def watch_saves(cpu: Cpu) -> list[StackSave]:
    """Let such stores in flash count for the stacks that `cpu` watches. The result must outlive the run."""
    clock, kind = ct.addressof(cpu.clock), type(cpu.clock)
    saves = []
    memory = cpu.blocks.memories[0]
    for offset, register, size in dict.fromkeys(find_saves(memory.data)):
        save = StackSave(
            reg_read=cpu.clock.reg_read, stacks=cpu.clock.stacks,
            deeper=clock + kind.deeper.offset,  # type: ignore[union-attr]
            count=clock + kind.stack_count.offset,  # type: ignore[attr-defined]
            base=st.CORE[register], size=size,
        )  # fmt: skip
        at = memory.base + offset
        cpu.engine.add_code_hook(at, _hot.on_stack_save, ct.addressof(save))
        saves.append(save)
    return saves
