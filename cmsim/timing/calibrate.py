"""`cmsim timing calibrate`: compare a board's log of `firmware/microbench` with the simulator's, fit the open figures.

The log has a line `name cycles` for each kernel, cycles of one iteration; other lines (a terminal's banner, the closing
"done") are passed over. The fit goes through the open figures of `parameters.py` one after the other, tries every
whole value from low to high by running the kernels again, keeps what lowers the mean error, and repeats until nothing
does: figures hardly depend on each other, as each kernel isolates one rule.

Not modelled: figures of the memory system (memory.py) are compared, but not fitted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from math import isfinite
from pathlib import Path
from typing import TypeVar

from ..errors import UsageError
from .memory import MemoryParameters
from .parameters import Bound, Parameter, Parameters
from .silicon import Silicon

Rerun = Callable[[Parameters], Mapping[str, float]]
"""Cycles of each kernel with the `best` values of these figures."""

LINE = re.compile(r"(?P<name>[a-z][a-z0-9_]*)[ \t]+(?P<cycles>\S+)")
MAXIMUM_ROUNDS = 8
SIMULATED_SECONDS = 3

Table = TypeVar("Table", Parameters, MemoryParameters)


class CalibrationError(UsageError):
    """A file that cannot be used."""


class LogError(CalibrationError):
    """A board's log that cannot be used; the message has the line, not the file."""


@dataclass(frozen=True)
class Line:
    """One kernel, in cycles of one iteration."""

    name: str
    board: float
    low: float
    best: float
    high: float

    @property
    def error(self) -> float:
        """Simulated less measured, as a part of the measured."""
        return (self.best - self.board) / self.board if self.board else self.best - self.board

    @property
    def within(self) -> bool:
        """Whether the bounds hold the measured value, to the hundredth that is printed."""
        return self.low - 0.01 <= self.board <= self.high + 0.01


@dataclass(frozen=True)
class Report:
    """What the comparison gave."""

    lines: tuple[Line, ...]
    missing: tuple[str, ...]
    """Kernels that the log lacks."""
    unknown: tuple[str, ...]
    """Lines of the log that no kernel has."""
    fitted: dict[str, int] = field(default_factory=dict)
    """Figures that the board wants otherwise than `parameters.py` has them."""
    fitted_lines: tuple[Line, ...] = ()
    """The lines with the fitted figures; empty where nothing was fitted."""

    @property
    def mean_error(self) -> float:
        """Mean of the absolute errors."""
        return _mean(self.lines)

    @property
    def fitted_error(self) -> float:
        """The same after the fit."""
        return _mean(self.fitted_lines or self.lines)

    def text(self) -> str:
        """A table of lines, the worst first, and the figures to change."""
        shown = sorted(self.fitted_lines or self.lines, key=lambda line: (-abs(line.error), line.name))
        width = max(len(line.name) for line in shown)
        rows = [f"{'kernel':<{width}} {'board':>9} {'cmsim':>9} {'error':>9}"]
        for line in shown:
            outside = "" if line.within else f"  outside {line.low:g} to {line.high:g}"
            rows.append(f"{line.name:<{width}} {line.board:9.2f} {line.best:9.2f} {100 * line.error:+8.1f} %{outside}")
        rows.append(f"mean error {100 * self.mean_error:.2f} % over {len(self.lines)} kernels")
        if self.fitted:
            rows.append(f"after the fit {100 * self.fitted_error:.2f} %, with")
            rows += [f"  {name} = {value}" for name, value in self.fitted.items()]
        if self.missing:
            rows.append(f"not in the log: {', '.join(self.missing)}")
        if self.unknown:
            rows.append(f"unknown to this version: {', '.join(self.unknown)}")
        return "\n".join(rows)


def parse_log(text: str) -> dict[str, float]:
    """Cycles by kernel; LogError, with the line's number, for numbers that are none and kernels named twice."""
    found: dict[str, float] = {}
    for number, raw in enumerate(text.splitlines(), 1):
        match = LINE.fullmatch(raw.strip())
        if match is None:
            continue
        name, figure = match["name"], match["cycles"]
        try:
            cycles = float(figure)
        except ValueError:
            cycles = -1.0
        if not isfinite(cycles) or cycles < 0:
            raise LogError(f"line {number}: {name}: '{figure}' is not a number of cycles; record the log again")
        if name in found:
            raise LogError(f"line {number}: {name} appears twice; keep the log of one run")
        found[name] = cycles
    return found


def kernels(
    elf: Path, parameters: Parameters | None = None, memory: MemoryParameters | None = None
) -> dict[str, float]:
    """Run microbench.elf and read what it prints. CalibrationError if it does not come to its end."""
    from ..machine import Machine  # noqa: PLC0415 - which imports this package

    machine = Machine(elf, timing=Silicon(parameters or Parameters(), memory or MemoryParameters()))
    machine.run(seconds=SIMULATED_SECONDS)
    text = machine.console("uart0")
    if "done" not in text.splitlines():
        raise CalibrationError(f"{elf}: prints no 'done' in {SIMULATED_SECONDS} s; is it firmware/microbench?")
    return parse_log(text)


def bounds(elf: Path) -> dict[str, tuple[float, float, float]]:
    """(low, best, high) cycles of each kernel, from a run with every figure at that bound."""
    low, best, high = (kernels(elf, _pinned(Parameters(), b), _pinned(MemoryParameters(), b)) for b in Bound)
    return {name: (min(low[name], best[name]), best[name], max(high[name], best[name])) for name in best}


def calibrate(
    board_log: str,
    simulated: Mapping[str, tuple[float, float, float]],
    *,
    rerun: Rerun | None = None,
    parameters: Parameters | None = None,
) -> Report:
    """Compare a board's log with `simulated` (low, best, high cycles by kernel); with `rerun`, fit `parameters` too."""
    board = parse_log(board_log)
    known = [name for name in simulated if name in board]
    if not known:
        raise LogError("the log has no line 'name cycles' of a microbench kernel; flash microbench.elf, "
                               "record its UART at 115200 baud until 'done'")
    lines = tuple(Line(name, board[name], *simulated[name]) for name in known)
    missing = tuple(name for name in simulated if name not in board)
    unknown = tuple(name for name in board if name not in simulated)
    if rerun is None:
        return Report(lines, missing, unknown)
    fitted, best = _fit(lines, rerun, parameters or Parameters())
    fitted_lines = _with(lines, best) if fitted else ()
    return Report(lines, missing, unknown, fitted, fitted_lines)


def _fit(lines: tuple[Line, ...], rerun: Rerun, parameters: Parameters) -> tuple[dict[str, int], Mapping[str, float]]:
    start = parameters
    best = rerun(parameters)
    least = _mean(_with(lines, best))
    for _ in range(MAXIMUM_ROUNDS):
        before = least
        for name in (f.name for f in fields(parameters)):
            figure = getattr(parameters, name)
            for value in range(figure.low, figure.high + 1):
                if value == getattr(parameters, name).best:
                    continue
                trial = replace(parameters, **{name: replace(figure, best=value)})
                cycles = rerun(trial)
                error = _mean(_with(lines, cycles))
                if error < least - 1e-9:
                    parameters, best, least = trial, cycles, error
        if least >= before:
            break
    names = (f.name for f in fields(parameters))
    changed = {n: getattr(parameters, n).best for n in names if getattr(parameters, n) != getattr(start, n)}
    return changed, best


def _pinned(table: Table, bound: Bound) -> Table:
    """All figures at one bound."""
    figures = {f.name: getattr(table, f.name) for f in fields(table)}
    pinned = {n: replace(p, best=p.at(bound)) for n, p in figures.items() if isinstance(p, Parameter)}
    return replace(table, **pinned)


def _with(lines: tuple[Line, ...], cycles: Mapping[str, float]) -> tuple[Line, ...]:
    return tuple(replace(line, best=cycles.get(line.name, line.best)) for line in lines)


def _mean(lines: tuple[Line, ...]) -> float:
    return sum(abs(line.error) for line in lines) / len(lines) if lines else 0.0
