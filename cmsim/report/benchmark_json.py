"""The new record's metrics in the formats of two services that plot them over time.

github-action-benchmark: its `customSmallerIsBetter` tool reads a list of `{name, unit, value, extra}`. Bencher Metric
Format: benchmark -> measure -> `{value, lower_value, upper_value}`.
"""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

from ..compare import Comparison


def github_action_benchmark(comparison: Comparison) -> str:
    """Totals, memory, and every group but functions; `extra` tells the change."""
    firmware = comparison.new["firmware"]["name"]
    rows = [
        {"name": f"{firmware} {c.name}", "unit": c.unit, "value": _plain(c.new), "extra": c.sentence()}
        for c in comparison.changes if c.new is not None and c.kind != "function"
    ]
    return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"


def bencher(comparison: Comparison) -> str:
    """The firmware, its inference, operators, stacks, regions, sections are benchmarks; cycles and bytes measures."""
    firmware = comparison.new["firmware"]["name"]
    found: dict[str, dict[str, Any]] = {firmware: {}}
    for change in comparison.changes:
        if change.new is None or change.kind == "function":
            continue
        value = _plain(change.new)
        if change.kind == "operator":
            found[f"{firmware}/{change.name.partition('/')[2]}"] = {"cycles": {"value": value}}
        elif change.kind == "region":  # its mean, and then its longest
            region, _, which = change.name.rpartition(":")
            cycles = found.setdefault(f"{firmware}/{region}", {}).setdefault("cycles", {})
            cycles["value" if which == "mean" else "upper_value"] = value
        elif change.kind in ("stack", "section"):
            measure = "stack-peak" if change.kind == "stack" else "flash-used"
            found[f"{firmware}/{change.name}"] = {measure: {"value": value}}
        elif not change.name.startswith("inference_"):
            found[firmware][change.name.replace("_", "-")] = {"value": value}
    costs = [inference["cycles"] for inference in comparison.new["inferences"]]
    if costs:
        found[f"{firmware}/inference"] = {"cycles": {
            "value": _plain(Fraction(sum(costs), len(costs))), "lower_value": min(costs), "upper_value": max(costs),
        }}
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _plain(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)
