"""What a record (docs/record.md) says in numbers that grow when firmware gets worse, by name.

`METRICS` are single numbers. `GROUPS` are many of a kind: a member is named GROUP/NAME, as in `operators/1:CONV_2D`,
`functions/main`, `stacks/worker_stack`, `regions/filter:max`, `flash/.text`. docs/compare.md is for users.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

Record = Mapping[str, Any]
MAIN_STACK = "main stack"

METRICS = {
    "cycles": ("cycles", "of the whole run"),
    "instructions": ("instructions", "of the whole run"),
    "inference_mean": ("cycles", "mean of the inferences"),
    "inference_max": ("cycles", "the longest inference"),
    "flash_used": ("bytes", "image in flash"),
    "static_ram": ("bytes", "variables and code in RAM"),
    "stack_peak": ("bytes", "deepest use of the main stack"),
    "heap_peak": ("bytes", "most of the heap in use at a time"),
    "arena_used": ("bytes", "what the model needs of the arena"),
}
"""Name -> unit, meaning."""
MEMORY = ("flash_used", "static_ram", "stack_peak", "heap_peak", "arena_used")


class Value(NamedTuple):
    """A member of a group: how much, and where to look."""

    value: Fraction
    place: str = ""


Values = dict[str, Value]


def totals(record: Record) -> dict[str, Fraction | None]:
    """`METRICS` by name; None for what was not measured."""
    costs = [Fraction(inference["cycles"]) for inference in record["inferences"]]
    values: dict[str, Any] = {
        "cycles": record["cycles"],
        "instructions": record["instructions"],
        "inference_mean": sum(costs) / len(costs) if costs else None,
        "inference_max": max(costs, default=None),
        **{name: record["memory"].get(name) for name in MEMORY},
    }
    return {name: None if value is None else Fraction(value) for name, value in values.items()}


def operators(record: Record) -> Values:
    """"1:CONV_2D" -> mean cycles, function; of all inferences that ran the same operators as the last one."""
    inferences = record["inferences"]
    if not inferences:
        return {}
    names = [operator["name"] for operator in inferences[-1]["operators"]]
    alike = [i["operators"] for i in inferences if [o["name"] for o in i["operators"]] == names]
    found = {}
    for position, name in enumerate(names):
        runs = [run[position] for run in alike]
        mean = Fraction(sum(run["cycles"] for run in runs), len(runs))
        function, source = runs[-1].get("function"), runs[-1].get("source")
        found[f"{position}:{name}"] = Value(mean, " at ".join(text for text in (function, source) if text))
    return found


def functions(record: Record) -> Values | None:
    """Exclusive cycles of each function; None without a profile."""
    found: Values = {}
    for function in (record.get("profile") or {}).get("functions", ()):
        _add(found, function["name"], function["exclusive_cycles"])
    return found or None


def stacks(record: Record) -> Values | None:
    """Deepest use of each stack but the main one; its place is the call path there, where calls were followed."""
    rows = record["memory"].get("stacks")
    if rows is None:
        return None
    return {row["name"]: Value(Fraction(row["peak"]), " > ".join((row.get("path") or ())[-2:]))
            for row in rows if row["name"] != MAIN_STACK}  # fmt: skip


def regions(record: Record) -> Values | None:
    """"filter:mean", "filter:max" -> cycles of a pass; None if no region was counted."""
    found: Values = {}
    for row in record.get("regions") or ():
        if row["passes"]:
            found[f"{row['name']}:mean"] = Value(Fraction(row["cycles"]["total"], row["passes"]))
            found[f"{row['name']}:max"] = Value(Fraction(row["cycles"]["max"]))
    return found or None


def flash(record: Record) -> Values | None:
    """Bytes of each section in flash, initial values of variables included."""
    found: Values = {}
    for memory in record.get("memory_map") or ():
        for area in memory["areas"] if memory["memory"] == "flash" else ():
            _add(found, area["name"], area["size"])
    return found or None


def _add(values: Values, name: str, more: int) -> None:
    values[name] = Value(values.get(name, Value(Fraction(0))).value + Fraction(more))


@dataclass(frozen=True)
class Group:
    """Metrics of a kind."""

    kind: str
    """What one of them is called."""
    unit: str
    of: Callable[[Record], Values | None]
    """None: the record does not hold them."""
    shared: Callable[[str], str] = lambda name: name
    """The name that a limit may have for several of them."""


GROUPS = {
    "operators": Group("operator", "cycles", operators, lambda name: name.partition(":")[2]),
    "functions": Group("function", "cycles", functions),
    "stacks": Group("stack", "bytes", stacks),
    "regions": Group("region", "cycles", regions, lambda name: name.rpartition(":")[0]),
    "flash": Group("section", "bytes", flash),
}
"""Those that reports show, in this order."""


def essence(record: Record) -> dict[str, Any]:
    """What a baseline keeps of a record: all that is compared, nothing that changes from run to run."""
    keys = ("schema", "version", "firmware", "board", "timing", "cycles", "instructions")
    kept: dict[str, Any] = {key: record[key] for key in keys if key in record}
    kept["inferences"] = [
        {key: value for key, value in inference.items() if key != "start_cycle"} for inference in record["inferences"]
    ]
    kept["memory"] = {key: value for key, value in record["memory"].items() if key != "stack_history"}
    if record.get("regions"):
        kept["regions"] = record["regions"]
    kept["memory_map"] = [
        {"memory": "flash", "areas": [{"name": area["name"], "size": area["size"]} for area in memory["areas"]]}
        for memory in record.get("memory_map") or () if memory["memory"] == "flash"
    ]
    if record.get("profile"):
        kept["profile"] = {"functions": [
            {key: value for key, value in row.items() if key != "source"} for row in record["profile"]["functions"]
        ]}  # fmt: skip
    return kept
