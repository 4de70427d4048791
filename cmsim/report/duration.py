"""Cycles as times to read at a glance, and round marks for axes."""

from __future__ import annotations

from collections.abc import Sequence

from ..kernel import CPU_HZ

_UNITS = ((10**9, "s"), (10**6, "ms"), (10**3, "µs"), (1, "ns"))
"""Nanoseconds, name."""


def duration(cycles: float, digits: int = 4) -> str:
    """A length of time with so many significant digits, in the unit that suits: "5.896 ms"."""
    if not cycles:
        return "0 s"
    nanoseconds = cycles * 10**9 / CPU_HZ
    size, unit = next((known for known in _UNITS if abs(nanoseconds) >= known[0]), _UNITS[-1])
    value = nanoseconds / size
    return f"{value:,.{max(digits - len(f'{abs(value):.0f}'), 0)}f} {unit}"


def marks(first: int, last: int, most: int) -> list[tuple[float, str]]:
    """At most `most` round points in time between two cycles: (cycle, text). All texts have the same unit."""
    least = (last - first) * 10**9 // CPU_HZ // max(most, 1) + 1
    step = next(size for size in _round_numbers() if size >= least)
    begin, end = (cycle * 10**9 // CPU_HZ for cycle in (first, last))
    points = range(-(-begin // step) * step, end + 1, step)
    return list(zip((point * CPU_HZ / 10**9 for point in points), _texts(points, step, end), strict=True))


def time_scale(top: float, most: int = 4) -> list[tuple[float, str]]:
    """From 0 in round steps, at most `most`, to the first that is not below `top` cycles: (cycles, text)."""
    end = max(-(-top * 10**9 // CPU_HZ), 1)
    step = next(size for size in _round_numbers() if size * most >= end)
    points = range(0, int(-(-end // step) + 1) * step, step)
    return [(points[0], "0"), *((n * CPU_HZ / 10**9, text)
                                for n, text in zip(points[1:], _texts(points, step, points[-1])[1:], strict=True))]


def _texts(points: Sequence[int], step: int, end: int) -> list[str]:
    """Nanoseconds in the unit that suits the last, with as many decimals as the step needs."""
    size, unit = next((known for known in _UNITS if max(end, step) >= known[0]), _UNITS[-1])
    decimals = max(0, len(str(size)) - len(str(step)))
    return [f"{point / size:,.{decimals}f} {unit}" for point in points]


def byte_scale(top: int, most: int = 4) -> list[int]:
    """From 0 in steps of a power of two to the first that is not below `top`."""
    top, step = max(top, 1), 16
    while step * most < top:
        step *= 2
    return list(range(0, top + step, step))


def _round_numbers() -> Sequence[int]:
    return [factor * 10**power for power in range(16) for factor in (1, 2, 5)]
