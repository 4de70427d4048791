"""Coverage in LCOV's tracefile format (geninfo(1)), for genhtml and what else reads it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..measure.coverage import Coverage, FileCoverage
from ..whole_file import write_whole


def write_lcov(coverage: Coverage, path: str | Path, name: str = "") -> None:
    """Write the tracefile; `name` is the test's. UsageError if it cannot be written."""
    write_whole(path, lcov(coverage, name))


def lcov(coverage: Coverage, name: str = "") -> str:
    """The file's content. A branch instruction is a block of its own, with branch 0 taken and 1 not."""
    test = "".join(c if c.isalnum() else "_" for c in name)
    lines = [f"TN:{test}"]
    for path, file in coverage.files.items():
        lines += [f"SF:{path}", *_records(file), "end_of_record"]
    return "\n".join(lines) + "\n"


def _records(file: FileCoverage) -> Iterator[str]:
    functions = {function.name: function for function in file.functions}  # LCOV knows them by name only
    for function in functions.values():
        yield f"FN:{function.line},{function.name}"
    for function in functions.values():
        yield f"FNDA:{function.runs},{function.name}"
    yield f"FNF:{len(functions)}"
    yield f"FNH:{sum(function.runs > 0 for function in functions.values())}"
    found = hit = 0
    for line, branches in sorted(file.branches.items()):
        for block, branch in enumerate(branches):
            for way, runs in enumerate((branch.taken, branch.not_taken)):
                yield f"BRDA:{line},{block},{way},{'-' if runs is None else runs}"
                found, hit = found + 1, hit + bool(runs)
    yield f"BRF:{found}"
    yield f"BRH:{hit}"
    for line, runs in sorted(file.lines.items()):
        yield f"DA:{line},{runs}"
    yield f"LF:{len(file.lines)}"
    yield f"LH:{sum(runs > 0 for runs in file.lines.values())}"
