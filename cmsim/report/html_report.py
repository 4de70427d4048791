"""A record as one HTML page (docs/report.md): it needs nothing from elsewhere, and its tables and pictures no scripts.

A section whose data the record does not have is left out. The same record gives the same bytes, but for `wall_seconds`,
which is not shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Any

from .html_arena import arenas
from .html_flame import flame, functions
from .html_heap import drift, heap
from .html_inferences import inferences, operators
from .html_levels import levels
from .html_measures import coverage, energy, latencies, regions, stacks
from .html_memory import memory_map
from .html_notes import console, faults, unmodelled
from .html_page import document
from .html_summary import header, summary
from .html_timeline import timeline

Record = Mapping[str, Any]
SECTIONS: tuple[tuple[str, str, Callable[[Record], Iterator[str]]], ...] = (
    ("faults", "Faults", faults),
    ("inferences", "Inferences", inferences),
    ("operators", "Operators", operators),
    ("calls", "Call paths", flame),
    ("functions", "Functions", functions),
    ("coverage", "Coverage", coverage),
    ("regions", "Regions", regions),
    ("latencies", "Latencies", latencies),
    ("energy", "Energy", energy),
    ("memory", "Memory", memory_map),
    ("stacks", "Stacks", stacks),
    ("arena", "Tensor arena", arenas),
    ("heap", "Heap", heap),
    ("levels", "Stack and heap over time", levels),
    ("drift", "Drift", drift),
    ("timeline", "Timeline", timeline),
    ("console", "Console", console),
    ("unmodelled", "Not modelled", unmodelled),
)


def page(record: Record) -> str:
    """The whole document."""
    sections = [(name, title, list(make(record))) for name, title, make in SECTIONS]
    present = [(name, title, lines) for name, title, lines in sections if lines]
    body = ["<header>", *header(record), "</header>", *summary(record)]
    links = "".join(f'<a href="#{name}">{title}</a>' for name, title, _ in present)
    body.append(f'<nav aria-label="Sections">{links}</nav>')
    for name, title, lines in present:
        body += [f'<section id="{name}"><h2>{title}</h2>', *lines, "</section>"]
    maker = escape(f"cmsim {record['version']}" if record.get("version") else "cmsim")
    body.append(f'<footer class="faint">Made by {maker}. Cycles are of 15.625 ns; KB are of 1,024 bytes.</footer>')
    name = record["firmware"]["name"]
    return document(f"{name}: cmsim report", body, ("plan.css", "report.css"), ("flame.js", "timeline.js"))
