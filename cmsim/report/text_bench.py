"""A bench record (docs/bench.md) as text: one model in full, several side by side."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..timing import DEFAULT
from .terminal import WIDTH, grid

Record = Mapping[str, Any]
TABLE_WIDTH = 110
"""The table of operators needs more than a classic terminal has."""
MOST_VALUES = 10
USES = {
    "activations": "activations", "tensors": "tensor structures", "nodes": "node structures",
    "operators": "operators' own data", "variables": "variables", "planning": "planning", "padding": "padding",
}
"""What an arena is used for, in words."""


def report(record: Record, bold: bool = False) -> str:
    """All that is to be shown on a terminal; models that failed are left to the error messages."""
    models = [model for model in record["models"] if "error" not in model]
    if not models:
        return ""
    lines = [*_model(models[0], record, bold)] if len(record["models"]) == 1 else [*_side_by_side(models, record, bold)]
    return "\n".join((*lines, "", *_paragraph("energy: " + record["energy_assumptions"]))) + "\n"


def conditions(record: Record) -> str:
    """Kernels, and what differs from the default."""
    parts = [f"{record['kernels']} kernels"]
    if record["timing"] != DEFAULT:
        parts.append(f"timing {record['timing']}")
    if not record["instruction_cache"]:
        parts.append("instruction cache off")
    return ", ".join(parts)


def _model(model: Record, record: Record, bold: bool) -> Iterator[str]:
    facts = model["model"]
    yield (f"{facts['name']}: {facts['bytes']:,} bytes, {facts['operators']} operators, {facts['macs']:,} MACs; "
           f"{conditions(record)}")
    yield ""
    yield from operators(model["operators"], model, bold)
    yield ""
    for title, text in summary(model, record):
        yield from textwrap.wrap(text, WIDTH - 1, initial_indent=f"{title:<13}", subsequent_indent=" " * 13,
                                 break_on_hyphens=False)


def operators(rows: Sequence[Record], model: Record, bold: bool = False) -> list[str]:
    """The table by operator, with the sum below."""
    several = any(row["subgraph"] for row in rows)
    cells = [[operator_number(row, several), row["name"], row["shapes"], _number(row["macs"] or None), *_costs(row)]
             for row in rows]
    total = {**model, "share": 1.0}
    cells.append(["", "all", "", _number(model["model"]["macs"]), *_costs(total)])
    header = ["#", "operator", "shapes", "MACs", "cycles", "share", "cycles/MAC", "ms"]
    return grid(header, cells, left=(1, 2), bold=bold, width=TABLE_WIDTH)


def operator_number(row: Record, several: bool) -> str:
    """Its position in the model, with the subgraph's number before it where there are several."""
    if row["index"] is None:
        return ""
    return f"{row['subgraph']}:{row['index']}" if several else str(row["index"])


def _costs(row: Record) -> tuple[str, str, str, str]:
    per_mac = "" if row["cycles_per_mac"] is None else f"{row['cycles_per_mac']:.2f}"
    return f"{row['cycles']:,}", f"{100 * row['share']:.1f} %", per_mac, f"{row['milliseconds']:.3f}"


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def summary(model: Record, record: Record) -> Iterator[tuple[str, str]]:
    """(title, text) of everything but the operators."""
    count = len(model["inferences"])
    mean = f", mean of {count} inferences" if count > 1 else ""
    yield "input", model["input"]
    per_mac = f", {model['cycles_per_mac']:.2f} a MAC" if model["cycles_per_mac"] is not None else ""
    yield "cycles", f"{model['cycles']:,} an inference{per_mac}{mean}"
    yield "time", f"{model['milliseconds']:.3f} ms at {record['clock_mhz']:g} MHz"
    yield "energy", energy_text(model["energy_microjoules"])
    yield "flash", flash_text(model["flash"], record["chip"]["flash"])
    arena = model["arena"]
    yield "arena", f"{arena['minimum']:,} bytes at least; {arena['used']:,} used of {arena['size']:,}"
    yield "", ", ".join(f"{USES.get(name, name)} {size:,}" for name, size in arena["use"].items() if size)
    if model["stack_peak"] is not None:
        yield "stack", f"{model['stack_peak']:,} bytes"
    for number, output in enumerate(model["outputs"]):
        yield f"output {number}", output_text(output)
    if model["check"] is not None:
        yield "check", check_text(model["check"])


def significant(value: float) -> str:
    """Three significant digits, and never an exponent: "0.0998", "49.8", "16,753"."""
    digits = 3
    while digits and abs(value) >= 10 ** (3 - digits):
        digits -= 1
    return f"{value:,.{digits}f}"


def energy_unit(microjoules: float) -> tuple[float, str]:
    """The unit that suits a figure, and its size in microjoules."""
    return (1000.0, "mJ") if microjoules >= 1000 else (1.0, "µJ")


def energy_text(energy: Record) -> str:
    """"49.8 µJ an inference (42.3 to 95.1)"."""
    size, unit = energy_unit(energy["typical"])
    typical, lowest, highest = (significant(energy[name] / size) for name in ("typical", "lowest", "highest"))
    return f"{typical} {unit} an inference ({lowest} to {highest})"


def flash_text(flash: Record, size: int) -> str:
    """The sum, its parts, and whether the chip has so much."""
    parts = ", ".join(f"{name} {flash[name]:,}" for name in ("model", "kernels", "interpreter"))
    fit = f"{100 * flash['total'] / size:.1f} % of {size:,}"
    if not flash["fits"]:
        fit = f"does not fit: {flash['total'] - size:,} more than the {size:,} of the chip"
    return f"{flash['total']:,} bytes: {parts}; {fit}"


def output_text(output: Record) -> str:
    """Name and values of an output tensor, real numbers where it is quantised."""
    values = output["values"]
    if values is None:
        return f"{output['name']}: {output['type']}{output['shape']}"
    scale, zero_point = output["scale"], output["zero_point"]
    shown = ["not finite" if value is None else f"{value if scale is None else (value - zero_point) * scale:.4g}"
             for value in values[:MOST_VALUES]]
    more = f", {len(values) - MOST_VALUES} more" if len(values) > MOST_VALUES else ""
    return f"{output['name']}: {', '.join(shown)}{more}"


def check_text(check: Record) -> str:
    """What came of the comparison."""
    if check["equal"]:
        return f"{check['tensors']:,} tensors equal TensorFlow Lite Micro's in every bit"
    return f"FAILED: {check['difference']['text']}"


def side_by_side(models: Sequence[Record], record: Record) -> list[list[str]]:
    """Rows of (title, one text a model)."""
    rows: list[tuple[str, Callable[[Record], str]]] = [
        ("MACs", lambda m: f"{m['model']['macs']:,}"),
        ("cycles", lambda m: f"{m['cycles']:,}"),
        ("cycles/MAC", lambda m: "" if m["cycles_per_mac"] is None else f"{m['cycles_per_mac']:.2f}"),
        (f"ms at {record['clock_mhz']:g} MHz", lambda m: f"{m['milliseconds']:.3f}"),
        ("energy [µJ]", lambda m: f"{m['energy_microjoules']['typical']:,.1f}"),
        ("model [bytes]", lambda m: f"{m['flash']['model']:,}"),
        ("kernels", lambda m: f"{m['flash']['kernels']:,}"),
        ("interpreter", lambda m: f"{m['flash']['interpreter']:,}"),
        ("flash", lambda m: f"{m['flash']['total']:,}{'' if m['flash']['fits'] else ' !'}"),
        ("arena minimum", lambda m: f"{m['arena']['minimum']:,}"),
        ("of it activations", lambda m: f"{m['arena']['use']['activations']:,}"),
        ("stack", lambda m: _number(m["stack_peak"])),
    ]
    if any(model["check"] is not None for model in models):
        rows.append(("check", lambda m: "equal" if m["check"]["equal"] else "FAILED"))
    table = [[title, *map(text, models)] for title, text in rows]
    kinds = dict.fromkeys(row["name"] for model in models for row in model["operators"])
    for kind in sorted(kinds, key=lambda kind: -max(_spent(model, kind) for model in models)):
        title = f"cycles of {kind}" if kind.isupper() else f"cycles {kind}"
        table.append([title, *(f"{_spent(model, kind):,}" for model in models)])
    return table


def _spent(model: Record, kind: str) -> int:
    return sum(row["cycles"] for row in model["operators"] if row["name"] == kind)


def _side_by_side(models: Sequence[Record], record: Record, bold: bool) -> Iterator[str]:
    yield conditions(record)
    yield ""
    header = ["", *(model["model"]["name"].removesuffix(".tflite") for model in models)]
    yield from grid(header, side_by_side(models, record), left=(0,), bold=bold, width=1000)
    for model in models:
        notes = [] if model["flash"]["fits"] else [f"flash: {flash_text(model['flash'], record['chip']['flash'])}"]
        if model["check"] is not None:
            notes.append(f"check: {check_text(model['check'])}")
        yield from (line for note in notes for line in _paragraph(f"{model['model']['name']}: {note}"))


def _paragraph(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH - 1, subsequent_indent="  ", break_on_hyphens=False)
