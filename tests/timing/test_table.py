from __future__ import annotations

from pathlib import Path

from cmsim.timing.parameters import Parameters
from cmsim.timing.table import markdown

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "timing.md"


def test_the_document_has_today_s_figures() -> None:
    assert markdown() in DOCUMENT.read_text(encoding="utf-8"), "put the output of python -m cmsim.timing.table there"


def test_a_row() -> None:
    figure = Parameters().table_branch
    assert f"| `table_branch` | {figure.low} | {figure.best} | {figure.high} | {figure.source} |" in markdown()


def test_bounds_are_in_order() -> None:
    for row in markdown().splitlines()[2:]:
        low, best, high = (int(cell) for cell in row.split("|")[2:5])
        assert low <= best <= high, row
