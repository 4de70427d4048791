"""What lies where in the chip's memories: sections, stacks, the heap, the arena; the linker's view and the run's.

Not modelled: what the firmware itself places (an MPU-guarded pool, memory that it unmaps); without sections (HEX, UF2,
raw) only the image's own bytes are known.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..image import Image

if TYPE_CHECKING:
    from ..machine import Machine

LARGEST = 12
"""So many variables and tables of each memory are named."""
MEMORIES = ("flash", "ram")


@dataclass(frozen=True)
class Area:
    """The bytes from `low` up to but not including `high`.

    `kind` is "code", "rodata", "data", "bss", "other" (sections), "initial" (where the initial values of variables are
    stored), "image" (bytes of a file without sections), "stack", "heap" or "arena". `used` is the most that a run used
    of it, where that was measured: of a stack from its top, of others from below.
    """

    name: str
    kind: str
    low: int
    high: int
    used: int | None = None


def memory_map(machine: Machine) -> list[dict[str, Any]]:
    """`memory_map` of the record: for each memory its base, size, areas by address and largest objects."""
    image = machine.image
    areas = carve(_placed(image), _measured(machine))
    rows = []
    for name in MEMORIES:
        region = image.region(name)
        if region is None:
            continue
        inside = [area for area in areas if region.holds(area.low, max(area.high - area.low, 1))]
        objects = sorted(
            (symbol for symbol in image.symbols if symbol.kind == "object" and symbol.size
             and region.holds(symbol.address, symbol.size)),
            key=lambda symbol: (-symbol.size, symbol.address, symbol.name),
        )  # fmt: skip
        distinct = {(symbol.address, symbol.size): symbol for symbol in reversed(objects)}
        largest = sorted(distinct.values(), key=lambda symbol: (-symbol.size, symbol.address))[:LARGEST]
        rows.append(
            {
                "memory": name,
                "base": region.base,
                "size": region.size,
                "areas": [
                    {"name": area.name, "kind": area.kind, "address": area.low, "size": area.high - area.low,
                     "used": area.used}
                    for area in inside
                ],
                "largest": [{"name": s.demangled, "address": s.address, "size": s.size} for s in largest],
            }
        )  # fmt: skip
    return rows


def carve(placed: Iterable[Area], over: Iterable[Area]) -> list[Area]:
    """Areas by address, those of `over` cut out of the others; of two that overlap the later one gives way."""
    taken: list[Area] = []
    for area in (*over, *placed):
        pieces = [area] if area.high > area.low else []
        for other in taken:
            pieces = [rest for piece in pieces for rest in _without(piece, other)]
        taken += pieces
    return sorted(taken, key=lambda area: (area.low, area.high))


def _without(area: Area, other: Area) -> list[Area]:
    if other.high <= area.low or area.high <= other.low:
        return [area]
    pieces = (replace(area, high=min(area.high, other.low)), replace(area, low=max(area.low, other.high)))
    return [piece for piece in pieces if piece.high > piece.low]


def _placed(image: Image) -> Iterable[Area]:
    sections = [section for section in image.sections if "A" in section.flags and section.size]
    for section in sections:
        yield Area(section.name, section.kind, section.address, section.address + section.size)
    for section in sections:
        stored = section.load_address
        if stored is not None and stored != section.address:
            yield Area(section.name, "initial", stored, stored + section.size)
    if not sections:
        for segment in image.segments:
            yield Area(image.format, "image", segment.address, segment.end)


def _measured(machine: Machine) -> Iterable[Area]:
    """Arenas first: one may lie in what is kept for the heap."""
    memory, image = machine.memory_meter, machine.image
    for arena in machine.arenas.arenas if machine.arenas is not None else ():
        yield Area("arena", "arena", arena.base, arena.base + arena.size, arena.used)
    for row in memory.stacks.rows() if memory is not None else ():
        if row["limit"] is not None:
            yield Area(row["name"], "stack", row["limit"], row["base"], row["peak"])
    for stack in image.stacks:
        yield Area(stack.source, "stack", stack.low, stack.high)
    heap = image.heap_bounds()
    if heap is not None:
        used = machine.heap.reserved if machine.heap is not None and machine.heap.low == heap.low else None
        yield Area("heap", "heap", heap.low, heap.high, used)
