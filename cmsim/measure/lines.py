"""Cycles by source line, by object and by inlined function: the first two add up to the length of the run.

Rows that no instruction stands for: "(exceptions)" for stacking and unstacking, "(sleep)", and "(unattributed)", which
is there only if something is left over. Code without debug information is one row a function, and one object.

Not modelled: objects and libraries of code without debug information.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .instructions import Executed, executed

if TYPE_CHECKING:
    from ..cortex_m.counts import BlockCounter
    from ..image import Image

NO_DEBUG_INFORMATION = "(no debug information)"
Place = tuple[str | None, int | None, str]
"""File, line, function."""


def lines_record(image: Image, counter: BlockCounter, cycles: int) -> dict[str, Any]:
    """`lines`, `objects` and `inlined` of the record (docs/profile.md), most cycles first. `cycles` is the clock's."""
    ran = executed(counter)
    lines: dict[Place, int] = {}
    copies: dict[Place, dict[str, int]] = {}
    objects: dict[str, int] = {}
    inlined: dict[tuple[str, str], int] = {}
    for address, cost in ran.cycles.items():
        symbol, line = image.function_at(address), image.line(address)
        around = image.scopes.inlined_at(address)
        function = f"0x{address:08x}" if symbol is None else symbol.demangled
        place = (line and line.file, line and line.line, around[0].name if around else function)
        _add(lines, place, cost)
        _add(objects, image.object_at(address) or NO_DEBUG_INFORMATION, cost)
        if around:
            _add(inlined, (around[0].name, function), cost)
        of = copies.setdefault(place, {})
        of[function] = max(of.get(function, 0), ran.runs[address])
    others = _others(counter, ran, cycles)
    nowhere: list[tuple[Place, int]] = [((None, None, name), cost) for name, cost in others]
    return {
        "lines": _sorted(
            {"file": place[0], "line": place[1], "function": place[2], "cycles": cost,
             "runs": sum(copies[place].values()) if place in copies else None}
            for place, cost in (*lines.items(), *nowhere)
        ),
        "objects": _sorted({"object": name, "cycles": cost} for name, cost in (*objects.items(), *others)),
        "inlined": _sorted({"function": f, "into": into, "cycles": cost} for (f, into), cost in inlined.items()),
    }  # fmt: skip


def _add(to: dict[Any, int], key: Any, cycles: int) -> None:
    to[key] = to.get(key, 0) + cycles


def _others(counter: BlockCounter, ran: Executed, cycles: int) -> list[tuple[str, int]]:
    """What is not in any instruction."""
    rows = [("(exceptions)", counter.exception_cycles), ("(sleep)", counter.sleep_cycles)]
    left = cycles - sum(ran.cycles.values()) - sum(cost for _, cost in rows)
    return [row for row in (*rows, ("(unattributed)", left)) if row[1]]


def _sorted(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(rows, key=lambda row: (-row["cycles"], *(str(value) for value in row.values())))
