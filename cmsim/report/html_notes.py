"""What the firmware said, what went wrong, and what the simulator does not model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from .html_page import Row, table
from .text_faults import SHOWN, report

Record = Mapping[str, Any]
LONGEST_TEXT = 120_000
"""Characters of all consoles together; of a longer one the middle is left out."""
MOST_ROWS = 200
_UNSEEN = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"} | {0x7F: 0x2421}
"""Control characters as pictures: nobody's terminal interprets them here."""


def console(record: Record) -> Iterator[str]:
    """Every channel that said something."""
    for channel, text in record["console"].items():
        yield f"<h3>{escape(channel)}</h3>"
        yield f'<pre tabindex="0">{escape(_shown(text, LONGEST_TEXT // len(record["console"])), quote=False)}</pre>'


def _shown(text: str, longest: int) -> str:
    text = text.replace("\r\n", "\n")
    if len(text) > longest:
        half = longest // 2
        text = f"{text[:half]}\n\n... {len(text) - 2 * half:,} characters left out ...\n\n{text[-half:]}"
    return text.translate(_UNSEEN)


def faults(record: Record) -> Iterator[str]:
    """Every fault and fatal error, the first ones in words; nothing if there was none."""
    found = record["faults"]
    if not found and not record.get("fatal"):
        return
    yield f'<pre tabindex="0">{escape(chr(10).join(report(record)), quote=False)[:LONGEST_TEXT]}</pre>'
    if len(found) > SHOWN:
        rows = [Row([fault["exception"], fault["cause"], f"0x{fault['pc']:08x}",
                     "" if fault["address"] is None else f"0x{fault['address']:08x}", f"{fault['cycle']:,}"])
                for fault in found[:MOST_ROWS]]
        yield f"<details><summary>The first {len(rows)} of {len(found):,} faults as a table</summary>"
        yield table(("handled by", "cause", "pc", "address", "cycle"), rows, left=(0, 1)) + "</details>"


def unmodelled(record: Record) -> Iterator[str]:
    """Accesses that no model answered, or the word that there were none."""
    found = record["unmodelled"]
    if not found:
        yield "<p>Every access of the firmware was answered by a model.</p>"
        return
    rows = [Row([access["block"], f"0x{access['offset']:03x}", access["access"], f"{access['count']:,}",
                 f"0x{access['pc']:08x}"]) for access in found[:MOST_ROWS]]
    yield table(("block", "offset", "access", "times", "first at pc"), rows, left=(0, 2))
    if len(found) > MOST_ROWS:
        yield f'<p class="faint">{len(found) - MOST_ROWS:,} more.</p>'
    yield '<p class="faint">Reads gave reset values, writes went nowhere.</p>'
