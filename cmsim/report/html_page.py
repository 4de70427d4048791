"""The frame of every page that cmsim writes: one file that loads nothing, light and dark, on paper and on a phone.

Shared by the reports of `cmsim bench` and of a run: the style, cards, tables with bars, and the escaping of all text.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files

KB, MB = 1 << 10, 1 << 20


@cache
def asset(name: str) -> str:
    """A style sheet or script that lies beside this file."""
    return files("cmsim.report").joinpath("assets", name).read_text(encoding="utf-8").strip()


def document(title: str, body: Iterable[str], styles: Sequence[str] = (), scripts: Sequence[str] = ()) -> str:
    """The whole file. `styles` and `scripts` are names of assets beyond the shared style.

    No script but these can run, whatever names and console text contain, and nothing can be loaded.
    """
    style = "\n".join(map(asset, ("page.css", *styles)))
    texts = [f"\n{asset(name)}\n" for name in scripts]
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in texts)
    policy = f"default-src 'none'; style-src 'unsafe-inline'{f'; script-src {hashes}' if texts else ''}"
    ends = "".join(f"<script>{text}</script>\n" for text in texts)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}\n</style>\n</head>\n<body>\n"
        + "\n".join(body) + f"\n{ends}</body>\n</html>\n"
    )  # fmt: skip


@dataclass(frozen=True)
class Card:
    """A figure, and what it is; with a meter if it is a `part` of a `whole`."""

    value: str
    what: str
    part: float = 0
    whole: float = 0
    wide: bool = False


def cards(facts: Iterable[Card]) -> Iterator[str]:
    """A row of cards."""
    yield '<div class="cards">'
    for fact in facts:
        share = min(100 * fact.part / fact.whole, 100) if fact.whole else 0
        meter = f'<div class="meter"><i style="width:{share:.2f}%"></i></div>' if fact.whole else ""
        wide = " wide" if fact.wide else ""
        yield f'<div class="card{wide}"><b>{escape(fact.value)}</b><span>{escape(fact.what)}</span>{meter}</div>'
    yield "</div>"


def definitions(facts: Iterable[tuple[str, str]]) -> str:
    """A list of terms and what they are; those without text are left out."""
    return "<dl>" + "".join(f"<dt>{escape(what)}</dt><dd>{escape(text)}</dd>" for what, text in facts if text) + "</dl>"


@dataclass(frozen=True)
class Bar:
    """A cell of a table with a bar behind its text. `part` of `whole` is coloured."""

    part: float
    whole: float
    text: str


Cell = str | Bar


@dataclass(frozen=True)
class Row:
    """A line of a table; `title` shows when the pointer rests on it, `colour` is the class of a mark in front."""

    cells: Sequence[Cell]
    title: str = ""
    colour: str = ""


def table(header: Sequence[str], rows: Iterable[Row], *, left: Sequence[int] = (0,), total: Row | None = None,
          kind: str = "") -> str:
    """A table that scrolls sideways within itself if it has to; columns in `left` are left-aligned."""
    rows = list(rows)
    room = max((len(cell.text) for row in rows for cell in row.cells if isinstance(cell, Bar)), default=0)
    head = "".join(f'<th scope="col"{_aligned(column, left)}>{escape(text)}</th>' for column, text in enumerate(header))
    body = "\n".join(_line(row, left) for row in rows)
    foot = f"<tfoot>{_line(total, left)}</tfoot>" if total is not None else ""
    name = (f' class="{kind}"' if kind else "") + (f' style="--room:{8 * room + 16}px"' if room else "")
    return (f'<div class="scroll" tabindex="0"><table{name}><thead><tr>{head}</tr></thead><tbody>\n{body}\n'
            f"</tbody>{foot}</table></div>")


def _line(row: Row, left: Sequence[int]) -> str:
    title = f' title="{escape(row.title)}"' if row.title else ""
    mark = f'<i class="swatch {row.colour}"></i>' if row.colour else ""
    cells = (_cell(cell, column, left, "" if column else mark) for column, cell in enumerate(row.cells))
    return f"<tr{title}>{''.join(cells)}</tr>"


def _cell(cell: Cell, column: int, left: Sequence[int], mark: str) -> str:
    if isinstance(cell, Bar):
        part = min(100 * max(cell.part, 0) / cell.whole, 100) if cell.whole else 0
        return f'<td class="share" style="--part:{part:.2f}%">{escape(cell.text)}</td>'
    return f"<td{_aligned(column, left)}>{mark}{escape(cell)}</td>"


def _aligned(column: int, left: Sequence[int]) -> str:
    return ' class="left"' if column in left else ""


def ticks(marks: Iterable[tuple[float, str]], width: float) -> str:
    """Marks of an axis from left to right, each at its place of `width`; the last ones have no room for a text."""
    return "".join(f'<s style="left:{100 * at / width:.3f}%">{text if at < 0.94 * width else ""}</s>'
                   for at, text in marks)


def percent(part: float, whole: float) -> str:
    """A share in words: "12.3 %"."""
    return f"{100 * part / whole:.1f} %" if whole else ""


def kilobytes(size: int) -> str:
    """A size to read at a glance: "512 B", "45.4 KB", "1 MB"."""
    if size < KB:
        return f"{size} B"
    unit, name = (KB, "KB") if size < MB else (MB, "MB")
    return f"{size / unit:,.1f}".removesuffix(".0") + f" {name}"
