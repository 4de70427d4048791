"""Traces that come with cmsim (package `cmsim.traces`): CSV files beside this one, and the generator that made them.

`path("day")` is where `day.csv` lies; `names()` lists all. What each holds is in README.md; `motion` makes them.
"""

from __future__ import annotations

from pathlib import Path

DEFAULT = "day"
"""The trace that `cmsim run` plays when it is told no other."""

_HERE = Path(__file__).parent


def names() -> list[str]:
    """The names of the shipped traces, sorted."""
    return sorted(file.stem for file in _HERE.glob("*.csv"))


def path(name: str = DEFAULT) -> Path:
    """The file of the shipped trace `name`; KeyError that lists the names when there is none."""
    if name not in names():
        raise KeyError(f"no shipped trace {name!r}: there are {', '.join(names())}")
    return _HERE / f"{name}.csv"
