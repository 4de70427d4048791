"""The status table of README.md, from the docstrings of the models: what each follows and what it leaves out.

    python peripherals/status.py            writes it
    python peripherals/status.py --check    ends with 1 if README.md is out of date

A model is a file whose docstring has a paragraph "Not modelled:"; the parenthesis that ends its first sentence names
the specification.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from cmsim_peripherals.nrf52840.chip import NRF52840

from cmsim.nordic import SharedBlock, Unimplemented
from cmsim.soc import Chip, Soc

HERE = Path(__file__).parent
README = HERE / "README.md"
BEGIN, END = "<!-- status: written by status.py -->\n", "<!-- end of status -->\n"
ROOMS = (
    ("nRF52840", HERE / "cmsim_peripherals" / "nrf52840"),
    ("nRF52833", HERE / "cmsim_peripherals" / "nrf52833"),
    ("Parts", HERE / "cmsim_peripherals" / "parts"),
    ("Boards", HERE / "cmsim_peripherals" / "boards"),
    ("Processor", HERE.parent / "cmsim" / "cortex_m"),
)


def models(room: Path) -> Iterator[tuple[Path, str, str, str]]:
    """(file, title, specification, what is not modelled) of every model in `room`, by file name."""
    for file in sorted(room.glob("*.py")):
        text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
        gap = re.search(r"Not modelled:(.*?)(?:\n\n|\Z)", text, re.DOTALL)
        if gap is None:
            continue
        head = " ".join(text.split("\n\n")[0].split())
        cited = re.match(r"(.*) \(([^()]*)\)", head)
        title, specification = cited.groups() if cited else (head.rstrip("."), "")
        yield file, title, specification, " ".join(gap.group(1).split())


def unmodelled(chip: Chip) -> list[str]:
    """The blocks that the chip's memory map names and nothing models; of a shared block only such personalities."""
    names = []
    for block in Soc(chip).blocks.values():
        if type(block) is Unimplemented:
            names.append(block.name)
        elif isinstance(block, SharedBlock):
            names += [p.name for p in block.personalities.values() if type(p) is Unimplemented]
    return names


def render() -> str:
    """The text between the markers."""
    lines = []
    for name, room in ROOMS:
        lines += [f"### {name}", "", "| Model | Follows | Not modelled |", "| --- | --- | --- |"]
        for file, title, specification, gap in models(room):
            link = Path("..", file.relative_to(HERE.parent)) if HERE not in file.parents else file.relative_to(HERE)
            cells = (f"[{file.name}]({link.as_posix()}): {title}", specification, gap)
            lines.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |")
        lines.append("")
    lines += [
        "### Named in the memory map and not modelled",
        "",
        "These answer their reset values; each kind of access is logged once and counted, and `--strict` makes it an",
        f"error: {', '.join(unmodelled(NRF52840)) or 'none'}.",
        "",
    ]
    return "\n".join(lines)


def updated(text: str) -> str:
    """`text` with the table of today between the markers."""
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"{README.name}: the lines {BEGIN.strip()} and {END.strip()} must be there, in this order")
    return f"{before}{BEGIN}\n{render()}\n{END}{after}"


def main(arguments: list[str]) -> int:
    """Write README.md, or compare with --check."""
    text = README.read_text(encoding="utf-8")
    new = updated(text)
    if arguments == ["--check"]:
        if new != text:
            print("peripherals/README.md is out of date: run python peripherals/status.py")
        return int(new != text)
    README.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
