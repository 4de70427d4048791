"""The structures that `_hot.c` works on, and its callbacks' addresses. Both sides check the sizes at import."""

from __future__ import annotations

import ctypes as ct
from enum import IntEnum, IntFlag

import numpy as np

from . import _hot
from .decode import Instruction

BLOCK = np.dtype(
    {
        "names": ["cycles", "instructions", "size", "flags", "detail"],
        "formats": ["<u2", "<u2", "<u2", "<u2", "<u8"],
        "offsets": [0, 2, 4, 6, 8],
        "itemsize": 16,
    }
)
"""One slot of the block table: `struct block`."""


class BlockFlag(IntFlag):
    """What is special about a block."""

    WATCHED, FP, MASKS, CHECKED, LEAVES = 1, 2, 4, 8, 16


class Stop(IntEnum):
    """Why native code asked Unicorn to stop."""

    NONE, DEADLINE, WATCH, FP, ALIGNMENT, RELEARN, HOOK, INTERRUPT = range(8)


class Access(ct.Structure):
    """One load or store that may reach a device: `struct access`."""

    _fields_ = [
        ("offset", ct.c_uint16),
        ("start", ct.c_uint16),
        ("ordinal", ct.c_uint16),
        ("base", ct.c_uint8),
        ("index", ct.c_uint8),
        ("shift", ct.c_uint8),
        ("width", ct.c_uint8),
        ("words", ct.c_uint8),
        ("store", ct.c_uint8),
        ("displacement", ct.c_int32),
    ]


def access_of(instruction: Instruction, block: int, start: int, ordinal: int, store: bool) -> Access:
    """The `Access` of a memory instruction in the block at `block`."""
    return Access(
        instruction.address - block, start, ordinal, instruction.base, instruction.index, instruction.shift,
        instruction.width, instruction.words, store, instruction.offset,
    )  # fmt: skip


class Check(ct.Structure):
    """An address that must be aligned: `struct check`."""

    _fields_ = [
        ("reg", ct.c_uint8),
        ("mask", ct.c_uint8),
        ("ordinal", ct.c_uint16),
        ("add", ct.c_int32),
    ]


class Detail(ct.Structure):
    """What only some callbacks need of a block: `struct detail`."""

    _fields_ = [
        ("code", ct.c_void_p),
        ("accesses", ct.c_void_p),
        ("checks", ct.c_void_p),
        ("access_count", ct.c_uint32),
        ("check_count", ct.c_uint32),
    ]


class Region(ct.Structure):
    """A stretch of memory that code may run in: `struct region`."""

    _fields_ = [
        ("base", ct.c_uint32),
        ("size", ct.c_uint32),
        ("blocks", ct.c_void_p),
        ("memory", ct.c_void_p),
    ]


LEARN = ct.CFUNCTYPE(ct.c_uint32, ct.c_uint32, ct.c_uint32)
READ = ct.CFUNCTYPE(ct.c_uint32, ct.c_uint32, ct.c_uint32)
WRITE = ct.CFUNCTYPE(None, ct.c_uint32, ct.c_uint32, ct.c_uint32)


class Clock(ct.Structure):
    """The state of the hot path: `struct clock`."""

    cycles: int
    instructions: int
    deadline: int
    now: int
    now_instructions: int
    address: int
    size: int
    fall_through: int
    refill: int
    resumed: int
    passed_hook: int
    masks_matter: int
    fp_trap: int
    last_flags: int
    stop: int
    detail_value: int
    pc: int
    sev: int
    cursor: int
    region_count: int

    _fields_ = [
        ("cycles", ct.c_uint64),
        ("instructions", ct.c_uint64),
        ("deadline", ct.c_uint64),
        ("now", ct.c_uint64),
        ("now_instructions", ct.c_uint64),
        ("address", ct.c_uint32),
        ("size", ct.c_uint32),
        ("fall_through", ct.c_uint32),
        ("refill", ct.c_uint32),
        ("resumed", ct.c_uint32),
        ("passed_hook", ct.c_uint32),
        ("masks_matter", ct.c_uint32),
        ("fp_trap", ct.c_uint32),
        ("last_flags", ct.c_uint32),
        ("stop", ct.c_uint32),
        ("detail_value", ct.c_uint32),
        ("pc", ct.c_uint32),
        ("sev", ct.c_uint32),
        ("cursor", ct.c_uint32),
        ("region_count", ct.c_uint32),
        ("regions", ct.c_void_p),
        ("block", ct.c_void_p),
        ("learn", LEARN),
        ("read", READ),
        ("write", WRITE),
        ("emu_stop", ct.c_void_p),
        ("reg_read", ct.c_void_p),
    ]


class HookKind(IntEnum):
    """When a hook in front of an instruction stops."""

    WATCH, ALIGNMENT, DIVIDE, BREAK = range(4)


class Hook(ct.Structure):
    """In front of one instruction: `struct hook`."""

    number: int
    kind: int
    enabled: int
    operand: int

    _fields_ = [
        ("clock", ct.c_void_p),
        ("access", ct.c_void_p),
        ("number", ct.c_uint32),
        ("kind", ct.c_uint32),
        ("enabled", ct.c_uint32),
        ("operand", ct.c_uint32),
    ]


class Window(ct.Structure):
    """A stretch of addresses that devices answer: `struct window`."""

    _fields_ = [("clock", ct.c_void_p), ("base", ct.c_uint32)]


for _structure in (Access, Check, Detail, Region, Clock, Hook, Window):
    _native = getattr(_hot, f"sizeof_{_structure.__name__.lower()}")
    if ct.sizeof(_structure) != _native:
        raise ImportError(f"cmsim: {_structure.__name__} is {ct.sizeof(_structure)} bytes here, {_native} in _hot.c")
if BLOCK.itemsize != _hot.sizeof_block:
    raise ImportError(f"cmsim: a block slot is {BLOCK.itemsize} bytes here, {_hot.sizeof_block} in _hot.c")
