"""Draws the pictures of report.md: the HTML reports of the applications `gesture` and `person`.

    python docs/screenshots.py

It needs Chromium (Debian: chromium) and the installed cmsim. Each report is shown whole, at the width of a desktop and
of a phone, light and dark; flame graph and timeline once more by themselves.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import Any

from chromium import Chromium
from PIL import Image

import cmsim
from cmsim import prebuilt, traces
from cmsim.report.html_report import page

FOLDER = Path(__file__).with_name("report")
APPLICATIONS = ("gesture", "person")
WHOLE = {"light": (1200, False, False), "dark": (1200, True, False), "phone-light": (390, False, True),
         "phone-dark": (390, True, True)}  # fmt: skip
"""Name -> width in CSS pixels, dark, phone."""
PARTS = {"calls": "#calls", "timeline": "#timeline"}
COLOURS = 255


def record(name: str) -> dict[str, Any]:
    """The record of a short run of the application."""
    seen: dict[str, Any] = {"imu": traces.path("walk")}
    if name == "person":
        seen = {"camera": Path(traces.path("walk")).parent / "pictures"}
    machine = cmsim.Machine(prebuilt.path(name), profile=True, timeline=True, **seen)
    machine.run(inferences={"gesture": 12, "person": 3}[name], seconds=60)
    return machine.record


def draw(browser: Chromium, file: Path, name: str, folder: Path) -> None:
    """All pictures of one report."""
    for kind, (width, dark, phone) in WHOLE.items():
        browser.open(file, width, dark=dark, phone=phone)
        _save(browser.picture(), folder / f"{name}-{kind}.png")
        if kind == "light":
            for part, selector in PARTS.items():
                _save(browser.picture(selector), folder / f"{name}-{part}.png")


def _save(picture: bytes, path: Path) -> None:
    """Few colours: the pictures are flat, and the repository keeps them for good."""
    colours = Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    colours.save(path, optimize=True)


def main() -> int:
    """Run, draw, write; returns the exit code."""
    FOLDER.mkdir(exist_ok=True)
    with Chromium() as browser, tempfile.TemporaryDirectory() as folder:
        for name in APPLICATIONS:
            file = Path(folder) / f"{name}.html"
            file.write_text(page(record(name)), encoding="utf-8")
            draw(browser, file, name, FOLDER)
    print(FOLDER)
    return 0


if __name__ == "__main__":
    sys.exit(main())
