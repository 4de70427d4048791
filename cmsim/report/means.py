"""Several inferences as one: the mean of those that ran the same operators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

KEYS = ("cycles", "cycles_low", "cycles_high", "cycles_excluding_interrupts", "instructions")


@dataclass(frozen=True)
class Cost:
    """Means over `runs`, rounded to whole cycles and instructions."""

    cycles: int
    cycles_low: int
    cycles_high: int
    cycles_excluding_interrupts: int
    instructions: int


@dataclass(frozen=True)
class Operator:
    """One operator of the model: what it is, and what it costs in the mean."""

    index: int
    name: str
    function: str | None
    source: str | None
    cost: Cost


@dataclass(frozen=True)
class Mean:
    """The mean inference; operators and `overhead` (what is between them) together are its cycles, but for rounding."""

    inferences: int
    cost: Cost
    operators: Sequence[Operator]
    overhead: int


def mean_inference(inferences: Sequence[Mapping[str, Any]]) -> Mean | None:
    """Of all inferences with the same operators as the last; None without inferences."""
    if not inferences:
        return None
    names = _names(inferences[-1])
    alike = [inference for inference in inferences if _names(inference) == names]
    cost = _cost(alike)
    operators = []
    for number, run in enumerate(alike[-1]["operators"]):
        runs = _cost(inference["operators"][number] for inference in alike)
        operators.append(Operator(run["index"], run["name"], run["function"], run["source"], runs))
    return Mean(len(alike), cost, operators, cost.cycles - sum(operator.cost.cycles for operator in operators))


def _names(inference: Mapping[str, Any]) -> list[str]:
    return [operator["name"] for operator in inference["operators"]]


def _cost(items: Iterable[Mapping[str, Any]]) -> Cost:
    found = list(items)
    return Cost(*(round(sum(item[key] for item in found) / len(found)) for key in KEYS))
