"""The call tree of a record, and what must always hold of it."""

from __future__ import annotations

from typing import Any

from cmsim import Machine


def check_identity(of: Machine, lost: bool = False) -> None:
    """The sum of the exclusive figures is the clock's, per function and per path, and each inclusive one adds up.

    `lost`: the calls may be nested deeper than the tracer's tables, so that cycles stay with a caller.
    """
    profile: dict[str, Any] = of.record["profile"]
    assert lost or profile["lost_transfers"] == 0
    for rows in (profile["functions"], profile["call_tree"]):
        assert sum(row["exclusive_cycles"] for row in rows) == of.cycles
        assert sum(row["instructions"] for row in rows) == of.instructions
    inclusive = [row["exclusive_cycles"] for row in profile["call_tree"]]
    for n in reversed(range(len(inclusive))):
        parent = profile["call_tree"][n]["parent"]
        if parent is not None:
            assert parent < n
            inclusive[parent] += inclusive[n]
    assert inclusive == [row["inclusive_cycles"] for row in profile["call_tree"]]
