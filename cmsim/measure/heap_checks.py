"""What a run may be asked about its heap: no allocation behind a point; what leaks between two points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..record import Stop
from .heap import HeapMeter, Leaks
from .points import Point
from .unwind import Frame, Unwinder

if TYPE_CHECKING:
    from ..machine import Machine


def heap_of(machine: Machine) -> HeapMeter:
    """The machine's heap. UsageError where nothing of it can be followed."""
    heap = machine.heap
    if heap is None or not heap.present:
        raise UsageError(f"{machine.image.path}: no allocator found (malloc, operator new, pvPortMalloc, k_malloc), so "
                         "that nothing can be said of the heap; an ELF with symbols is needed")
    return heap


class NoAllocation:
    """Once `after` was reached, the first call that asks for memory ends the run (stop reason "allocation")."""

    def __init__(self, machine: Machine, after: str) -> None:
        self.machine, self.heap = machine, heap_of(machine)
        self.violation: dict[str, Any] | None = None
        """`function`, `source`, `size`, `cycle` and `stack` of the first allocation that came too late."""
        self.after = Point(machine, after, lambda: None)
        self.heap.on_allocation.append(self._allocates)
        self.heap.reports["no_allocation_after"] = self.record
        machine.checks.append(self)

    def _allocates(self, size: int, site: int) -> None:
        if self.after.reached is None or self.violation is not None:
            return
        function, source = self.heap.place(site)
        core = self.machine.cpu.registers.core.read()
        frames = Unwinder(self.machine).walk(self.machine.cpu.exceptions.pc, core[13], core[14])[1:]
        self.violation = {"function": function, "source": source, "size": size, "cycle": self.machine.cycles,
                          "stack": [frame.row(self.machine) for frame in frames]}  # fmt: skip
        self.machine.end(Stop("allocation", self._sentence()))

    def _sentence(self) -> str:
        assert self.violation is not None
        source = f" ({self.violation['source']})" if self.violation["source"] else ""
        return f"{self.violation['function']}{source} asks for {self.violation['size']:,} bytes after {self.after}"

    def record(self) -> dict[str, Any]:
        """For `heap.no_allocation_after` of the record."""
        return {"point": self.after.what, "reached_cycle": self.after.reached, "violation": self.violation}

    @property
    def failure(self) -> str | None:
        """Why the firmware does not pass: it allocated, or the point was never reached."""
        if self.violation is not None:
            return self._sentence()
        if self.after.reached is not None:
            return None
        return f"{self.after} was never reached: nothing was checked{self.after.hint}"


class LeakCheck:
    """Blocks that are allocated from when `begin` is first reached until `end` is (or until the run ends), and stay."""

    def __init__(self, machine: Machine, begin: str, end: str | None = None) -> None:
        self.machine, self.heap = machine, heap_of(machine)
        self.begin = Point(machine, begin, lambda: setattr(self.heap, "callers", self._callers))
        self.end = None if end is None else Point(machine, end, self._ends)
        self._found: Leaks | None = None
        self._prologues: dict[int, tuple[int, int]] = {}
        self.heap.reports["leaks"] = self.record
        machine.checks.append(self)

    @classmethod
    def parse(cls, machine: Machine, text: str) -> LeakCheck:
        """From "FROM..TO" or "FROM.."; UsageError otherwise."""
        begin, dots, end = text.partition("..")
        if not dots or not begin:
            raise UsageError(f"--leaks {text!r}: write it as FROM..TO or FROM.., functions or texts")
        return cls(machine, begin, end or None)

    def _ends(self) -> None:
        if self._found is None and self.begin.reached is not None:
            self._found = self.heap.since(self.begin.reached)
            self.heap.callers = None

    @property
    def leaks(self) -> Leaks | None:
        """What is left over; None if the beginning was never reached."""
        if self._found is not None:
            return self._found
        return None if self.begin.reached is None else self.heap.since(self.begin.reached)

    @property
    def failure(self) -> str | None:
        """Why nothing can be said."""
        points = (self.begin, *([self.end] if self.end is not None else []))
        missed = [point for point in points if point.reached is None]
        names, hints = " and ".join(map(str, missed)), "".join(point.hint for point in missed)
        return f"{names}: never reached, so that leaks are unknown{hints}" if missed else None

    def record(self) -> dict[str, Any]:
        """For `heap.leaks` of the record."""
        leaks = self.leaks or Leaks(())
        return {"bytes": leaks.size, "blocks": len(leaks.blocks), "sites": self._sites(leaks)}

    def _callers(self) -> tuple[Frame, ...]:
        """At the entry of an allocation function: who called the one that asks."""
        core = self.machine.cpu.registers.core.read()
        unwinder = Unwinder(self.machine, self._prologues)
        return tuple(unwinder.walk(self.machine.cpu.exceptions.pc, core[13], core[14])[2:])

    def _sites(self, leaks: Leaks) -> list[dict[str, Any]]:
        """Blocks by the source lines of the calls that led to them, most bytes first."""
        found: dict[tuple[Any, ...], dict[str, Any]] = {}
        for block in leaks.blocks:
            function, source = self.heap.place(block.site)
            stack = [frame.row(self.machine) for frame in block.callers]
            lines = tuple(row["source"] or row["address"] for row in stack)
            site = found.setdefault((function, source or block.site, lines), {
                "function": function, "source": source, "bytes": 0, "blocks": 0, "stack": stack,
            })  # fmt: skip
            site["bytes"] += block.taken
            site["blocks"] += 1
        return sorted(found.values(), key=lambda site: -int(site["bytes"]))
