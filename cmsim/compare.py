"""Two records of runs side by side: what changed, by how much, and which limits that breaks.

Reads only what docs/record.md describes; `metrics.py` lists what is compared. docs/compare.md is for users.

Not modelled: differences of console output, faults and unmodelled accesses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from .errors import UsageError
from .metrics import GROUPS, MEMORY, METRICS, Record, Value, Values, totals
from .record import SCHEMA

_LIMIT = re.compile(r"(?P<sign>[+-]?)(?P<number>\d+(\.\d+)?)(?P<percent>%?)")


class LimitError(UsageError):
    """A limit that is none, or on what is not there."""


@dataclass(frozen=True)
class Limit:
    """The most that a metric may be: `+1%` or `+64` more than it was, or `4096` in all."""

    text: str
    sign: int
    number: Fraction
    percent: bool

    @classmethod
    def parse(cls, text: str) -> Limit:
        """LimitError for what is no limit."""
        match = _LIMIT.fullmatch(text.strip())
        if match is None or (match["percent"] and not match["sign"]):
            raise LimitError(f"limit {text!r}: give +1% or +64 (more than before), -5% (less), or 4096 (in all)")
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
    """"total", "memory", or that of its group, such as "operator"."""
    unit: str
    base: Fraction | None
    new: Fraction | None
    limit: Limit | None = None
    place: str = ""
    """Where to look: an operator's function, the call path to a stack's deepest point."""

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

    @property
    def groups(self) -> list[str]:
        """Kinds of the groups that are compared."""
        return [group.kind for group in GROUPS.values() if self.of(group.kind)]

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
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: not JSON ({error}); give what `cmsim run --json` wrote") from None
    if not isinstance(record, dict) or "schema" not in record:
        raise UsageError(f"{path}: not a record; give what `cmsim run --json` wrote")
    if record["schema"] != SCHEMA:
        raise UsageError(f"{path}: schema {record['schema']!r}, but this version of cmsim reads {SCHEMA}; make it anew")
    try:
        compare(record, record)
        record["firmware"]["name"].partition("/")
    except (AttributeError, KeyError, TypeError, ValueError, ArithmeticError, IndexError) as error:
        why = f"it has no {error}" if isinstance(error, KeyError) else "its values are of other kinds"
        raise UsageError(f"{path}: not a whole record of `cmsim run`: {why}; make it anew") from None
    return record


def compare(base: Record, new: Record, limits: Mapping[str, str] = {}, *, force: bool = False) -> Comparison:
    """All metrics of both records, with `limits` (name of a metric or group -> "+1%").

    UsageError for records that cannot be compared (`force` turns that into a note), LimitError for a limit on an
    unknown metric or on what was not measured.
    """
    comparison = Comparison(base, new)
    parsed = {name: Limit.parse(text) for name, text in limits.items()}
    for key in ("board", "timing"):
        if base[key] != new[key]:
            _object(comparison, force, f"{key} {base[key]!r} and {new[key]!r}: such figures cannot be compared")
    comparison.notes += _differences(base, new)
    old, now = totals(base), totals(new)
    for name, (unit, _) in METRICS.items():
        kind = "memory" if name in MEMORY else "total"
        if (old[name] is None or now[name] is None) and name in parsed:
            raise LimitError(f"limit on {name}: {_lacking(old[name], now[name])}")
        if old[name] is not None or now[name] is not None:
            comparison.changes.append(Change(name, kind, unit, old[name], now[name], parsed.get(name)))
    for title, group in GROUPS.items():
        before, after = group.of(base), group.of(new)
        if before is None or after is None:
            asked = next((name for name in parsed if name.partition("/")[0] == title), None)
            if asked is not None:
                raise LimitError(f"limit on {asked}: {_lacking(before, after)}")
            if before or after:
                comparison.notes.append(f"only one record holds {title}: they are not compared")
            continue
        if title == "operators" and list(before) != list(after):
            missing, added = [o for o in before if o not in after], [o for o in after if o not in before]
            where = f"only before {_list(missing)}, only now {_list(added)}"
            _object(comparison, force, f"the operators do not match: {where}")
        comparison.changes += _members(title, before, after, parsed)
    _check_names(comparison, parsed)
    return comparison


def _differences(base: Record, new: Record) -> Iterator[str]:
    """What else is not alike, and may be why figures differ."""
    names = [record["firmware"]["name"] for record in (base, new)]
    if names[0] != names[1]:
        yield f"the firmware is {names[0]!r} and {names[1]!r}"
    versions = base.get("version"), new.get("version")
    if None not in versions and versions[0] != versions[1]:
        yield f"cmsim {versions[0]} and {versions[1]} wrote the records, figures may differ by that"
    counts = len(base["inferences"]), len(new["inferences"])
    if counts[0] != counts[1]:
        yield f"{counts[0]} and {counts[1]} inferences: cycles and instructions differ by that, too"


def _members(title: str, before: Values, after: Values, limits: Mapping[str, Limit]) -> Iterator[Change]:
    group = GROUPS[title]
    for name in dict.fromkeys((*before, *after)):
        was, now = before.get(name), after.get(name)
        yield Change(f"{title}/{name}", group.kind, group.unit, was and was.value, now and now.value,
                     _find(limits, title, name), _place(was, now))


def _lacking(before: object, after: object) -> str:
    """Which record does not hold it."""
    which = "either" if before is None and after is None else "the first" if before is None else "the second"
    return f"not measured in {which} record"


def _object(comparison: Comparison, force: bool, problem: str) -> None:
    if not force:
        raise UsageError(f"{problem} (--force does it all the same)")
    comparison.notes.append(problem)


def _place(was: Value | None, now: Value | None) -> str:
    """An operator's function, and the other that it had before."""
    if now is None or was is None or was.place == now.place or not was.place:
        return (now or was or Value(Fraction(0))).place
    return f"{now.place} (before: {was.place})"


def _list(names: list[str]) -> str:
    return ", ".join(names[:6]) + (", ..." if len(names) > 6 else "") if names else "none"


def _find(limits: Mapping[str, Limit], title: str, name: str) -> Limit | None:
    """The most specific limit: `operators/1:CONV_2D`, `operators/CONV_2D`, `operators`."""
    names = (f"{title}/{name}", f"{title}/{GROUPS[title].shared(name)}", title)
    return next((limits[key] for key in names if key in limits), None)


def _check_names(comparison: Comparison, limits: Mapping[str, Limit]) -> None:
    for name in limits:
        if name in METRICS:
            continue
        title, slash, member = name.partition("/")
        group = GROUPS.get(title)
        members = [] if group is None else [c.name.partition("/")[2] for c in comparison.of(group.kind)]
        if group is not None and not members:
            raise LimitError(f"limit on {name}: the records hold no {title}")
        if group is not None and (not slash or member in (*members, *map(group.shared, members))):
            continue
        some = (change.name for kind in comparison.groups if kind != "function" for change in comparison.of(kind))
        known = ", ".join((*METRICS, *GROUPS, *some))
        raise LimitError(f"limit on {name}: no such metric; there are {known}, and functions/NAME")
