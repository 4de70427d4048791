"""Faults and fatal errors of a record in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..measure.faults import callers, lines

Record = Mapping[str, Any]
SHOWN = 3
"""Faults that are told in full: the first ones, which cause the others."""


def report(record: Record, most: int = SHOWN) -> list[str]:
    """Every fault and fatal error, in the order in which they happened; nothing if there was none."""
    faults = [(fault["cycle"], lines(fault)) for fault in record["faults"][:most]]
    cries = [(cry["cycle"], _cry(cry)) for cry in record["fatal"]]
    found = [line for cycle, text in sorted(faults + cries, key=lambda item: item[0])
             for line in (f"cycle {cycle:,}: {text[0]}", *text[1:])]  # fmt: skip
    if len(record["faults"]) > most:
        found.append(f"and {len(record['faults']) - most:,} more faults")
    return found


def _cry(cry: Record) -> list[str]:
    return [cry["text"], *callers(cry["stack"])]
