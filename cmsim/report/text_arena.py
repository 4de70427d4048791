"""What an arena holds, and how small it may be, as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .terminal import grid

SHADES = " .:-=+*#%@"
NOT_TOLD = "the smallest size cannot be tried: all constructors were inlined, so that none can be told another size"
MOST_ROWS = 24
MOST_BLOCKS = 16


def text(record: Mapping[str, Any], seconds: float, bold: bool = False) -> list[str]:
    """The result of `cmsim arena` (docs/arena.md)."""
    arena = record["arena"]
    whose = f"given to {arena['function']}" if record["resizable"] else f"which is {arena['function']}"
    lines = [f"arena of {arena['size']:,} bytes at 0x{arena['base']:08x}, {whose}"]
    if not record["works"]:
        lines.append(f"does not work as it is: {record['reason']}")
    rows = [(title, f"{value:,}", note) for title, value, note in _rows(record) if value is not None]
    lines += ["", *grid(("", "bytes", ""), rows, left=(0, 2), bold=bold)]
    if arena["purposes"]:
        whole = sum(arena["purposes"].values())
        parts = sorted(arena["purposes"].items(), key=lambda item: (-item[1], item[0]))
        purposes = [(purpose, f"{taken:,}", f"{100 * taken / max(whole, 1):.1f} %") for purpose, taken in parts]
        lines += ["", *grid(("purpose", "bytes", "share"), purposes, left=(0,), bold=bold)]
    if record["plan"]:
        titles = ("planned", "bytes", "from byte", "operators")
        lines += ["", *grid(titles, list(_plan(record["plan"])), left=(0, 3), bold=bold)]
    if arena["touched"] is not None and arena["touched"]["rows"]:
        lines += ["", *_heat(arena["touched"])]
    if not record["resizable"]:
        lines += ["", NOT_TOLD]
    if record["minimum"] is not None:
        where = "; tried in RAM that nothing else uses" if record["relocated"] else ""
        lines += ["", f"found with {record['tries']} runs in {seconds:.1f} s{where}"]
    return lines


def _rows(record: Mapping[str, Any]) -> Iterator[tuple[str, int | None, str]]:
    arena, minimum = record["arena"], record["minimum"]
    yield "used", arena["used"], "when everything is allocated"
    yield "peak", arena["peak"], "the most at a time, with temporary memory"
    never = None if arena["touched"] is None else arena["touched"]["never"]
    yield "never written", never, "from construction to the end of the inference"
    if minimum is not None:
        spare = arena["size"] - minimum
        yield "minimum", minimum, f"works, 16 less do not; {abs(spare):,} {'less' if spare >= 0 else 'more'} than now"


def _plan(blocks: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, str, str]]:
    """Largest first."""
    known = any(block["tensor"] is not None for block in blocks)
    largest = sorted(blocks, key=lambda block: (-block["bytes"], block["first"], block["place"]))
    for block in largest[:MOST_BLOCKS]:
        until = "for good" if block["last"] is None else f"to {block['last']}"
        within = f" of subgraph {block['subgraph']}" if block["subgraph"] else ""
        name = block_name(block, known) + within
        yield name, f"{block['bytes']:,}", f"{block['place']:,}", f"{block['first']} {until}"
    if len(largest) > MOST_BLOCKS:
        rest = largest[MOST_BLOCKS:]
        yield f"{len(rest)} smaller ones", f"{sum(block['bytes'] for block in rest):,}", "", ""


def block_name(block: Mapping[str, Any], known: bool) -> str:
    """What a block of the plan is, where that is `known` of the plan."""
    if block["tensor"] is None:
        return "scratch" if known else "buffer"
    return f"tensor {block['tensor']}"


def _heat(touched: Mapping[str, Any]) -> Iterator[str]:
    """Addresses to the right, a row for each operator; the darker, the more of these bytes changed."""
    each = touched["column_bytes"]
    changes = [row for row in touched["rows"] if any(row["changed"])]
    rows = changes[:MOST_ROWS]
    width = max((len(row["during"]) for row in rows), default=0)
    yield f"bytes that changed; {each:,} a column"
    for row in rows:
        shades = "".join(SHADES[-(-value * (len(SHADES) - 1) // each)] for value in row["changed"])
        yield f"|{shades}| {row['during'][: 76 - len(shades)].ljust(width)}".rstrip()
    if len(changes) > len(rows):
        yield f"... and {len(changes) - len(rows)} more rows in the record"
