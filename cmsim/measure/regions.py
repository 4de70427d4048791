"""Regions of code: cycles and instructions of every pass from one point to another.

`NAME=FROM..TO`; a point is a symbol or address (in front of that instruction), `file.cc:120` (in front of the line's
code), `return of f`, or `itm5=1` (the write of 1 to ITM stimulus port 5, whether the port is enabled or not). A pass
goes from the last FROM to the first TO behind it; where FROM is a function and TO its return, it is the outermost call.
The code of a line is often in several pieces, a loop's head before and behind its body, or as the compiler scheduled
it: a pass that began at one piece goes on at the others. Clones that the compiler made of a function for constant
arguments are that function. Marks of firmware/include/cmsim_region.h are regions, too.

Not modelled: points inside an IT block count behind it; passes of several threads at a time are not told apart.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import UsageError
from ..image import Image

if TYPE_CHECKING:
    from ..machine import Machine

GRAMMAR = "write NAME=FROM..TO with symbols, addresses, file:line, 'return of f' or itm5=1"
_RETURN = re.compile(r"return of (?P<function>.+)")
_ITM = re.compile(r"itm(?P<port>\d+)=(?P<value>\w+)")
_LINE = re.compile(r"(?P<file>[^:]+):(?P<line>\d+)")
_DOTS = re.compile(r"(?<![./])\.\.(?![./])")
"""Between two points, not within "../main.cc:40"."""
Callback = Callable[[int, int, int | None], None]
"""(cycle, instruction) at which a point is reached; the address, if it is a piece of a line's code."""


class Place(NamedTuple):
    """A point: "code" and "line" at addresses, "return" of functions at addresses, "itm" of a port and a value."""

    kind: str
    at: tuple[int, ...]


@dataclass
class Region:
    """What was counted between two points."""

    name: str
    begin: str
    end: str
    cycles: array[int] = field(default_factory=lambda: array("Q"))
    """Of each pass, in order."""
    instructions: array[int] = field(default_factory=lambda: array("Q"))
    begins: array[int] = field(default_factory=lambda: array("Q"))
    """The cycle at which each pass began."""
    interrupt_cycles: int = 0
    """Of all passes together, those that exceptions took."""
    opened: tuple[int, int, int] | None = None
    opened_at: int | None = None
    """The piece of a line's code at which the pass that is open began."""

    def row(self) -> dict[str, Any]:
        """One of `regions` of the record."""
        return {
            "name": self.name, "from": self.begin, "to": self.end, "passes": len(self.cycles),
            "cycles": _summary(self.cycles), "instructions": _summary(self.instructions),
            "interrupt_cycles": self.interrupt_cycles,
        }  # fmt: skip


def _summary(values: array[int]) -> dict[str, Any] | None:
    if not values:
        return None
    return {"min": min(values), "median": median(values), "max": max(values), "total": sum(values)}


class RegionMeter:
    """Counts the regions that the image marks, and those that are asked for."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.regions: list[Region] = []
        machine.watches.on_forget.append(self._forget)
        names = dict.fromkeys(mark.name for mark in machine.image.marks)
        for name in names:
            self._marked(name)

    def _marked(self, name: str) -> None:
        places = [mark for mark in self.machine.image.marks if mark.name == name]
        begins = [mark.address for mark in places if mark.begins]
        ends = [mark.address for mark in places if not mark.begins]
        if begins and ends:
            region = self._region(name, "mark", "mark")
            self._at(ends, lambda *now: self._end(region, *now))
            self._at(begins, lambda *now: self._begin(region, *now))

    def _region(self, name: str, begin: str, end: str) -> Region:
        self.regions.append(Region(name, begin, end))
        return self.regions[-1]

    def add(self, text: str) -> Region:
        """Count `NAME=FROM..TO` from now on. UsageError if it is not that, or names what is not there."""
        name, equals, points = text.partition("=")
        parts = [part.strip() for part in _DOTS.split(points)]
        if not (name.strip() and equals and len(parts) == 2 and all(parts)):
            raise UsageError(f"--region {text!r}: {GRAMMAR}")
        begin, end = parts
        region = Region(name.strip(), begin, end)
        try:
            first, last = self._place(begin), self._place(end)
            if (first.kind, last) == ("code", Place("return", first.at)):
                self._whole_calls(region, first.at)
            elif first == last:
                self._listen(first, lambda *now: self._again(region, *now))
            else:  # where both are reached at once, a pass ends before the next begins
                self._listen(last, lambda *now: self._end(region, *now))
                self._listen(first, lambda *now: self._begin(region, *now))
        except UsageError as error:
            raise UsageError(f"--region {text!r}: {error}") from None
        self.regions.append(region)
        return region

    def rows(self) -> list[dict[str, Any]]:
        """`regions` of the record."""
        return [region.row() for region in self.regions]

    # --- points -------------------------------------------------------------------------------------------

    def _place(self, text: str) -> Place:
        """Where that is; UsageError if there is no such place."""
        image = self.machine.image
        if found := _ITM.fullmatch(text):
            return Place("itm", (_port(found["port"]), _number(found["value"])))
        if found := _RETURN.fullmatch(text):
            return Place("return", _copies(image, found["function"]))
        if (found := _LINE.fullmatch(text)) and "::" not in text:
            return Place("line", tuple(_line(image, found["file"], int(found["line"]))))
        return Place("code", _copies(image, text))

    def _listen(self, place: Place, callback: Callback) -> None:
        if place.kind == "itm":
            self._itm(place.at[0], place.at[1], callback)
        elif place.kind == "return":
            for function in place.at:
                self._behind(function, callback)
        else:
            self._at(place.at, callback, place.kind == "line")

    def _at(self, addresses: Iterable[int], callback: Callback, pieces: bool = False) -> None:
        for address in addresses:
            self.machine.watches.on_entry(address, partial(self._call, callback, address if pieces else None))

    def _behind(self, function: int, callback: Callback) -> None:
        watches = self.machine.watches
        watches.on_entry(function, lambda: watches.on_return(lambda: self._call(callback)))

    def _call(self, callback: Callback, piece: int | None = None) -> None:
        clock = self.machine.cpu.clock
        callback(clock.cycles, clock.instructions, piece)

    def _itm(self, port: int, value: int, callback: Callback) -> None:
        clock = self.machine.cpu.clock

        def hear(at: int, written: int) -> None:
            if (at, written) == (port, value):
                callback(clock.now, clock.now_instructions, None)

        self.machine.cpu.itm.listeners.append(hear)

    def _whole_calls(self, region: Region, functions: Iterable[int]) -> None:
        """From the entry of an outermost call to its return; a call that longjmp leaves is no pass."""
        watches = self.machine.watches

        def left() -> None:
            region.opened = None

        def enter() -> None:
            if region.opened is None:
                self._call(lambda *now: self._begin(region, *now))
                watches.on_return(lambda: self._call(lambda *now: self._end(region, *now)), left=left)

        for function in functions:
            watches.on_entry(function, enter)

    # --- passes -------------------------------------------------------------------------------------------

    @property
    def _interrupted(self) -> int:
        meter = self.machine.inference_meter
        return 0 if meter is None else meter.interrupts.cycles

    def _begin(self, region: Region, cycle: int, instruction: int, piece: int | None = None) -> None:
        if region.opened is None or piece in (None, region.opened_at):
            region.opened = cycle, instruction, self._interrupted
            region.opened_at = piece

    def _again(self, region: Region, cycle: int, instruction: int, piece: int | None = None) -> None:
        """The end of a pass and the begin of the next."""
        if region.opened is None or piece in (None, region.opened_at):
            self._end(region, cycle, instruction)
            self._begin(region, cycle, instruction, piece)

    def _end(self, region: Region, cycle: int, instruction: int, piece: int | None = None) -> None:
        if region.opened is None:
            return
        began, first, interrupted = region.opened
        region.opened = None
        region.begins.append(began)
        region.cycles.append(cycle - began)
        region.instructions.append(instruction - first)
        region.interrupt_cycles += self._interrupted - interrupted

    def _forget(self) -> None:
        """A reset: what had begun never ends."""
        for region in self.regions:
            region.opened = None


def _copies(image: Image, name: str) -> tuple[int, ...]:
    """The addresses of a function and of its clones."""
    return tuple(sorted({symbol.address & ~1 for symbol in image.find_copies(name)}))


def _port(text: str) -> int:
    if int(text) > 31:
        raise UsageError(f"itm{text}: the ITM has ports 0 to 31")
    return int(text)


def _number(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise UsageError(f"{text!r} is not a number") from None


def _line(image: Image, file: str, line: int) -> list[int]:
    """The addresses where code of that line begins."""
    tail = "/" + re.sub(r"^(\.{0,2}/)+", "", file)
    found = [address for address, at in image.lines
             if at is not None and at.line == line and f"/{at.file}".endswith(tail)]
    if not found:
        known = sorted({at.line for _, at in image.lines if at is not None and f"/{at.file}".endswith(tail)})
        near = min(known, key=lambda n: (abs(n - line), n), default=None)
        if near is None:
            raise UsageError(f"no code of a file {file!r} in the debug information (compile with -g)")
        raise UsageError(f"line {line} of {file} has no code of its own; the nearest that has is {near}")
    return found
