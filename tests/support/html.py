"""A page taken apart: every element closed in its place, and what the tests ask about."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "br", "input", "polygon", "path"}


class Page(HTMLParser):
    """`seen`: names of elements in order; `attributes`: all of them; `cells`: the text of each table cell."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.cells: list[str] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        """Attributes and content of each script element."""
        self.text = ""
        """Everything that is shown."""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes += attrs
        if tag == "td":
            self.cells.append("")
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "td" in self.open:
            self.cells[-1] += data
        if "script" in self.open:
            self.scripts[-1] = (self.scripts[-1][0], self.scripts[-1][1] + data)
        elif "style" not in self.open:
            self.text += data

    def values(self, name: str) -> list[str]:
        """Every value of the attribute."""
        return [value or "" for known, value in self.attributes if known == name]
