"""Cycles per function and per call path, every one of them: the native call tree as plain data for the record.

Not modelled: functions that the compiler inlined are part of the function that they were inlined into.
"""

from __future__ import annotations

from typing import Any

from ..cortex_m.calls import CallTracer
from ..image import Image


def profile(tracer: CallTracer, image: Image) -> dict[str, Any]:
    """`profile` of the record: `functions`, most exclusive cycles first, and `call_tree`, parents before children."""
    nodes = tracer.nodes.tolist()
    inclusive = [node[2] for node in nodes]
    for n in range(len(nodes) - 1, 0, -1):
        inclusive[nodes[n][0]] += inclusive[n]
    rows: dict[int, list[int]] = {}
    for n, (_, function, cycles, instructions, calls) in enumerate(nodes[1:], 1):
        row = rows.setdefault(function, [0, 0, 0, 0])
        row[0] += cycles
        row[2] += calls
        row[3] += instructions
        if not _within_itself(nodes, n):
            row[1] += inclusive[n]
    functions: list[dict[str, Any]] = []
    for function, (exclusive, total, calls, instructions) in rows.items():
        address, size = tracer.place(function)
        line = None if address is None else image.line(address)
        functions.append(
            {
                "name": tracer.name(function),
                "exclusive_cycles": exclusive,
                "inclusive_cycles": total,
                "calls": calls,
                "instructions": instructions,
                "address": address,
                "size": size,
                "source": None if line is None else str(line),
            }
        )
    functions.sort(key=lambda row: (-row["exclusive_cycles"], row["name"], row["address"] or 0))
    tree = [
        {
            "function": tracer.name(function),
            "address": tracer.place(function)[0],
            "parent": parent - 1 if parent else None,
            "exclusive_cycles": cycles,
            "inclusive_cycles": inclusive[n],
            "instructions": instructions,
            "calls": calls,
        }
        for n, (parent, function, cycles, instructions, calls) in enumerate(nodes)
        if n
    ]
    return {"functions": functions, "call_tree": tree, "lost_transfers": tracer.lost}


def _within_itself(nodes: list[tuple[int, ...]], n: int) -> bool:
    """Whether a caller is the same function: recursion counts once."""
    function, up = nodes[n][1], nodes[n][0]
    while up:
        if nodes[up][1] == function:
            return True
        up = nodes[up][0]
    return False
