"""Functions of one name told apart: static ones, and those in anonymous namespaces, by the files that they are in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

Record = Mapping[str, Any]
Function = tuple[str, int | None]
"""Name and address."""


def function(row: Record) -> Function:
    """Whose a row of `functions` or `call_tree` is."""
    name = row["name"] if "name" in row else row["function"]
    return name, row.get("address")


def shared_names(record: Record) -> dict[Function, str]:
    """The file, without directories, of each function that has its name in common with another one."""
    rows = record["profile"]["functions"]
    often = Counter(row["name"] for row in rows)
    return {function(row): row["source"].rpartition(":")[0].rpartition("/")[2]
            for row in rows if often[row["name"]] > 1 and row.get("source")}  # fmt: skip


def told_apart(row: Record, shared: Mapping[Function, str], name: str | None = None) -> str:
    """The row's name, or another one for it, behind its file where others have the name, too."""
    whose = function(row)
    return f"{shared[whose]}: {name or whose[0]}" if whose in shared else name or whose[0]
