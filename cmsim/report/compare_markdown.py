"""A comparison as Markdown, for a comment on a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..compare import Change, Comparison, number, signed
from .compare_text import MOST


def report(comparison: Comparison) -> str:
    """Verdict first; tables that are long are folded and cut: a comment may have 65,536 characters."""
    return "\n".join(_lines(comparison)) + "\n"


def _lines(comparison: Comparison) -> Iterator[str]:
    name, board = comparison.new["firmware"]["name"], comparison.new["board"]
    yield f"### cmsim: {_code(name)} on {board}"
    yield ""
    breaches = comparison.breaches
    if breaches:
        yield f"**{len(breaches)} {'limit' if len(breaches) == 1 else 'limits'} exceeded:**"
        yield ""
        yield from (f"- {_escape(change.sentence())}" for change in breaches[:MOST])
        if len(breaches) > MOST:
            yield f"- and {len(breaches) - MOST} more"
    else:
        yield "Within all limits." if any(c.limit for c in comparison.changes) else "No limits given."
    yield ""
    yield from _table("metric", [*comparison.of("total"), *comparison.of("memory")])
    for kind in comparison.groups:
        changes = comparison.moved(kind)
        if changes:
            some = f", the first {MOST}" if len(changes) > MOST else ""
            many = f"{len(changes)} {kind}{'s' * (len(changes) > 1)} changed{some}"
            yield from ("", f"<details><summary>{many}</summary>", "")
            yield from _table(kind, changes[:MOST])
            yield from ("", "</details>")
    for note in comparison.notes:
        yield from ("", f"Note: {_escape(note)}")


def _table(title: str, changes: Sequence[Change]) -> Iterator[str]:
    yield f"| {title} | before | now | change | |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for change in changes:
        name = _code(change.name.partition("/")[2] or change.name)
        mark = f" over {change.limit.text}" if change.breach and change.limit else ""
        cells = (name, number(change.base), number(change.new), signed(change.delta), change.percent + mark)
        yield f"| {' | '.join(cells)} |"


def _code(text: str) -> str:
    return "`" + text.replace("`", "'").replace("|", "\\|") + "`"


def _escape(text: str) -> str:
    for character in "\\`*_<>|[]":
        text = text.replace(character, "\\" + character)
    return text
