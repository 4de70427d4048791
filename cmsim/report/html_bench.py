"""A bench record (docs/bench.md) as one HTML page without scripts, fonts or anything else from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from .html_page import Bar, Card, Row, cards, definitions, document, kilobytes, table
from .svg_plan import plan
from .text_bench import (
    USES,
    check_text,
    conditions,
    energy_text,
    energy_unit,
    flash_text,
    operator_number,
    output_text,
    side_by_side,
    significant,
)

Record = Mapping[str, Any]

def page(record: Record) -> str:
    """The whole document."""
    models = [model for model in record["models"] if "error" not in model]
    names = ", ".join(model["model"]["name"] for model in record["models"])
    body = [f"<h1>{escape(names)}</h1>", f'<p class="faint">cmsim bench: {escape(conditions(record))}, '
            f"board {escape(record['board'])}, {record['clock_mhz']:g} MHz</p>"]
    if len(models) > 1:
        body += _comparison(models, record)
    for model in record["models"]:
        if "error" in model:
            body.append(f'<h2>{escape(model["model"]["name"])}</h2><p class="bad">{escape(model["error"])}</p>')
        else:
            body += _model(model, record, len(record["models"]) > 1)
    body.append(f'<p class="faint">Energy: {escape(record["energy_assumptions"])}.</p>')
    return document(f"{names}: cmsim bench", body, styles=("plan.css",))


def _comparison(models: Sequence[Record], record: Record) -> Iterator[str]:
    header = ["", *(model["model"]["name"].removesuffix(".tflite") for model in models)]
    yield table(header, map(Row, side_by_side(models, record)), kind="side")


def _model(model: Record, record: Record, titled: bool) -> Iterator[str]:
    if titled:
        yield f"<h2>{escape(model['model']['name'])}</h2>"
    yield from _cards(model, record)
    yield "<h2>Operators</h2>" if not titled else "<h3>Operators</h3>"
    yield _operators(model)
    yield "<h2>Memory plan</h2>" if not titled else "<h3>Memory plan</h3>"
    yield (f'<figure><div class="scroll">{plan(model)}</div><figcaption>Bytes of the arena upwards, time from left to '
           'right: <span class="key" style="background:var(--ends)"></span>input and output'
           '<span class="key" style="background:var(--activation)"></span>activation'
           '<span class="key" style="background:var(--scratch)"></span>scratch'
           '<span class="key" style="background:var(--kept)"></span>kept for good</figcaption></figure>')
    yield "<h2>Details</h2>" if not titled else "<h3>Details</h3>"
    yield _details(model, record)


def _cards(model: Record, record: Record) -> Iterator[str]:
    energy, per_mac = model["energy_microjoules"]["typical"], model["cycles_per_mac"]
    size, unit = energy_unit(energy)
    yield from cards([
        Card(f"{significant(model['milliseconds'])} ms", f"{model['cycles']:,} cycles"),
        Card(f"{per_mac:.2f}" if per_mac is not None else "-", f"cycles a MAC, {model['model']['macs']:,} MACs"),
        Card(f"{significant(energy / size)} {unit}", "energy an inference, estimated"),
        Card(kilobytes(model["flash"]["total"]), f"of {kilobytes(record['chip']['flash'])} flash"),
        Card(kilobytes(model["arena"]["minimum"]), f"smallest arena, {model['arena']['minimum']:,} bytes"),
    ])


def _operators(model: Record) -> str:
    rows = model["operators"]
    several = any(row["subgraph"] for row in rows)
    longest = max(row["share"] for row in rows)
    lines = (
        Row([operator_number(row, several), row["name"], row["shapes"], f"{row['macs']:,}" if row["macs"] else "",
             f"{row['cycles']:,}", Bar(row["share"], longest, f"{100 * row['share']:.1f} %"), _per_mac(row),
             f"{row['milliseconds']:.3f}"],
            f"{', '.join(row['inputs'])} -> {', '.join(row['outputs'])}" if row["inputs"] else "")
        for row in rows
    )  # fmt: skip
    total = Row(["", "all", "", f"{model['model']['macs']:,}", f"{model['cycles']:,}", Bar(0, 1, "100.0 %"),
                 _per_mac(model), f"{model['milliseconds']:.3f}"])
    return table(("#", "operator", "shapes", "MACs", "cycles", "share", "cycles/MAC", "ms"), lines, left=(1, 2),
                 total=total)


def _per_mac(row: Record) -> str:
    return "" if row["cycles_per_mac"] is None else f"{row['cycles_per_mac']:.2f}"


def _details(model: Record, record: Record) -> str:
    arena = model["arena"]
    facts = [
        ("model", f"{model['model']['bytes']:,} bytes, {model['model']['constants']:,} of them constants; "
                  f"{model['model']['operators']} operators"),
        ("input", model["input"]),
        ("inferences", f"{len(model['inferences'])}"),
        ("energy", energy_text(model["energy_microjoules"])),
        ("flash", flash_text(model["flash"], record["chip"]["flash"])),
        ("arena", f"{arena['minimum']:,} bytes at least; {arena['used']:,} used of {arena['size']:,}"),
        ("arena's use", ", ".join(f"{USES.get(name, name)} {size:,}" for name, size in arena["use"].items() if size)),
        ("stack", "" if model["stack_peak"] is None else f"{model['stack_peak']:,} bytes"),
        *((f"output {number}", output_text(output)) for number, output in enumerate(model["outputs"])),
    ]
    if model["check"] is not None:
        facts.append(("check", check_text(model["check"])))
    return definitions(facts)
