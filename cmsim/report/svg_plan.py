"""An arena's plan as a picture: time across (operators), addresses up. Inline SVG, coloured by classes of the page.

Activations lie where the interpreter planned them; what stays for good is drawn as bands above, as high as it is large.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from .text_bench import USES

Record = Mapping[str, Any]
WIDTH, HEIGHT = 960, 440
LEFT, RIGHT, TOP, BOTTOM = 74, 8, 8, 40
MOST_TICKS = 34
LINE = 13
CHARACTER = 6.2
"""Roughly the width of a letter, to know whether a label fits."""


def plan(model: Record) -> str:
    """The picture; every rectangle has a title with name, bytes, place and lifetime."""
    return "\n".join(_lines(model))


def _lines(model: Record) -> Iterator[str]:
    use, blocks = model["arena"]["use"], model["plan"]
    ends = (1 + (block["first"] if block["last"] is None else block["last"]) for block in blocks)
    steps = max(1, len(model["steps"] or ()), *ends)
    height = max(model["arena"]["used"], 1)
    scale_x, scale_y = (WIDTH - LEFT - RIGHT) / steps, (HEIGHT - TOP - BOTTOM) / height
    ground = HEIGHT - BOTTOM

    def box(kind: str, place: tuple[int, int, int, int], labels: Sequence[str], title: str) -> str:
        """A rectangle; `place` is its first step, the step behind it, its lowest byte, the byte behind it.

        Of the labels the first that fits is shown; where that is not the first, and there is room, one below the other.
        """
        begin, end, low, high = place
        x, y = LEFT + begin * scale_x, ground - high * scale_y
        width, tall = (end - begin) * scale_x, (high - low) * scale_y
        fitting = [text for text in labels if tall >= 12 and len(text) * CHARACTER <= width - 6]
        shown = fitting[:2] if fitting == list(labels[1:]) and tall >= 12 + LINE else fitting[:1]
        text = "".join(f'<text x="{x + 4:.1f}" y="{y + min(tall / 2 + 4, 16) + n * LINE:.1f}">{escape(label)}</text>'
                       for n, label in enumerate(shown))
        return (f'<g class="{kind}"><title>{escape(title)}</title>'
                f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{tall:.2f}"/>{text}</g>')

    yield (f'<svg class="plan" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
           f'aria-label="Memory plan: operators from left to right, addresses upwards">')
    for mark in _marks(height):
        y = ground - mark * scale_y
        yield f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>'
        yield f'<text class="axis" text-anchor="end" x="{LEFT - 6}" y="{y + 4:.1f}">{mark:,}</text>'
    inputs = {tensor["name"] for tensor in (*model["inputs"], *model["outputs"])}
    for block in blocks:
        end = steps if block["last"] is None else block["last"] + 1
        name, figure = short(block["name"]), f"{block['bytes']:,}"
        yield box(_kind(block, inputs), (block["first"], end, block["place"], block["place"] + block["bytes"]),
                  (f"{name} {figure}", name, figure), _title(block, model["steps"]))
    low = use["activations"]
    for name, kept in use.items():
        if name != "activations" and kept:
            title = USES.get(name, name)
            yield box("kept", (0, steps, low, low + kept), (f"{title} {kept:,}",), f"{title}: {kept:,} bytes")
            low += kept
    yield from _time_axis(steps, scale_x, ground, model["steps"])
    yield "</svg>"


def _kind(block: Record, ends: set[str]) -> str:
    if block["tensor"] is None:
        return "scratch" if block.get("scratch", True) else "activation"
    return "ends" if block["subgraph"] == 0 and block["name"] in ends else "activation"


def short(name: str) -> str:
    """The last parts of a name that converters make long."""
    parts = name.partition(";")[0].rstrip("/").split("/")
    return "/".join(parts[-2:])[-40:]


def _title(block: Record, steps: Sequence[str] | None) -> str:
    first, last = block["first"], block["last"]
    name = f"tensor {block['tensor']} {block['name']}" if block["tensor"] is not None else "scratch memory"
    if not block.get("scratch", True):
        name = block["name"]
    until = "for good" if last is None else f"to {_step(last, steps)}"
    place = f"{block['place']:,} to {block['place'] + block['bytes'] - 1:,}"
    return f"{name}: {block['bytes']:,} bytes at {place}, from {_step(first, steps)} {until}"


def _step(number: int, steps: Sequence[str] | None) -> str:
    if steps is None:
        return f"step {number}"
    return f"{number} {steps[number]}" if number < len(steps) else "the end"


def _marks(height: int) -> list[int]:
    """Round sizes for the axis, about five."""
    stride = 16
    while height / stride > 6:
        stride *= 2
    return list(range(0, height + 1, stride))


def _time_axis(steps: int, scale_x: float, ground: int, names: Sequence[str] | None) -> Iterator[str]:
    every = -(-steps // MOST_TICKS)
    for step in range(0, steps, every):
        x = LEFT + (step + 0.5) * scale_x
        title = f"<title>{escape(_step(step, names))}</title>"
        label = "end" if names is not None and step == len(names) else str(step)
        yield f'<text class="axis" text-anchor="middle" x="{x:.1f}" y="{ground + 15}">{label}{title}</text>'
    what = "operator" if names is not None else "step"
    yield f'<text class="axis" text-anchor="middle" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}">{what}</text>'
    yield f'<line class="ground" x1="{LEFT}" y1="{ground}" x2="{WIDTH - RIGHT}" y2="{ground}"/>'
