"""A bench record (docs/bench.md) as one HTML page without scripts, fonts or anything else from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from .svg_plan import plan
from .text_bench import (
    USES,
    check_text,
    energy_text,
    energy_unit,
    flash_text,
    operator_number,
    output_text,
    side_by_side,
    significant,
)

Record = Mapping[str, Any]

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --faint: #5b6675; --page: #f6f7f9; --card: #fff; --line: #d9dee5;
  --bar: #cfe0fb; --accent: #1f5fc4; --activation: #a9c8f5; --ends: #a5dcb6; --scratch: #f6cf95; --kept: #d7dbe3;
  --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --faint: #9aa5b4; --page: #12161c; --card: #1b212a;
  --line: #323b48; --bar: #24416e; --accent: #8ab4ff; --activation: #2c548f; --ends: #256a40; --scratch: #7d5a1d;
  --kept: #3a4250; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1060px; padding: 20px 16px 48px; background: var(--page); color: var(--ink);
  font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 22px; margin: 0 0 2px; overflow-wrap: anywhere; } h2 { font-size: 17px; margin: 28px 0 8px; }
p { margin: 4px 0; } .faint, figcaption { color: var(--faint); font-size: 13px; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 10px; margin: 14px 0 4px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 12px; }
.card b { display: block; font-size: 21px; font-weight: 600; } .card span { color: var(--faint); font-size: 13px; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th, td { padding: 4px 10px; text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
th { color: var(--faint); font-weight: 600; border-bottom: 1px solid var(--line); }
td.left, th.left { text-align: left; }
.side td.left, .side th.left { position: sticky; left: 0; background: var(--card); }
tr + tr td { border-top: 1px solid var(--line); }
tfoot td { font-weight: 600; border-top: 2px solid var(--line); }
td.share { min-width: 150px; background: linear-gradient(to right, var(--bar) var(--part), transparent var(--part)); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 14px; margin: 8px 0; }
dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; }
figure { margin: 0; } figcaption { margin-top: 6px; }
.plan { display: block; min-width: 720px; width: 100%; height: auto; }
.plan text { font: 10.5px system-ui, sans-serif; fill: var(--ink); pointer-events: none; }
.plan text.axis { fill: var(--faint); pointer-events: auto; } .plan .grid { stroke: var(--line); }
.plan .ground { stroke: var(--faint); } .plan rect { stroke: var(--card); stroke-width: 1; }
.plan g:hover rect { stroke: var(--accent); stroke-width: 2; }
.activation rect { fill: var(--activation); } .ends rect { fill: var(--ends); } .scratch rect { fill: var(--scratch); }
.kept rect { fill: var(--kept); } .key { display: inline-block; width: 11px; height: 11px; border-radius: 2px;
  margin: 0 5px 0 12px; } .bad { color: var(--bad); font-weight: 600; }
""".strip()


def page(record: Record) -> str:
    """The whole document."""
    models = [model for model in record["models"] if "error" not in model]
    names = ", ".join(model["model"]["name"] for model in record["models"])
    body = [f"<h1>{escape(names)}</h1>", f'<p class="faint">cmsim bench: {escape(record["kernels"])} kernels, '
            f"board {escape(record['board'])}, {record['clock_mhz']:g} MHz</p>"]
    if len(models) > 1:
        body += _comparison(models, record)
    for model in record["models"]:
        if "error" in model:
            body.append(f'<h2>{escape(model["model"]["name"])}</h2><p class="bad">{escape(model["error"])}</p>')
        else:
            body += _model(model, record, len(record["models"]) > 1)
    body.append(f'<p class="faint">Energy: {escape(record["energy_assumptions"])}.</p>')
    return (f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{escape(names)}: cmsim bench</title>\n<style>\n{STYLE}\n</style>\n</head>\n<body>\n"
            + "\n".join(body) + "\n</body>\n</html>\n")


def _comparison(models: Sequence[Record], record: Record) -> Iterator[str]:
    header = ["", *(model["model"]["name"].removesuffix(".tflite") for model in models)]
    yield _table(header, side_by_side(models, record))


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
    cards = [
        (f"{significant(model['milliseconds'])} ms", f"{model['cycles']:,} cycles"),
        (f"{per_mac:.2f}" if per_mac is not None else "-", f"cycles a MAC, {model['model']['macs']:,} MACs"),
        (f"{significant(energy / size)} {unit}", "energy an inference, estimated"),
        (_kilobytes(model["flash"]["total"]), f"of {_kilobytes(record['chip']['flash'])} flash"),
        (_kilobytes(model["arena"]["minimum"]), f"smallest arena, {model['arena']['minimum']:,} bytes"),
    ]
    yield '<div class="cards">'
    yield from (f'<div class="card"><b>{escape(value)}</b><span>{escape(what)}</span></div>' for value, what in cards)
    yield "</div>"


def _kilobytes(size: int) -> str:
    return f"{size / 1024:,.1f} KB" if size < 1 << 20 else f"{size / (1 << 20):,.2g} MB"


def _operators(model: Record) -> str:
    rows = model["operators"]
    several = any(row["subgraph"] for row in rows)
    longest = max(row["share"] for row in rows)
    lines = [_row([operator_number(row, several), row["name"], row["shapes"], f"{row['macs']:,}" if row["macs"] else "",
                   f"{row['cycles']:,}", row["share"], _per_mac(row), f"{row['milliseconds']:.3f}"],
                  longest, title=f"{', '.join(row['inputs'])} -> {', '.join(row['outputs'])}" if row["inputs"] else "")
             for row in rows]
    total = _row(["", "all", "", f"{model['model']['macs']:,}", f"{model['cycles']:,}", 1.0, _per_mac(model),
                  f"{model['milliseconds']:.3f}"], 0)
    header = "".join(f'<th{" class=left" if column in (1, 2) else ""}>{text}</th>' for column, text in enumerate(
        ("#", "operator", "shapes", "MACs", "cycles", "share", "cycles/MAC", "ms")))
    return (f'<div class="scroll"><table><thead><tr>{header}</tr></thead><tbody>\n' + "\n".join(lines)
            + f"\n</tbody><tfoot>{total}</tfoot></table></div>")


def _row(cells: Sequence[str | float], longest: float, title: str = "") -> str:
    """A row of the operators' table; the one number in it is the share, drawn as a bar (none where `longest` is 0)."""
    texts = []
    for column, cell in enumerate(cells):
        if isinstance(cell, float):
            part = 100 * max(cell, 0) / longest if longest else 0
            texts.append(f'<td class="share" style="--part:{part:.2f}%">{100 * cell:.1f} %</td>')
        else:
            texts.append(f'<td{" class=left" if column in (1, 2) else ""}>{escape(cell)}</td>')
    return f'<tr{f" title={chr(34)}{escape(title)}{chr(34)}" if title else ""}>{"".join(texts)}</tr>'


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
    entries = "".join(f"<dt>{escape(title)}</dt><dd>{escape(text)}</dd>" for title, text in facts if text)
    return f"<dl>{entries}</dl>"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th{"" if column else " class=left"}>{escape(text)}</th>' for column, text in enumerate(header))
    lines = ("".join(f'<td{"" if column else " class=left"}>{escape(text)}</td>' for column, text in enumerate(row))
             for row in rows)
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return (f'<div class="scroll"><table class="side"><thead><tr>{head}</tr></thead>'
            f"<tbody>\n{body}\n</tbody></table></div>")
