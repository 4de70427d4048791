"""Inferences as columns and as a table; the mean inference as a strip of its operators and as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from ..kernel import CPU_HZ
from .duration import duration, time_scale
from .html_page import Bar, Row, percent, table
from .means import Cost, Mean, mean_inference

Record = Mapping[str, Any]
MOST_COLUMNS, MOST_WHISKERS, MOST_ROWS, FEWEST_COLUMNS = 240, 60, 400, 8
MOST_OPERATORS = 500
PALETTE = ("c1", "c2", "c3", "c4", "c6", "c8", "c5")


def inferences(record: Record) -> Iterator[str]:
    """Every inference; nothing if there was none."""
    runs = record["inferences"]
    if not runs:
        return
    if len(runs) >= FEWEST_COLUMNS:
        yield from _columns(runs)
    shown = runs if len(runs) <= MOST_ROWS else [*runs[: MOST_ROWS // 2], *runs[-MOST_ROWS // 2 :]]
    text = _table(shown)
    if len(runs) > 24:
        left_out = len(runs) - len(shown)
        note = f", {left_out:,} in the middle left out" if left_out else ""
        yield f"<details><summary>All {len(runs):,} inferences as a table{note}</summary>{text}</details>"
    else:
        yield text


def _columns(runs: Sequence[Record]) -> Iterator[str]:
    """A column for each inference, or for the longest of several neighbours."""
    every = -(-len(runs) // MOST_COLUMNS)
    shown = [max(runs[n : n + every], key=lambda run: run["cycles"]) for n in range(0, len(runs), every)]
    whiskers = len(shown) <= MOST_WHISKERS and any(run["cycles_low"] != run["cycles_high"] for run in shown)
    scale = time_scale(max(run["cycles_high"] if whiskers else run["cycles"] for run in shown))
    top = scale[-1][0]
    times = "".join(f"<span>{text}</span>" for _, text in reversed(scale))
    dense = " dense" if len(shown) > MOST_WHISKERS else ""
    yield (f'<figure class="panel"><div class="columns"><div class="axis">{times}</div><div class="plot{dense}" '
           f'style="--steps:{len(scale) - 1}" role="img" aria-label="Cycles of each inference, from '
           f'{min(r["cycles"] for r in runs):,} to {max(r["cycles"] for r in runs):,}">')
    interrupted = False
    for run in shown:
        cycles, inside = run["cycles"] or 1, run["cycles"] - run["cycles_excluding_interrupts"]
        interrupted |= inside > 0
        parts = f'<u style="height:{100 * inside / cycles:.2f}%"></u>' if inside > 0 else ""
        if whiskers:
            low, high = 100 * run["cycles_low"] / cycles, 100 * run["cycles_high"] / cycles
            parts += f'<s style="bottom:{low:.2f}%;height:{high - low:.2f}%"></s>'
        title = f"inference {run['index']}: {run['cycles']:,} cycles, {duration(run['cycles'])}"
        yield f'<i style="height:{100 * run["cycles"] / top:.2f}%" title="{title}">{parts}</i>'
    yield (f'</div><div class="foot"><span>inference {shown[0]["index"]}</span>'
           f"<span>{shown[-1]['index']}</span></div></div>")
    legend = [("c1", "computing")] + [("c5", "interrupts in between")] * interrupted
    notes = ["the line spans what the timing model leaves open"] * whiskers
    notes += [f"a column is the longest of {every} neighbours"] * (every > 1)
    items = "".join(f'<li><i class="{kind}"></i>{text}</li>' for kind, text in legend)
    items += "".join(f"<li>{note}</li>" for note in notes)
    yield f'<ul class="legend">{items}</ul></figure>'


def _table(runs: Sequence[Record]) -> str:
    longest = max(run["cycles"] for run in runs)
    header = ["#", "cycles", "time", "start"]
    bounded = any(run["cycles_low"] != run["cycles_high"] for run in runs)
    interrupted = any(run["cycles_excluding_interrupts"] != run["cycles"] for run in runs)
    stacked = any(run["stack_peak"] is not None for run in runs)
    header += ["at least", "at most"] * bounded + ["without interrupts"] * interrupted
    header += ["instructions"] + ["stack"] * stacked

    def row(run: Record) -> Row:
        cells: list[str | Bar] = [str(run["index"]), Bar(run["cycles"], longest, f"{run['cycles']:,}"),
                                  duration(run["cycles"]), f"{run['start_cycle'] / CPU_HZ:.4f} s"]
        if bounded:
            cells += [f"{run['cycles_low']:,}", f"{run['cycles_high']:,}"]
        if interrupted:
            cells.append(f"{run['cycles_excluding_interrupts']:,}")
        cells.append(f"{run['instructions']:,}")
        if stacked:
            cells.append("" if run["stack_peak"] is None else f"{run['stack_peak']:,} B")
        return Row(cells)

    return table(header, map(row, runs), left=(0,), kind="side")


def operators(record: Record) -> Iterator[str]:
    """The mean inference's operators; nothing if none is known."""
    mean = mean_inference(record["inferences"])
    if mean is None or not mean.operators:
        return
    if mean.inferences > 1:
        yield f'<p class="faint">Mean of {mean.inferences} inferences.</p>'
    yield _strip(mean)
    yield _operator_table(mean)


def colours(names: Sequence[str]) -> dict[str, str]:
    """A colour class for each name, in the order in which they come."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(name, PALETTE[len(found) % len(PALETTE)])
    return found


def _strip(mean: Mean) -> str:
    """One inference from left to right, to scale, but that what is between operators stands at the end."""
    whole = mean.cost.cycles or 1
    palette = colours([operator.name for operator in mean.operators])
    pieces = [(palette[o.name], str(o.index), o.name, f"{o.index} {o.name}", o.cost.cycles)
              for o in mean.operators if MOST_OPERATORS * o.cost.cycles >= whole]
    pieces.append(("c7", "", "between", "between operators", mean.overhead))
    boxes = "".join(
        f'<i class="{kind}" style="width:{100 * cycles / whole:.3f}%" title="{escape(title)}: {cycles:,} cycles, '
        f'{percent(cycles, whole)}"><span>{escape(number)} <em>{escape(name)}</em></span></i>'
        for kind, number, name, title, cycles in pieces if cycles > 0
    )
    label = escape(f"One inference of {duration(whole)}, operators to scale")
    return f'<div class="panel strip-panel"><div class="strip" role="img" aria-label="{label}">{boxes}</div></div>'


def _operator_table(mean: Mean) -> str:
    whole = mean.cost.cycles
    longest = max(*(operator.cost.cycles for operator in mean.operators), mean.overhead)
    bounded = mean.cost.cycles_low != mean.cost.cycles_high
    interrupted = mean.cost.cycles_excluding_interrupts != mean.cost.cycles
    header = ["operator", "share", "cycles", "time"] + ["at least", "at most"] * bounded
    sourced = any(operator.source for operator in mean.operators)
    header += ["without interrupts"] * interrupted + ["instructions", "a cycle"] + ["source"] * sourced

    def cells(name: str, cost: Cost, source: str) -> list[str | Bar]:
        found: list[str | Bar] = [name, Bar(cost.cycles, longest, percent(cost.cycles, whole)),
                                  f"{cost.cycles:,}", duration(cost.cycles, 3)]
        if bounded:
            found += [f"{cost.cycles_low:,}", f"{cost.cycles_high:,}"]
        if interrupted:
            found.append(f"{cost.cycles_excluding_interrupts:,}")
        rate = f"{cost.instructions / cost.cycles:.2f}" if cost.cycles else ""
        return [*found, f"{cost.instructions:,}", rate, *[source] * sourced]

    rows = [Row(cells(f"{o.index} {o.name}", o.cost, _source(o.source)),
                " ".join(text for text in (o.function, o.source) if text))
            for o in mean.operators[:MOST_OPERATORS]]
    if len(mean.operators) > MOST_OPERATORS:
        rest = sum(o.cost.cycles for o in mean.operators[MOST_OPERATORS:])
        rows.append(Row([f"{len(mean.operators) - MOST_OPERATORS:,} more", Bar(rest, longest, percent(rest, whole)),
                         f"{rest:,}", duration(rest, 3), *[""] * (len(header) - 4)]))
    blank = len(header) - 4
    rows.append(Row(["between operators", Bar(mean.overhead, longest, percent(mean.overhead, whole)),
                     f"{mean.overhead:,}", duration(mean.overhead, 3), *[""] * blank]))
    total = cells("one inference", mean.cost, "")
    total[1] = Bar(0, 1, "100.0 %")
    return table(header, rows, left=(0, *[len(header) - 1] * sourced), total=Row(total), kind="side operators")


def _source(source: str | None) -> str:
    return (source or "").rpartition("/")[2]
