"""Draws run.svg: what `cmsim run` shows, with the repetitive middle of its lists left out.

    python docs/picture.py

It runs the installed cmsim and writes the picture beside this file. The speed, which no two runs share, is left out.
"""

from __future__ import annotations

import re
import subprocess
import sys
from html import escape
from pathlib import Path

PICTURE = Path(__file__).with_name("run.svg")
COLUMN, LINE, MARGIN, BAR = 7.8, 17, 16, 30  # in pixels, for a font of 13
SHOWN_FIRST, SHOWN_LAST = 2, 4
BACKGROUND, FRAME, TEXT, FAINT, HEADING, PROMPT = "#16181d", "#2a2e37", "#d5d9e0", "#7d8592", "#ffffff", "#7fd4a8"


def shorten(lines: list[str]) -> list[str]:
    """Lists of inferences, of the console and of the table, without their middle."""
    result: list[str] = []
    run: list[str] = []
    for line in [*lines, ""]:
        if re.match(r"inference \d+:| +\d+ +\d+\.\d{3} ", line):
            run.append(line)
            continue
        if len(run) > SHOWN_FIRST + SHOWN_LAST + 1:
            run[SHOWN_FIRST:-SHOWN_LAST] = ["  ..."]
        result += [*run, line]
        run = []
    return result[:-1]


def draw(output: str) -> str:
    """The picture of `cmsim run` having printed `output`."""
    output = re.sub(r", [\d,.]+ x real time", "", output)
    lines = ["$ cmsim run", *shorten(output.rstrip("\n").split("\n"))]
    width = round(80 * COLUMN + 2 * MARGIN)
    height = BAR + MARGIN + LINE * len(lines)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        ' role="img" aria-label="cmsim run: console lines, then tables of inferences, operators and memory">',
        f'<rect width="{width}" height="{height}" rx="8" fill="{BACKGROUND}"/>',
        f'<path d="M0 {BAR}V8a8 8 0 0 1 8 -8H{width - 8}a8 8 0 0 1 8 8V{BAR}z" fill="{FRAME}"/>',
        *(f'<circle cx="{18 + 18 * n}" cy="{BAR // 2}" r="5" fill="{FAINT}"/>' for n in range(3)),
        '<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="13" xml:space="preserve">',
    ]
    for number, line in enumerate(lines):
        heading = "instructions  " in line or line.startswith("memory")
        colour = PROMPT if not number else HEADING if heading else FAINT if line == "  ..." else TEXT
        weight = ' font-weight="bold"' if heading else ""
        y = BAR + LINE * (number + 1)
        # Column by column: a viewer's font may have another width than this one.
        for word in re.finditer(r"\S+(?: \S+)*", line):
            x = MARGIN + COLUMN * word.start()
            length = COLUMN * len(word[0])
            parts.append(
                f'<text x="{x:.1f}" y="{y}" fill="{colour}"{weight} textLength="{length:.1f}"'
                f' lengthAdjust="spacingAndGlyphs">{escape(word[0])}</text>'
            )
    return "\n".join([*parts, "</g>", "</svg>"]) + "\n"


def main() -> int:
    """Run, draw, write; returns the exit code."""
    done = subprocess.run([sys.executable, "-P", "-m", "cmsim", "run"], capture_output=True, text=True, check=True)
    PICTURE.write_text(draw(done.stdout), encoding="utf-8")
    print(PICTURE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
