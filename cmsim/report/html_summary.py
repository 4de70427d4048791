"""The top of the report: what ran, how it ended, and the figures to remember."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from ..kernel import CPU_HZ
from .duration import duration
from .html_page import Card, cards, kilobytes
from .means import mean_inference
from .text_profile import SLEEP

Record = Mapping[str, Any]
BAD_ENDS = ("lockup", "fault", "error")


def header(record: Record) -> Iterator[str]:
    """Title, and the run in two lines."""
    firmware, stop = record["firmware"], record["stop"]
    yield f"<h1>{escape(firmware['name'])}</h1>"
    yield (f'<p class="faint">{escape(firmware["format"])} on {escape(record["board"])}, {CPU_HZ // 10**6} MHz, '
           f"{escape(record['timing'])} timing</p>")
    end = f"{stop['reason']}{': ' if stop['detail'] else ''}{stop['detail']}"
    if stop["reason"] in BAD_ENDS:
        yield f'<p class="note"><span class="bad">Stopped: {escape(stop["reason"])}</span> {escape(stop["detail"])}</p>'
    else:
        yield f'<p class="faint">Stopped: {escape(end)}</p>'


def summary(record: Record) -> Iterator[str]:
    """Cards, and what the figures do not say."""
    yield from cards(_cards(record))
    if record["cycles_low"] != record["cycles_high"]:
        yield (f'<p class="faint">Cycles could be as few as {record["cycles_low"]:,} or as many as '
               f"{record['cycles_high']:,} for the whole run, by what public sources leave open about the chip.</p>")


def _cards(record: Record) -> Iterator[Card]:
    yield from _time_cards(record)
    yield from _memory_cards(record)


def _time_cards(record: Record) -> Iterator[Card]:
    mean = mean_inference(record["inferences"])
    if mean is not None:
        many = f"mean of {mean.inferences} inferences" if mean.inferences > 1 else "one inference"
        cost = mean.cost
        open_figures = cost.cycles_low != cost.cycles_high
        bounds = f"; {cost.cycles_low:,} to {cost.cycles_high:,} possible" if open_figures else ""
        yield Card(duration(cost.cycles), f"{many}: {cost.cycles:,} cycles{bounds}", wide=open_figures)
    yield Card(duration(record["cycles"]), f"simulated, {record['cycles']:,} cycles")
    asleep = asleep_cycles(record)
    if asleep is not None:
        awake = record["cycles"] - asleep
        yield Card(f"{_share(awake, record['cycles'])} %", f"of the time awake, {awake:,} cycles", awake,
                   record["cycles"])


def asleep_cycles(record: Record) -> int | None:
    """Cycles of WFI and WFE; None without a profile."""
    if "profile" not in record:
        return None
    asleep = (row["exclusive_cycles"] for row in record["profile"]["functions"] if row["name"] == SLEEP)
    return int(sum(asleep))


def _memory_cards(record: Record) -> Iterator[Card]:
    memory = record["memory"]
    sizes = {known["memory"]: known["size"] for known in record.get("memory_map") or ()}
    rows = (
        ("flash_used", "flash", sizes.get("flash")),
        ("static_ram", "static RAM", sizes.get("ram")),
        ("stack_peak", "stack at its deepest", memory["stack_size"]),
        ("heap_peak", "heap at its peak", None),
        ("arena_used", "arena used", memory["arena_size"]),
    )
    for key, what, size in rows:
        used = memory[key]
        if used is not None:
            of = f", of {kilobytes(size)}" if size else ""
            yield Card(kilobytes(used), f"{what}{of}", used, size or 0)


def _share(part: int, whole: int) -> str:
    percent = 100 * part / whole if whole else 0
    return f"{percent:.1f}" if percent >= 1 or not part else f"{percent:.2g}"
