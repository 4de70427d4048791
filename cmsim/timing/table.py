"""The open figures as a table for docs/timing.md: `python -m cmsim.timing.table` prints it, a test keeps it current."""

from __future__ import annotations

from dataclasses import fields

from .memory import MemoryParameters
from .parameters import Parameter, Parameters


def markdown() -> str:
    """A row for each figure: name, cycles at low, best and high, source."""
    rows = ["| Figure | Low | Best | High | Source |", "|---|---:|---:|---:|---|"]
    for owner in (Parameters(), MemoryParameters()):
        for name in (f.name for f in fields(owner)):
            figure = getattr(owner, name)
            if isinstance(figure, Parameter):
                rows.append(f"| `{name}` | {figure.low} | {figure.best} | {figure.high} | {figure.source} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(markdown())
