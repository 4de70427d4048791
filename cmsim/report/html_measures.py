"""What else was asked of a run: regions, latencies, stacks, coverage, charge; each where the record has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from .duration import duration
from .html_flame import cut
from .html_page import Bar, Row, percent, table
from .short_names import short_name
from .text_measures import overflow

Record = Mapping[str, Any]
MOST_ROWS, MOST_PATHS, LONGEST_PATH, LONGEST_NAME = 100, 4, 12, 80


def regions(record: Record) -> Iterator[str]:
    """Every region that was passed or asked for."""
    found = record.get("regions") or []
    if not found:
        return
    longest = max((row["cycles"]["total"] for row in found if row["cycles"] is not None), default=0)
    rows = []
    for row in found[:MOST_ROWS]:
        cells: list[str | Bar] = [cut(row["name"], LONGEST_NAME), f"{row['passes']:,}", *[""] * 6]
        cycles = row["cycles"]
        if cycles is not None:
            cells[2:] = [Bar(cycles["total"], longest, f"{cycles['total']:,}"), duration(cycles["total"], 3),
                         *(f"{cycles[key]:,.0f}" for key in ("min", "median", "max")),
                         f"{row['instructions']['total']:,}"]
        rows.append(Row(cells))
    yield table(("region", "passes", "cycles", "time", "least", "median", "most", "instructions"), rows, kind="side")


def latencies(record: Record) -> Iterator[str]:
    """From one thing on the timeline to another."""
    found = record.get("latencies") or []
    if not found:
        return
    longest = max((row["max"] for row in found if row["count"]), default=0)
    rows = []
    for row in found[:MOST_ROWS]:
        figures: list[str | Bar] = ["", "", ""]
        if row["count"]:
            figures = [duration(row["min"]), duration(row["median"]), Bar(row["max"], longest, duration(row["max"]))]
        at = duration(row["max_at"]) if row["max_at"] is not None else ""
        rows.append(Row([cut(row["latency"], LONGEST_NAME), f"{row['count']:,}", *figures, at], row["latency"]))
    yield table(("from, to", "times", "least", "median", "most", "the longest begins at"), rows, kind="side")


def stacks(record: Record) -> Iterator[str]:
    """How deep each stack was used, and by whom."""
    found = record["memory"].get("stacks") or []
    if not found:
        return
    for row in found:
        if row["overflow"] is not None:
            yield f'<p class="note"><span class="bad">Overflow:</span> {escape(overflow(row))}</p>'
    rows = []
    for row in found[:MOST_ROWS]:
        size = row["size"]
        rows.append(Row([
            cut(row["name"], LONGEST_NAME), f"{row['peak']:,}", "" if size is None else f"{size:,}",
            Bar(row["peak"], size, percent(row["peak"], size)) if size else "",
            "" if row["free"] is None else f"{row['free']:,}",
        ]))  # fmt: skip
    yield table(("stack", "deepest, bytes", "of", "share", "free"), rows, kind="side")
    paths = [f'<p class="faint path">{escape(row["name"])} at its deepest: {_path(row["path"])}</p>'
             for row in found[:MOST_ROWS] if row["path"]]
    if len(paths) > MOST_PATHS:
        yield f"<details><summary>Who was there at the deepest point of each</summary>{''.join(paths)}</details>"
    else:
        yield from paths


def _path(names: list[str]) -> str:
    shown = names if len(names) <= LONGEST_PATH else [*names[: LONGEST_PATH // 2], "…", *names[-LONGEST_PATH // 2 :]]
    return " → ".join(escape(cut(short_name(name), LONGEST_NAME)) for name in shown)


def coverage(record: Record) -> Iterator[str]:
    """What of the code ran, and the largest functions that did not."""
    found = record.get("coverage")
    if not found:
        return
    rows = [Row([what, Bar(found[f"{key}_run"], found[key], percent(found[f"{key}_run"], found[key]) or "-"),
                 f"{found[f'{key}_run']:,}", f"{found[key]:,}"])
            for key, what in (("lines", "lines"), ("branches", "ways out of branches"), ("functions", "functions"))]
    yield table(("", "share", "ran", "of"), rows, kind="side")
    never = found["never"]
    if never:
        yield f"<details><summary>{len(never):,} functions never ran: {found['never_bytes']:,} bytes of code</summary>"
        longest = never[0]["size"] or 1
        yield table(("function", "bytes", "at"), (
            Row([cut(short_name(row["name"]), LONGEST_NAME), Bar(row["size"], longest, f"{row['size']:,}"),
                 f"0x{row['address']:08x}"], cut(row["name"], 240)) for row in never[:MOST_ROWS]), kind="side")
        yield "</details>"


def energy(record: Record) -> Iterator[str]:
    """What the chip took from its supply, by the data sheet's currents."""
    found = record.get("energy")
    if not found:
        return
    whole = sum(part["microcoulombs"] for part in found["parts"])
    rows = []
    for part in found["parts"]:
        charge = part["microcoulombs"]
        rows.append(Row([f"{part['symbol']}: {part['conditions']}", Bar(charge, whole, f"{charge:,.2f}"),
                         percent(charge, whole), f"{part['microamperes']['typical']:,.2f}",
                         f"{part['seconds']:,.4f} s"]))
    total = Row(["together", Bar(0, 1, f"{whole:,.2f}"), "100.0 %", "", ""])
    yield table(("current", "charge, µC", "share", "µA", "for"), rows, total=total, kind="side")
    lines = [("of the run", found["microcoulombs"], "µC"), ("on average", found["average_microamperes"], "µA"),
             ("an inference", found["inference_microjoules"], f"µJ at {found['volts']:g} V")]
    for what, value, unit in lines:
        if value is not None:
            yield (f'<p class="faint">{what}: {value["typical"]:,.2f} {unit} ({value["lowest"]:,.2f} to '
                   f"{value['highest']:,.2f})</p>")
    if found["without_figures"]:
        names = ", ".join(found["without_figures"])
        yield f'<p class="faint">Without figures of their own: {escape(names)}.</p>'
