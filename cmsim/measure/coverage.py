"""What ran and what did not: lines, both ways of branches, functions.

A line counts as often as its most frequent instruction ran, summed over the functions that have a copy of it. A branch
is a conditional branch instruction. Those that never ran are found by following the functions' code, from wherever a
source line begins, too: what only a table of addresses leads to is found so.

Not modelled: the targets of table branches one by one; conditions that became IT blocks without a branch (both ways
count as run); source lines that the compiler left no code of.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..timing.explain import straight_runs
from .instructions import Executed, executed, is_conditional_branch

if TYPE_CHECKING:
    from ..cortex_m.counts import BlockCounter
    from ..cortex_m.decode import Instruction
    from ..image import Image
    from ..image.symbols import Symbol


@dataclass(frozen=True)
class Branch:
    """A conditional branch instruction. `taken` and `not_taken` are None where it was never reached."""

    address: int
    taken: int | None = None
    not_taken: int | None = None


@dataclass(frozen=True)
class Function:
    """A function and how often it was entered."""

    name: str
    address: int
    size: int
    line: int
    runs: int


@dataclass
class FileCoverage:
    """One source file."""

    lines: dict[int, int] = field(default_factory=dict)
    """Line -> how often; 0 for code that never ran."""
    branches: dict[int, list[Branch]] = field(default_factory=dict)
    functions: list[Function] = field(default_factory=list)


@dataclass
class Coverage:
    """What a run covered. `files` by path, sorted; `never` are the functions of which nothing ran, largest first."""

    files: dict[str, FileCoverage] = field(default_factory=dict)
    never: list[Symbol] = field(default_factory=list)
    functions: int = 0

    def to_record(self) -> dict[str, Any]:
        """`coverage` of the record (docs/profile.md)."""
        counts = [runs for file in self.files.values() for runs in file.lines.values()]
        branches = [b for file in self.files.values() for found in file.branches.values() for b in found]
        return {
            "lines": len(counts),
            "lines_run": sum(runs > 0 for runs in counts),
            "branches": 2 * len(branches),
            "branches_run": sum(bool(b.taken) + bool(b.not_taken) for b in branches),
            "functions": self.functions,
            "functions_run": self.functions - len(self.never),
            "never_bytes": len({n for s in self.never for n in range(s.address, s.address + s.size)}),
            "never": [{"name": s.demangled, "address": s.address, "size": s.size} for s in self.never],
        }


def coverage(image: Image, counter: BlockCounter) -> Coverage:
    """What ran so far."""
    ran = executed(counter)
    found = Coverage()
    _count_lines(image, ran, found)
    starts = [address for address, line in image.lines if line is not None]
    ran_in = {symbol.address for address in ran.runs if (symbol := image.function_at(address)) is not None}
    for symbol in image.symbols.functions:
        code = image.read(symbol.address, symbol.size)
        if not symbol.size or code is None:
            continue
        place = image.line(symbol.address)
        if place is not None:
            runs = ran.runs.get(symbol.address, 0)
            function = Function(symbol.demangled, symbol.address, symbol.size, place.line, runs)
            found.files.setdefault(place.file, FileCoverage()).functions.append(function)
        for branch in _branches(code, symbol, ran, starts):
            line = image.line(branch.address)
            if line is not None:
                file = found.files.setdefault(line.file, FileCoverage())
                known = file.branches.setdefault(line.line, [])
                if branch.address not in (other.address for other in known):  # functions that share their code
                    known.append(branch)
        found.functions += 1
        if symbol.address not in ran_in:
            found.never.append(symbol)
    found.never.sort(key=lambda symbol: (-symbol.size, symbol.address))
    found.files = dict(sorted(found.files.items()))
    return found


def _count_lines(image: Image, ran: Executed, found: Coverage) -> None:
    copies: dict[tuple[str, int], dict[int, int]] = {}
    for address, runs in ran.runs.items():
        line = image.line(address)
        if line is not None:
            symbol = image.function_at(address)
            of = copies.setdefault((line.file, line.line), {})
            where = address if symbol is None else symbol.address
            of[where] = max(of.get(where, 0), runs)
    for _, line in image.lines:
        if line is not None:
            runs = sum(copies.get((line.file, line.line), {}).values())
            found.files.setdefault(line.file, FileCoverage()).lines[line.line] = runs


def _branches(code: bytes, symbol: Symbol, ran: Executed, starts: Sequence[int]) -> Iterator[Branch]:
    """`starts`: where lines begin, sorted."""
    low, end = symbol.address, symbol.address + symbol.size
    found: dict[int, Instruction] = {}
    for at in (low, *starts[bisect_left(starts, low) : bisect_left(starts, end)]):
        if at not in found:
            found |= {i.address: i for run in straight_runs(code[at - low :], at) for i in run}
    seen = {address for address, i in found.items() if is_conditional_branch(i)}
    seen |= {address for address in ran.branches if low <= address < end}
    for address in sorted(seen):
        taken, not_taken = ran.branches.get(address, (None, None))
        yield Branch(address, taken, not_taken)
