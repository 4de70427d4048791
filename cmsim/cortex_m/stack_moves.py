"""Where Thread mode goes on to another stack by itself: MSR PSP, Rn; MSR CONTROL, Rn; MOV SP, Rn.

Kernels do so at system calls of user threads (Zephyr) and as they start, coroutines as they switch. `MOV SP, R7` and
`MOV SP, R11` are ends of functions with frame pointers.

Not modelled: LDR SP and arithmetic with a register; such code anywhere but in flash.
"""

from __future__ import annotations

import ctypes as ct
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from . import state as st
from .cpu import Cpu

MSR_PSP, MSR_CONTROL, MOV_SP = "MSR PSP", "MSR CONTROL", "MOV SP"
FRAME_POINTERS = 7, 11

_CALLBACK = ct.CFUNCTYPE(None, ct.c_void_p, ct.c_uint64, ct.c_uint32, ct.c_void_p)


def find_moves(code: bytes | bytearray) -> Iterator[tuple[int, str, int]]:
    """(offset, instruction, register) of each such instruction in `code`, and of data that looks like one."""
    words = np.frombuffer(code, np.uint16, len(code) // 2)
    for at in np.flatnonzero(words[:-1] & 0xFFF0 == 0xF380).tolist():  # MSR
        kind = {0x8809: MSR_PSP, 0x8814: MSR_CONTROL}.get(int(words[at + 1]))
        if kind is not None:
            yield 2 * at, kind, int(words[at]) & 15
    for at in np.flatnonzero(words & 0xFF87 == 0x4685).tolist():
        register = int(words[at]) >> 3 & 15
        if register not in FRAME_POINTERS and register < 13:
            yield 2 * at, MOV_SP, register


def watch_moves(cpu: Cpu, moved: Callable[[int], None], is_code: Callable[[int], bool]) -> list[object]:
    """Call `moved` with the new SP in front of each such instruction in flash that changes it.

    The result must outlive the run.
    """
    memory = cpu.blocks.memories[0]
    callbacks: list[object] = []
    for offset, kind, register in find_moves(memory.data):
        at = memory.base + offset
        if is_code(at):
            callback = _CALLBACK(partial(_tell, cpu, moved, kind, st.CORE[register]))
            cpu.engine.add_code_hook(at, ct.cast(callback, ct.c_void_p).value or 0, 0)
            callbacks.append(callback)
    return callbacks


def _tell(cpu: Cpu, moved: Callable[[int], None], kind: str, register: int, *_: int) -> None:
    """The instruction is about to run."""
    read = cpu.registers.read
    ipsr, control, value = read(st.IPSR), read(st.CONTROL), read(register)
    if kind is MSR_PSP and (ipsr or not control & st.SPSEL):
        return  # not the stack in use: what an exception returns to shows with the exception
    if kind is MSR_CONTROL:
        if ipsr or control & st.NPRIV or not (control ^ value) & st.SPSEL:
            return
        value = read(st.PSP if value & st.SPSEL else st.MSP)
    moved(value & ~3)
