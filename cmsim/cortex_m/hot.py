"""The structures of `hot.h`, and the callbacks' addresses. Both sides check the sizes at import."""

from __future__ import annotations

import ctypes as ct
import struct
from enum import IntEnum, IntFlag

import numpy as np

from . import _hot
from .decode import Instruction
from .native import check_sizes

SLOT = struct.Struct("<QQQQIIQIHHQ")
"""One slot of the block table as it is written: `struct block`."""
BLOCK = np.dtype(
    [
        ("cycles", "<u8"), ("instructions", "<u8"), ("bounds", "<u8"), ("exit_bounds", "<u8"), ("exit", "<u4"),
        ("jump", "<u4"), ("detail", "<u8"), ("key", "<u4"), ("countdown", "<u2"), ("interval", "<u2"),
        ("fetched", "<u8"),
    ]
)  # fmt: skip
"""The same for looking at a whole table."""


def both(below: int, above: int) -> int:
    """Two bounds in one number, as native code adds them."""
    return above << 32 | below


class BlockFlag(IntFlag):
    """What is special about a block."""

    WATCHED, FP, MASKS, CHECKED, STACK, ALLOCA, CHANGES, DRIFTS, UNALIGNED, FAULTMASK = (1 << n for n in range(10))


class Stop(IntEnum):
    """Why native code asked Unicorn to stop."""

    NONE, DEADLINE, WATCH, FP, ALIGNMENT, DIVIDE, RELEARN, HOOK, INTERRUPT, DENIED, STACK = range(11)


class Access(ct.Structure):
    """How an instruction forms its address: `struct access`."""

    _fields_ = [
        ("base", ct.c_uint8),
        ("index", ct.c_uint8),
        ("shift", ct.c_uint8),
        ("pad", ct.c_uint8),
        ("displacement", ct.c_int32),
    ]

    @classmethod
    def of(cls, instruction: Instruction) -> Access:
        """The operand of a memory instruction."""
        return cls(instruction.base, instruction.index, instruction.shift, 0, instruction.offset)


class Place(ct.Structure):
    """Where an instruction stands in its block: `struct place`."""

    ordinal: int
    probe: int

    _fields_ = [("start", ct.c_uint16), ("ordinal", ct.c_uint16), ("probe", ct.c_uint16), ("pad", ct.c_uint16)]


class Check(ct.Structure):
    """An address that must be aligned: `struct check`."""

    _fields_ = [
        ("reg", ct.c_uint8),
        ("times", ct.c_uint8),
        ("other", ct.c_uint8),
        ("other_times", ct.c_uint8),
        ("add", ct.c_uint8),
        ("mask", ct.c_uint8),
        ("ordinal", ct.c_uint16),
    ]


class Operand(ct.Structure):
    """A register or a word of the stack, plus a constant: `struct operand`."""

    _fields_ = [
        ("reg", ct.c_uint8),
        ("in_stack", ct.c_uint8),
        ("pad", ct.c_uint16),
        ("offset", ct.c_int32),
        ("add", ct.c_int32),
    ]


class Divide(ct.Structure):
    """A divide whose operands are known when its block starts: `struct divide`."""

    ordinal: int
    spent: int

    _fields_ = [
        ("dividend", Operand),
        ("divisor", Operand),
        ("ordinal", ct.c_uint16),
        ("is_signed", ct.c_uint8),
        ("charges", ct.c_uint8),
        ("traps", ct.c_uint8),
        ("spent", ct.c_uint8),
    ]


class Probe(ct.Structure):
    """Loads whose memory a register tells at the start of the block: `struct probe`."""

    more: int

    _fields_ = [
        ("reg", ct.c_uint8),
        ("lines", ct.c_uint8),
        ("other", ct.c_uint8),
        ("times", ct.c_uint8),
        ("width", ct.c_uint16),
        ("more", ct.c_uint16),
        ("add", ct.c_int32),
    ]


class Span(ct.Structure):
    """Cycles with what they may be less and more: `struct span`."""

    best: int

    _fields_ = [("best", ct.c_uint32), ("below", ct.c_uint32), ("above", ct.c_uint32)]


class FetchMode(IntEnum):
    """How code in flash is fetched, as far as time is concerned."""

    FREE, LINES, CACHED, PROFILED = range(4)


CACHE_LINES = 128
"""2 KB in lines of 16 bytes, two ways (cmsim/timing/memory.py)."""
NO_LINE = 0xFFFF_FFFF


class Detail(ct.Structure):
    """What only some callbacks need of a block: `struct detail`."""

    _fields_ = [
        ("code", ct.c_void_p),
        ("places", ct.c_void_p),
        ("checks", ct.c_void_p),
        ("probes", ct.c_void_p),
        ("divides", ct.c_void_p),
        ("check_count", ct.c_uint32),
        ("probe_count", ct.c_uint32),
        ("divide_count", ct.c_uint32),
        ("size", ct.c_uint32),
        ("stack_low", ct.c_int32),
        ("flash_lines", ct.c_uint32),
        ("load_store", ct.c_uint32),
        ("folded", ct.c_uint32),
    ]


DETAIL = struct.Struct("<QQQQQIIIIiIII")
"""The same as one writes it, pointers first."""
POINTERS = struct.Struct("<QQQQQ")


class Region(ct.Structure):
    """A stretch of memory that code may run in: `struct region`."""

    _fields_ = [
        ("base", ct.c_uint32),
        ("size", ct.c_uint32),
        ("blocks", ct.c_void_p),
        ("memory", ct.c_void_p),
    ]


class Stack(ct.Structure):
    """A stack whose deepest use is wanted: `struct stack`."""

    low: int
    high: int
    deepest: int
    guard: int
    at: int
    paths: int
    nodes: ct.Array[ct.c_uint32]

    _fields_ = [
        ("low", ct.c_uint32),
        ("high", ct.c_uint32),
        ("deepest", ct.c_uint32),
        ("guard", ct.c_uint32),
        ("at", ct.c_uint32),
        ("paths", ct.c_uint32),
        ("nodes", ct.c_uint32 * 6),
    ]


class Guard(ct.Structure):
    """Memory whose rights change within a page: `struct guard`."""

    _fields_ = [
        ("physical", ct.c_uint32),
        ("base", ct.c_uint32),
        ("size", ct.c_uint32),
        ("memory", ct.c_void_p),
        ("rights", ct.c_void_p),
    ]


LEARN = ct.CFUNCTYPE(ct.c_uint32, ct.c_uint32, ct.c_uint32)
READ = ct.CFUNCTYPE(ct.c_uint32, ct.c_uint32, ct.c_uint32)
WRITE = ct.CFUNCTYPE(None, ct.c_uint32, ct.c_uint32, ct.c_uint32)


MOST_POLLED = 8
SETTLED = 0x80
"""Of `Clock.resumed`: the block that was announced again has been charged."""


class Clock(ct.Structure):
    """The state of the hot path: `struct clock`."""

    cycles: int
    instructions: int
    deadline: int
    now: int
    now_instructions: int
    address: int
    fall_through: int
    below: int
    above: int
    recent: int
    limit: int
    fetch_mode: int
    round: int
    reordered: int
    polled_count: int
    polled: ct.Array[ct.c_uint32]
    polled_values: ct.Array[ct.c_uint32]
    load_store: int
    folded: int
    counting: int
    hits: int
    misses: int
    unaligned_load: Span
    flash_size: int
    paid: int
    paid_size: int
    cache: ct.Array[ct.c_uint32]
    resumed: int
    passed_hook: int
    masks_matter: int
    fp_trap: int
    stop: int
    detail_value: int
    pc: int
    sev: int
    hook_at: int
    hook_cycles: int
    hook_instructions: int
    it_state: int
    guard_count: int
    stack_count: int
    stacks: int | None
    last_stack: int | None
    deeper: int | None
    guards: int | None
    region_count: int

    _fields_ = [
        ("cycles", ct.c_uint64),
        ("instructions", ct.c_uint64),
        ("limit", ct.c_uint64),
        ("recent", ct.c_uint64),
        ("block", ct.c_void_p),
        ("address", ct.c_uint32),
        ("fall_through", ct.c_uint32),
        ("flash", ct.c_void_p),
        ("flash_base", ct.c_uint32),
        ("flash_size", ct.c_uint32),
        ("mask", ct.c_uint32),
        ("fetch_mode", ct.c_uint32),
        ("round_cycles", ct.c_uint64),
        ("round_instructions", ct.c_uint64),
        ("round_bounds", ct.c_uint64),
        ("round", ct.c_uint32),
        ("round_mask", ct.c_uint32),
        ("reordered", ct.c_uint64),
        ("polled_count", ct.c_uint32),
        ("polled", ct.c_uint32 * MOST_POLLED),
        ("polled_values", ct.c_uint32 * MOST_POLLED),
        ("load_store", ct.c_uint64),
        ("folded", ct.c_uint64),
        ("deadline", ct.c_uint64),
        ("now", ct.c_uint64),
        ("now_instructions", ct.c_uint64),
        ("below", ct.c_uint64),
        ("above", ct.c_uint64),
        ("resumed", ct.c_uint32),
        ("passed_hook", ct.c_uint32),
        ("masks_matter", ct.c_uint32),
        ("fp_trap", ct.c_uint32),
        ("stop", ct.c_uint32),
        ("detail_value", ct.c_uint32),
        ("it_state", ct.c_uint32),
        ("pc", ct.c_uint32),
        ("look_at_sp", ct.c_uint32),
        ("sev", ct.c_uint32),
        ("hook_at", ct.c_uint32),
        ("hook_cycles", ct.c_int32),
        ("hook_instructions", ct.c_uint64),
        ("region_count", ct.c_uint32),
        ("guard_count", ct.c_uint32),
        ("stack_count", ct.c_uint32),
        ("regions", ct.c_void_p),
        ("guards", ct.c_void_p),
        ("stacks", ct.c_void_p),
        ("last_stack", ct.c_void_p),
        ("deeper", ct.c_void_p),
        ("learn", LEARN),
        ("read", READ),
        ("write", WRITE),
        ("emu_stop", ct.c_void_p),
        ("reg_read", ct.c_void_p),
        ("reg_write", ct.c_void_p),
        ("counting", ct.c_uint32),
        ("pad", ct.c_uint32),
        ("paid", ct.c_uint32),
        ("paid_size", ct.c_uint32),
        ("flash_line", Span),
        ("cache_miss", Span),
        ("flash_load", Span),
        ("peripheral_load", Span),
        ("unaligned_load", Span),
        ("hits", ct.c_uint64),
        ("misses", ct.c_uint64),
        ("cache", ct.c_uint32 * CACHE_LINES),
    ]

    def attend(self) -> None:
        """Stop in front of the next block."""
        self.deadline = self.limit = 0


class HookKind(IntEnum):
    """What a hook in front of an instruction is for."""

    WATCH, ALIGNMENT, DIVIDE, BREAK, SKIP = range(5)


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


_STRUCTURES = (
    Access, Place, Check, Operand, Divide, Probe, Span, Detail, Region, Stack, Guard, Clock, Hook, Window,
)  # fmt: skip
check_sizes(_hot, {s.__name__.lower(): ct.sizeof(s) for s in _STRUCTURES} | {"block": BLOCK.itemsize})
if not DETAIL.size == ct.sizeof(Detail) or not SLOT.size == BLOCK.itemsize:
    raise ImportError("cmsim: DETAIL and SLOT differ from the structures that they write")
