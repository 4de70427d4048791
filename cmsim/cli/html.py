"""The option --html of `cmsim run` and `cmsim profile`: the run as one page (docs/report.md)."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import files


def add_argument(command: argparse._ArgumentGroup) -> None:
    """The grammar."""
    command.add_argument("--html", type=Path, metavar="FILE",
                         help="write the run as one page there, timeline included (docs/report.md)")


def write(record: Mapping[str, Any], options: argparse.Namespace) -> None:
    """Write the page, if it was asked for."""
    if options.html is not None:
        from ..report.html_report import page  # noqa: PLC0415 - only when something has run

        files.write(options.html, page(record))
