"""The other end of native code's callbacks: loads and stores of devices, and of memory that somebody watches.

An access happens at `clock.now`, the moment of its instruction, up to which time passes first. From the third time on,
native code itself reads registers that read the same until something happens (`clock.polled`).
"""

from __future__ import annotations

import ctypes as ct
from collections.abc import Callable, Sequence
from typing import Any

from ..kernel import Scheduler
from ..soc import Seen, Soc
from . import _hot
from .bus import Bus
from .engine import Engine
from .hot import MOST_POLLED, READ, WRITE, Clock, Window
from .inputs import Inputs, native_inputs
from .watched import Watched


class Accesses:
    """What the program reads and writes beyond its memory."""

    def __init__(self, clock: Clock, scheduler: Scheduler, bus: Bus, ram: range) -> None:
        self.clock, self.scheduler, self.bus = clock, scheduler, bus
        self.watched = Watched(ram)
        self.under_way = False
        """An access is being made: the instruction is `clock.pc`, the moment `clock.now`."""
        self.on_error: Callable[[BaseException], None] = lambda error: None
        """An exception in a callback would be lost in native code."""
        self._seen: set[int] = set()
        """Addresses of registers that were read since the last write."""
        self._polled, self._values = clock.polled, clock.polled_values
        self._keep: list[Any] = []
        self._inputs: list[tuple[Inputs, int]] = []
        """Pins whose level native code tells, and how many ports that are."""
        self._plain = READ(self._read), WRITE(self._write)
        self._told = READ(self._told_read), WRITE(self._told_write)
        clock.read, clock.write = self._plain

    def map(self, engine: Engine, soc: Soc, pages: Sequence[tuple[int, int]]) -> None:
        """Let `engine` ask here for (first page, count) each."""
        for page, count in pages:
            first, size = page << 12, count << 12
            window = Window(ct.addressof(self.clock), first)
            self._keep.append(window)
            at, read = ct.addressof(window), _hot.on_read
            inputs = native_inputs(soc, self.clock, first, size, self._keep)
            if inputs is not None:
                at, read = ct.addressof(inputs), _hot.on_input_read
                self._inputs.append((inputs, inputs.count))
            engine.map_io(first, size, read, _hot.on_write, at)

    def watch(self, addresses: Sequence[range], seen: Seen) -> bool:
        """Tell `seen` of accesses to `addresses` from now on, whether there are any."""
        self.watched.set(addresses, seen)
        watching = bool(self.watched.ranges)
        self.clock.read, self.clock.write = self._told if watching else self._plain
        for inputs, count in self._inputs:
            inputs.count = 0 if watching else count
        return watching

    def _advance(self) -> None:
        self.under_way = True
        self.scheduler.advance(self.clock.now)

    def _read(self, address: int, size: int) -> int:
        try:
            self._advance()
            value = self.bus.read(address, size)
            if address not in self._seen:
                self._seen.add(address)
            elif size == 4 and self.bus.stores(address):  # somebody waits for it to change
                count = self.clock.polled_count
                if count < MOST_POLLED:
                    self._polled[count], self._values[count] = address, value
                    self.clock.polled_count = count + 1
                return value
            self.clock.polled_count = 0  # of what is not storage a read may change anything
            return value
        except BaseException as error:
            self.on_error(error)
            return 0
        finally:
            self.under_way = False

    def _write(self, address: int, size: int, value: int) -> None:
        try:
            self._advance()
            self._seen.clear()
            self.bus.write(address, size, value)
        except BaseException as error:
            self.on_error(error)
        finally:
            self.under_way = False

    def _told_read(self, address: int, size: int) -> int:
        found = self.bus.memory(address, size)
        if found is None:
            value = self._read(address, size)
        else:
            value = int.from_bytes(found[0][found[1] : found[1] + size], "little")
        self.clock.polled_count = 0
        self._tell(address, size, False)
        return value

    def _told_write(self, address: int, size: int, value: int) -> None:
        found = self.bus.memory(address, size)
        if found is None:
            self._write(address, size, value)
        else:
            found[0][found[1] : found[1] + size] = value.to_bytes(size, "little")
        self._tell(address, size, True)

    def _tell(self, address: int, size: int, store: bool) -> None:
        try:
            self._advance()
            self.watched.tell(address, size, store)
        except BaseException as error:
            self.on_error(error)
        finally:
            self.under_way = False
