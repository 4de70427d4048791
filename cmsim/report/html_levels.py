"""How much stack and heap were in use over time: a number's greatest value in each stretch of time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .duration import byte_scale, marks
from .html_page import kilobytes, ticks

Record = Mapping[str, Any]
MOST_POINTS = 1_000
HEIGHT, WIDTH = 100.0, 1000.0
"""Of the picture's own coordinates; the page stretches them."""
MOST_MARKS = 8


class Curve(NamedTuple):
    """`points` are (cycle, value), in time; a value holds until the next one."""

    title: str
    points: Sequence[tuple[int, int]]
    limit: int | None
    """What there is room for."""


def levels(record: Record) -> Iterator[str]:
    """A chart for each number that was followed; nothing without any."""
    curves = [curve for curve in (*_stacks(record), *_heap(record)) if len(curve.points) > 1]
    end = max(record["cycles"], 1)
    for curve in curves:
        yield from _chart(curve, end)


def _stacks(record: Record) -> Iterator[Curve]:
    """The whole run; of a record without that each inference, of several neighbours the deepest if there are many."""
    history = [(cycle, most) for cycle, most in record["memory"].get("stack_history") or ()]
    if history:
        yield Curve("Main stack", history, record["memory"]["stack_size"])
        return
    runs = [run for run in record["inferences"] if run["stack_peak"] is not None]
    every = -(-len(runs) // MOST_POINTS)
    points = [(runs[n]["start_cycle"], max(run["stack_peak"] for run in runs[n : n + every]))
              for n in range(0, len(runs), every or 1)]
    yield Curve("Stack in each inference", points, record["memory"]["stack_size"])


def _heap(record: Record) -> Iterator[Curve]:
    heap = record.get("heap")
    if heap and heap["history"]:
        points: list[tuple[int, int]] = []
        for start, most, last in heap["history"]:
            points += [(start, most), (start, last)]
        yield Curve("Heap in use", points, None)


def _chart(curve: Curve, end: int) -> Iterator[str]:
    peak = max(value for _, value in curve.points)
    scale = byte_scale(peak)
    steps: list[str] = []
    before = 0.0
    for cycle, value in curve.points:
        x, y = WIDTH * cycle / end, HEIGHT * (1 - value / scale[-1])
        steps.append(f"L{x:.1f} {before:.1f}L{x:.1f} {y:.1f}" if steps else f"M{x:.1f} {y:.1f}")
        before = y
    line = "".join(steps) + f"L{WIDTH:g} {before:.1f}"
    first = WIDTH * curve.points[0][0] / end
    times = [(WIDTH * cycle / end, text) for cycle, text in marks(0, end, MOST_MARKS)]
    grid = "".join(f"M0 {HEIGHT * n / (len(scale) - 1):.2f}H{WIDTH:g}" for n in range(len(scale) - 1))
    grid += "".join(f"M{x:.1f} 0V{HEIGHT:g}" for x, _ in times)
    room = f", of {kilobytes(curve.limit)} that there is room for" if curve.limit else ""
    yield f'<figure class="panel"><h3 class="first">{curve.title}</h3>'
    sizes = "".join(f"<span>{kilobytes(size) if size else 0}</span>" for size in reversed(scale))
    yield (f'<div class="chart"><div class="axis">{sizes}</div><svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" '
           f'preserveAspectRatio="none" role="img" aria-label="{curve.title} over time, at most {peak:,} bytes">'
           f'<path class="grid" d="{grid}"/><path class="under" d="{line}V{HEIGHT:g}H{first:.1f}Z"/>'
           f'<path d="{line}"/></svg><div class="foot">{ticks(times, WIDTH)}</div></div>')
    yield f"<figcaption>At most {peak:,} bytes{room}.</figcaption></figure>"
