"""Two records of runs side by side: what changed, by how much, and which limits that breaks.

Reads only what docs/record.md describes. A metric is a number that grows when firmware gets worse. Its name is one of
`METRICS`, or that of an operator (`operators/1:CONV_2D`) or of a function (`functions/NAME`, exclusive cycles, where
the records hold a `profile`). docs/compare.md is for users.

Not modelled: differences of console output, faults and unmodelled accesses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from .errors import UsageError
from .record import SCHEMA

Record = Mapping[str, Any]

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
GROUPS = {"operators": "each operator", "functions": "each function"}
_MEMORY = ("flash_used", "static_ram", "stack_peak", "heap_peak", "arena_used")
_LIMIT = re.compile(r"(?P<sign>[+-]?)(?P<number>\d+(\.\d+)?)(?P<percent>%?)")


@dataclass(frozen=True)
class Limit:
    """The most that a metric may be: `+1%` or `+64` more than it was, or `4096` in all."""

    text: str
    sign: int
    number: Fraction
    percent: bool

    @classmethod
    def parse(cls, text: str) -> Limit:
        """UsageError for what is no limit."""
        match = _LIMIT.fullmatch(text.strip())
        if match is None or (match["percent"] and not match["sign"]):
            raise UsageError(f"limit {text!r}: give +1% or +64 (more than before), -5% (less), or 4096 (in all)")
        sign = {"": 0, "+": 1, "-": -1}[match["sign"]]
        return cls(text.strip(), sign, Fraction(match["number"]), bool(match["percent"]))

    def most(self, base: Fraction) -> Fraction:
        """The largest value that is allowed."""
        if not self.sign:
            return self.number
        return base + self.sign * (base * self.number / 100 if self.percent else self.number)


@dataclass(frozen=True)
class Change:
    """One metric in both records; `base` or `new` is None where that record lacks it."""

    name: str
    kind: str
    """"total", "memory", "operator" or "function"."""
    unit: str
    base: Fraction | None
    new: Fraction | None
    limit: Limit | None = None
    place: str = ""
    """An operator's function: where to look."""

    @property
    def delta(self) -> Fraction:
        """What was added; an operator or function that is new counts wholly."""
        return (self.new or Fraction(0)) - (self.base or Fraction(0))

    @property
    def breach(self) -> bool:
        """Whether the limit is exceeded."""
        return self.limit is not None and (self.new or Fraction(0)) > self.limit.most(self.base or Fraction(0))

    @property
    def percent(self) -> str:
        """ "+12.3 %"; empty where there was nothing before."""
        return f"{float(100 * self.delta / self.base):+.1f} %" if self.base and self.new is not None else ""

    def sentence(self) -> str:
        """For messages: name, figures, limit."""
        at = f" in {self.place}" if self.place else ""
        share = f", {self.percent}" if self.percent else ""
        allowed = f"; allowed {self.limit.text}" if self.limit is not None else ""
        figures = f"{number(self.base)} -> {number(self.new)} {self.unit}"
        return f"{self.name}{at}: {figures} ({signed(self.delta)}{share}{allowed})"


@dataclass
class Comparison:
    """Everything that two records have in common, in a fixed order."""

    base: Record
    new: Record
    changes: list[Change] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def breaches(self) -> list[Change]:
        """Those over their limit."""
        return [change for change in self.changes if change.breach]

    def of(self, kind: str) -> list[Change]:
        """The changes of one kind."""
        return [change for change in self.changes if change.kind == kind]

    def moved(self, kind: str) -> list[Change]:
        """Those of one kind that differ, largest difference first."""
        return sorted((c for c in self.of(kind) if c.base != c.new), key=lambda c: (-abs(c.delta), c.name))


def number(value: Fraction | None) -> str:
    """For people: whole where it is, else one decimal; "-" for None."""
    if value is None:
        return "-"
    return f"{int(value):,}" if value.denominator == 1 else f"{float(value):,.1f}"


def signed(value: Fraction) -> str:
    """A difference."""
    return ("+" if value >= 0 else "-") + number(abs(value))


def load_record(path: Path) -> dict[str, Any]:
    """Read what `cmsim run --json` wrote. UsageError if it is something else."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot read: {error.strerror or error}") from None
    except ValueError as error:
        raise UsageError(f"{path}: not JSON ({error}); give what `cmsim run --json` wrote") from None
    if not isinstance(record, dict) or "schema" not in record:
        raise UsageError(f"{path}: not a record; give what `cmsim run --json` wrote")
    if record["schema"] != SCHEMA:
        raise UsageError(f"{path}: schema {record['schema']!r}, but this version of cmsim reads {SCHEMA}; make it anew")
    try:
        compare(record, record)
        record["firmware"]["name"].partition("/")
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise UsageError(f"{path}: not a whole record ({type(error).__name__}: {error}); make it anew") from None
    return record


def totals(record: Record) -> dict[str, Fraction | None]:
    """`METRICS` by name; None for what was not measured."""
    costs = [Fraction(inference["cycles"]) for inference in record["inferences"]]
    values: dict[str, Any] = {
        "cycles": record["cycles"],
        "instructions": record["instructions"],
        "inference_mean": sum(costs) / len(costs) if costs else None,
        "inference_max": max(costs, default=None),
        **{name: record["memory"].get(name) for name in _MEMORY},
    }
    return {name: None if value is None else Fraction(value) for name, value in values.items()}


def operators(record: Record) -> dict[str, tuple[Fraction, str]]:
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
        found[f"{position}:{name}"] = (mean, " at ".join(text for text in (function, source) if text))
    return found


def functions(record: Record) -> dict[str, Fraction]:
    """Exclusive cycles of each function; empty without a profile."""
    found: dict[str, Fraction] = {}
    for function in (record.get("profile") or {}).get("functions", ()):
        found[function["name"]] = found.get(function["name"], Fraction(0)) + Fraction(function["exclusive_cycles"])
    return found


def compare(base: Record, new: Record, limits: Mapping[str, str] = {}, *, force: bool = False) -> Comparison:
    """All metrics of both records, with `limits` (name of a metric or group -> "+1%").

    UsageError for records that cannot be compared (`force` turns that into a note), for an unknown metric, for a limit
    on what was not measured.
    """
    comparison = Comparison(base, new)
    parsed = {name: Limit.parse(text) for name, text in limits.items()}
    for key in ("board", "timing"):
        if base[key] != new[key]:
            _object(comparison, force, f"{key} {base[key]!r} and {new[key]!r}: such figures cannot be compared")
    before, after = operators(base), operators(new)
    if list(before) != list(after):
        missing, added = [o for o in before if o not in after], [o for o in after if o not in before]
        _object(comparison, force, f"the operators do not match: only before {_list(missing)}, only now {_list(added)}")
    old, now = totals(base), totals(new)
    for name, (unit, _) in METRICS.items():
        kind = "memory" if name in _MEMORY else "total"
        if (old[name] is None or now[name] is None) and name in parsed:
            raise UsageError(f"--max {name}: not measured in the {'first' if old[name] is None else 'second'} record")
        if old[name] is not None or now[name] is not None:
            comparison.changes.append(Change(name, kind, unit, old[name], now[name], parsed.get(name)))
    for name in dict.fromkeys((*before, *after)):
        was, now_ = before.get(name), after.get(name)
        comparison.changes.append(Change(
            f"operators/{name}", "operator", "cycles", was and was[0], now_ and now_[0],
            _find(parsed, "operators", name), _place(was, now_),
        ))
    old_functions, new_functions = functions(base), functions(new)
    if bool(old_functions) == bool(new_functions):
        for name in sorted({*old_functions, *new_functions}):
            comparison.changes.append(Change(
                f"functions/{name}", "function", "cycles", old_functions.get(name), new_functions.get(name),
                _find(parsed, "functions", name),
            ))
    elif old_functions or new_functions:
        comparison.notes.append("only one record holds a profile: functions are not compared")
    _check_names(comparison, parsed)
    return comparison


def _object(comparison: Comparison, force: bool, problem: str) -> None:
    if not force:
        raise UsageError(f"{problem} (--force does it all the same)")
    comparison.notes.append(problem)


def _place(was: tuple[Fraction, str] | None, now: tuple[Fraction, str] | None) -> str:
    """An operator's function, and the other that it had before."""
    if now is None or was is None or was[1] == now[1] or not was[1]:
        return (now or was or (0, ""))[1]
    return f"{now[1]} (before: {was[1]})"


def _list(names: list[str]) -> str:
    return ", ".join(names[:6]) + (", ..." if len(names) > 6 else "") if names else "none"


def _find(limits: Mapping[str, Limit], group: str, name: str) -> Limit | None:
    """The most specific limit: `operators/1:CONV_2D`, `operators/CONV_2D`, `operators`."""
    names = (f"{group}/{name}", f"{group}/{name.partition(':')[2]}" if group == "operators" else "", group)
    return next((limits[key] for key in names if key in limits), None)


def _check_names(comparison: Comparison, limits: Mapping[str, Limit]) -> None:
    for name in limits:
        group, _, member = name.partition("/")
        kind = group[:-1]
        if name in METRICS or (group in GROUPS and not member and comparison.of(kind)):
            continue
        members = [change.name.partition("/")[2] for change in comparison.of(kind)] if group in GROUPS else []
        if group == "operators":
            members += [member.partition(":")[2] for member in members]
        if member and member in members:
            continue
        if group in GROUPS and not members:
            raise UsageError(f"--max {name}: the records hold no {group}")
        known = ", ".join((*METRICS, *GROUPS, *(c.name for c in comparison.of("operator"))))
        raise UsageError(f"--max {name}: no such metric; there are {known}, and functions/NAME")


def essence(record: Record) -> dict[str, Any]:
    """What a baseline keeps of a record: all that is compared, nothing that changes from run to run."""
    kept = {key: record[key] for key in ("schema", "firmware", "board", "timing", "cycles", "instructions")}
    kept["inferences"] = [
        {key: value for key, value in inference.items() if key != "start_cycle"} for inference in record["inferences"]
    ]
    kept["memory"] = record["memory"]
    if record.get("profile"):
        kept["profile"] = {"functions": record["profile"]["functions"]}
    return kept
