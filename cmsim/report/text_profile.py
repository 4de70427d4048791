"""The profile of a run as tables, and in the formats of flame-graph viewers and spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .function_names import shared_names, told_apart
from .short_names import fitting, short_name
from .terminal import grid, room, shortened

Record = Mapping[str, Any]
NO_DEBUG_INFORMATION = "no code that ran has debug information: compile with -g for lines and objects"
SLEEP = "(sleep)"
NO_OPERATORS = "the interpreter is neither cmsim's own nor TensorFlow Lite Micro, or the image lacks symbols"
NO_INFERENCE = "no inference was completed, or none can be told: symbols tell it, or --inference-function"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else "-"


def by_function(record: Record, top: int, bold: bool = False) -> list[str]:
    """The functions with the most exclusive cycles."""
    functions = record["profile"]["functions"]
    shared = shared_names(record)
    share = _share(functions, "name", "exclusive_cycles")
    rows = [
        (f"{row['exclusive_cycles']:,}", share(row), f"{row['inclusive_cycles']:,}", f"{row['calls']:,}",
         told_apart(row, shared, fitting(row["name"])))
        for row in functions[:top]
    ]  # fmt: skip
    rows += [(cycles, part, "", "", text) for cycles, part, text in _rest(functions, top, "name", "exclusive_cycles")]
    return grid(("exclusive", "% awake", "inclusive", "calls", "function"), rows, left=(4,), bold=bold, width=room())


def by_operator(record: Record, top: int, bold: bool = False) -> list[str]:
    """Operators with the most cycles, over all inferences, and what their interpreter adds."""
    total: dict[tuple[int, str], list[int]] = {}
    for inference in record["inferences"]:
        for operator in inference["operators"]:
            row = total.setdefault((operator["index"], operator["name"]), [0, 0])
            row[0] += operator["cycles"]
            row[1] += 1
    whole = sum(inference["cycles"] for inference in record["inferences"])
    ordered = sorted(total.items(), key=lambda item: (-item[1][0], item[0]))
    rows = [(f"{cycles:,}", _percent(cycles, whole), f"{runs:,}", f"{index}:{name}")
            for (index, name), (cycles, runs) in ordered[:top]]  # fmt: skip
    if ordered[top:]:
        more = sum(cycles for _, (cycles, _) in ordered[top:])
        rows.append((f"{more:,}", _percent(more, whole), "", f"and {len(ordered) - top:,} more"))
    overhead = sum(inference["overhead_cycles"] or 0 for inference in record["inferences"])
    rows.append((f"{overhead:,}", _percent(overhead, whole), f"{len(record['inferences']):,}", "(interpreter)"))
    if not total:
        return [f"no operators: {NO_OPERATORS if record['inferences'] else NO_INFERENCE}"]
    return grid(("cycles", "%", "runs", "operator"), rows, left=(3,), bold=bold)


def by_line(record: Record, top: int, bold: bool = False) -> list[str]:
    """The source lines with the most cycles."""
    share = _share(record["lines"], "function")
    rows = [
        (f"{row['cycles']:,}", share(row),
         "" if row["runs"] is None else f"{row['runs']:,}",
         f"{shortened(row['file'])}:{row['line']}" if row["file"] else "", fitting(row["function"]))
        for row in record["lines"][:top]
    ]  # fmt: skip
    rows += [(cycles, part, "", "", text) for cycles, part, text in _rest(record["lines"], top, "function")]
    table = grid(("cycles", "% awake", "runs", "line", "function"), rows, left=(3, 4), bold=bold, width=room())
    return table + _without_lines(record)


def _without_lines(record: Record) -> list[str]:
    """A note, if the image cannot tell lines."""
    return [] if any(row["file"] for row in record["lines"]) else [NO_DEBUG_INFORMATION]


def _awake(rows: Sequence[Record], name: str, cycles: str = "cycles") -> int:
    """The cycles that were not slept; the columns of the rows' names and cycles."""
    return sum(row[cycles] for row in rows if row[name] != SLEEP)


def _share(rows: Sequence[Record], name: str, cycles: str = "cycles") -> Callable[[Record], str]:
    """What a row's share of that is."""
    awake = _awake(rows, name, cycles)
    return lambda row: "" if row[name] == SLEEP else _percent(row[cycles], awake)


def _rest(rows: Sequence[Record], top: int, name: str, cycles: str = "cycles") -> list[tuple[str, str, str]]:
    """A last row for what is not shown: cycles awake, share, how many."""
    others = rows[top:]
    if not others:
        return []
    awake = _awake(others, name, cycles)
    return [(f"{awake:,}", _percent(awake, _awake(rows, name, cycles)), f"and {len(others):,} more")]


def by_object(record: Record, top: int, bold: bool = False) -> list[str]:
    """The compilation units with the most cycles."""
    share = _share(record["objects"], "object")
    rows = [(f"{row['cycles']:,}", share(row), shortened(row["object"])) for row in record["objects"][:top]]
    rows += _rest(record["objects"], top, "object")
    return grid(("cycles", "% awake", "object"), rows, left=(2,), bold=bold, width=room()) + _without_lines(record)


def by_inlined(record: Record, top: int, bold: bool = False) -> list[str]:
    """The inlined functions with the most cycles of their own, and where they are."""
    awake = _awake(record["objects"], "object")
    rows = [(f"{row['cycles']:,}", _percent(row["cycles"], awake),
             f"{short_name(row['function'])} in {short_name(row['into'])}")
            for row in record["inlined"][:top]]  # fmt: skip
    if len(record["inlined"]) > top:
        more = sum(row["cycles"] for row in record["inlined"][top:])
        rows.append((f"{more:,}", _percent(more, awake), f"and {len(record['inlined']) - top:,} more"))
    table = grid(("cycles", "% awake", "inlined function"), rows, left=(2,), bold=bold, width=room())
    return table + _without_lines(record)


TABLES: dict[str, Callable[[Record, int, bool], list[str]]] = {
    "function": by_function, "operator": by_operator, "line": by_line, "object": by_object, "inlined": by_inlined,
}  # fmt: skip


def _stacks(record: Record) -> list[tuple[str, ...]]:
    """The path of each node of the call tree, outermost first."""
    paths: list[tuple[str, ...]] = []
    shared = shared_names(record)
    for node in record["profile"]["call_tree"]:
        above: tuple[str, ...] = () if node["parent"] is None else paths[node["parent"]]
        paths.append((*above, told_apart(node, shared)))
    return paths


def collapsed(record: Record) -> str:
    """A line for each call path: "a;b;c cycles", as flame-graph scripts read it."""
    nodes: Sequence[Mapping[str, Any]] = record["profile"]["call_tree"]
    return "".join(
        f"{';'.join(name.replace(';', ':') for name in path)} {node['exclusive_cycles']}\n"
        for path, node in zip(_stacks(record), nodes, strict=True)
        if node["exclusive_cycles"]
    )


def speedscope(record: Record) -> str:
    """speedscope's file format: a sampled profile with one sample a call path, weighed by its cycles."""
    numbers: dict[str, int] = {}
    samples, weights = [], []
    for path, node in zip(_stacks(record), record["profile"]["call_tree"], strict=True):
        frames = [numbers.setdefault(name, len(numbers)) for name in path]
        if node["exclusive_cycles"]:
            samples.append(frames)
            weights.append(node["exclusive_cycles"])
    name = record["firmware"]["name"]
    return json.dumps(
        {
            "$schema": "https://www.speedscope.app/file-format-schema.json",
            "exporter": "cmsim",
            "name": name,
            "shared": {"frames": [{"name": known} for known in numbers]},
            "profiles": [
                {
                    "type": "sampled", "name": f"{name}, CPU cycles", "unit": "none", "startValue": 0,
                    "endValue": sum(weights), "samples": samples, "weights": weights,
                }
            ],
        }
    ) + "\n"  # fmt: skip


def table(record: Record) -> str:
    """The functions as CSV, all of them."""
    text = io.StringIO()
    rows = record["profile"]["functions"]
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _pprof(record: Record) -> bytes:
    from .pprof import pprof  # noqa: PLC0415 - Protocol Buffers are loaded only when somebody wants them

    return pprof(record)


EXPORTS: dict[str, Callable[[Record], str | bytes]] = {
    "collapsed": collapsed, "speedscope": speedscope, "csv": table, "pprof": _pprof,
}  # fmt: skip
