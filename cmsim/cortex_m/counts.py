"""How often each block ran, what it cost, how it was left: the structures that `_counts.c` works on, and who feeds it.

A cycle belongs to the block that ran when it was charged. What no block ran for is told apart: stacking, unstacking and
tail-chaining of exceptions, and sleep. All of it together is the clock, to the cycle.

Not modelled: a cycle that a conditional instruction within an IT block saved; in a block that faulted, the instructions
behind the fault count as run.
"""

from __future__ import annotations

import ctypes as ct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _counts
from .account import Owed
from .blocks import Learned
from .cpu import Cpu
from .hot import BLOCK, Clock
from .native import check_sizes
from .nvic import SystemException

BLOCK_COUNT = np.dtype([("runs", "<u8"), ("cycles", "<u8"), ("fell", "<u8"), ("left", "<u8")])


class CountRegion(ct.Structure):
    """A stretch of code memory: `struct count_region`."""

    _fields_ = [("base", ct.c_uint32), ("size", ct.c_uint32), ("counts", ct.c_void_p)]


class Counts(ct.Structure):
    """The state: `struct counts`."""

    elsewhere: int

    _fields_ = [
        ("cycles", ct.c_void_p),
        ("instructions", ct.c_void_p),
        ("address", ct.c_void_p),
        ("fall_through", ct.c_void_p),
        ("block", ct.c_void_p),
        ("inner", ct.c_void_p),
        ("inner_user", ct.c_void_p),
        ("seen", ct.c_uint64),
        ("marked", ct.c_uint64),
        ("elsewhere", ct.c_uint64),
        ("previous", ct.c_void_p),
        ("previous_start", ct.c_uint32),
        ("previous_end", ct.c_uint32),
        ("exit", ct.c_uint32),
        ("key", ct.c_uint32),
        ("region_count", ct.c_uint32),
        ("previous_exit", ct.c_uint32),
        ("regions", ct.c_void_p),
    ]


_SIZES = {"block_count": BLOCK_COUNT.itemsize, "count_region": ct.sizeof(CountRegion), "counts": ct.sizeof(Counts)}
check_sizes(_counts, _SIZES)

_POINTER = ct.POINTER(Counts)
_settle = ct.CFUNCTYPE(None, _POINTER, ct.c_uint64)(_counts.counts_settle)
_resume = ct.CFUNCTYPE(None, _POINTER, ct.c_uint32)(_counts.counts_resume)
_interrupted = ct.CFUNCTYPE(None, _POINTER, ct.c_uint32)(_counts.counts_interrupted)
_FAULTS = range(SystemException.HARD_FAULT, SystemException.USAGE_FAULT + 1)
_FRAME_PC = 24


@dataclass(frozen=True)
class BlockRuns:
    """One block and what became of it."""

    block: Learned
    runs: int
    cycles: int
    """All that its runs cost: refills behind it, misses and wait states included."""
    fell: int
    """How often the block behind it in memory came next."""
    left: int
    """How often another one did."""
    exit: int
    """Of `cycles`, those of one refill behind it."""


class BlockCounter:
    """Counts the blocks of one CPU. Construct it before anything has run, behind whoever else listens to blocks."""

    def __init__(self, cpu: Cpu) -> None:
        self.cpu = cpu
        self._exception_cycles = 0
        self.sleep_cycles = 0
        self._asleep: int | None = None
        self._frame = 0
        self._left = 0
        self._arrays: list[npt.NDArray[np.void]] = []
        self._tables: list[npt.NDArray[np.void]] = []
        inner, user = cpu.engine.block_hook
        regions = [self._region(n) for n in range(len(cpu.blocks.memories))]
        self._regions = (CountRegion * len(regions))(*regions)
        clock = ct.addressof(cpu.clock)
        followed = ("cycles", "instructions", "address", "fall_through", "block")
        fields: Any = BLOCK.fields
        self._counts = Counts(
            **{name: clock + getattr(Clock, name).offset for name in followed},
            inner=inner, inner_user=user, seen=cpu.clock.instructions, marked=cpu.clock.cycles,
            exit=fields["exit"][1], key=fields["key"][1],
            region_count=len(regions), regions=ct.addressof(self._regions),
        )  # fmt: skip
        self._at = ct.byref(self._counts)
        cpu.engine.replace_block_hook(_counts.on_counted_block, ct.addressof(self._counts))
        cpu.exceptions.on_switch.append(self._switched)
        cpu.exceptions.on_resume.append(self._resumed)
        self._listen()

    def _region(self, n: int) -> CountRegion:
        memory, region = self.cpu.blocks.memories[n], self.cpu.blocks.regions[n]
        counts = np.zeros((len(memory.data) + 1) // 2, BLOCK_COUNT)
        self._arrays.append(counts)
        slots = (ct.c_char * (len(counts) * BLOCK.itemsize)).from_address(region.blocks)
        self._tables.append(np.frombuffer(memoryview(slots), BLOCK))
        return CountRegion(memory.base, len(memory.data), counts.ctypes.data)

    def _listen(self) -> None:
        """Sleep, exception frames and branches to EXC_RETURN have one listener each: stand in front of it."""
        cpu, exceptions = self.cpu, self.cpu.exceptions
        on_sleep, on_frame, on_leave = cpu.on_sleep, exceptions.on_frame, exceptions.on_leave

        def sleep(asleep: bool) -> None:
            if asleep:
                self._asleep = cpu.clock.cycles
                _settle(self._at, cpu.clock.cycles)
            elif self._asleep is not None:
                self.sleep_cycles += cpu.clock.cycles - self._asleep
                self._asleep = None
                _resume(self._at, 0)
            on_sleep(asleep)

        def frame(at: int) -> None:
            self._frame = at
            on_frame(at)

        def leave(value: int) -> None:
            self._left = cpu.clock.cycles
            on_leave(value)

        cpu.on_sleep, exceptions.on_frame, exceptions.on_leave = sleep, frame, leave

    def _switched(self, what: str, sp: int, began: int) -> None:
        until = self._left if what == "return" else began
        _settle(self._at, until)
        if what == "enter" and self.cpu.exceptions.current not in _FAULTS:
            found = self.cpu.bus.memory(self._frame + _FRAME_PC, 4)
            if found is not None:
                data, offset = found
                _interrupted(self._at, int.from_bytes(data[offset : offset + 4], "little") & ~1)
        self._exception_cycles += self.cpu.clock.cycles - until
        _resume(self._at, 1)

    def _resumed(self, owed: Owed) -> None:
        """Behind an exception: what it had interrupted was finished, and is nothing that the next block cost."""
        for memory, counts in zip(self.cpu.blocks.memories, self._arrays, strict=True):
            if 0 <= owed.block - memory.base < len(memory.data):
                counts["cycles"][owed.block - memory.base >> 1] += owed.cycles
        _resume(self._at, 1)

    def reset(self) -> None:
        """The processor was reset: what comes next follows nothing."""
        self.settle()
        _resume(self._at, 1)

    def settle(self) -> None:
        """Everything up to now has its place."""
        now = self.cpu.clock.cycles
        if self._asleep is None:
            _settle(self._at, now)
        else:
            self.sleep_cycles += now - self._asleep
            self._asleep = now
            _resume(self._at, 0)

    @property
    def exception_cycles(self) -> int:
        """Stacking, unstacking, tail-chaining, and FP registers saved lazily in front of a handler's first block."""
        return self._exception_cycles + self._counts.elsewhere

    def blocks(self) -> Iterator[BlockRuns]:
        """Every block that ran, by address."""
        self.settle()
        for memory, counts, table in zip(self.cpu.blocks.memories, self._arrays, self._tables, strict=False):
            for slot in np.flatnonzero(counts["runs"]).tolist():
                learned = self.cpu.blocks.learned.get(memory.base + 2 * slot)
                if learned is not None:
                    runs, cycles, fell, left = counts[slot].tolist()
                    yield BlockRuns(learned, runs, cycles, fell, left, int(table["exit"][slot]))
