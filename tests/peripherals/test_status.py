"""peripherals/README.md says what the models' docstrings say."""

import importlib.util
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from cmsim_peripherals.nrf52840.chip import unmodelled

from cmsim.soc import Row

PERIPHERALS = Path(__file__).parents[2] / "peripherals"


@pytest.fixture(scope="module")
def status() -> ModuleType:
    spec = importlib.util.spec_from_file_location("status", PERIPHERALS / "status.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readme_is_up_to_date(status: ModuleType) -> None:
    text = (PERIPHERALS / "README.md").read_text(encoding="utf-8")
    assert status.updated(text) == text, "run python peripherals/status.py"


def test_every_part_and_board_states_what_it_leaves_out(status: ModuleType) -> None:
    rows = {file.name: row for _, room in status.ROOMS for file, *row in status.models(room)}
    for name in ("lsm9ds1.py", "lsm9ds1_ag.py", "lsm9ds1_m.py", "nano33ble_sense.py", "nrf52840dk.py"):
        title, specification, gap = rows[name]
        assert title
        assert specification
        assert gap
    assert rows["lsm9ds1_m.py"][1] == "ST DocID025715 rev 3, sections 3.1 and 8"


def test_models_take_title_specification_and_gap_apart(status: ModuleType, tmp_path: Path) -> None:
    head = "GPIO: ports (16 pins),\ntwo of them (PS, section 6)."
    (tmp_path / "b.py").write_text(f'"""{head}\n\nNot modelled: a\n  b.\n\nMore."""')
    (tmp_path / "a.py").write_text('"""Boards.\n\nNot modelled: c."""')
    (tmp_path / "helper.py").write_text('"""No model."""')
    assert [(file.name, *row) for file, *row in status.models(tmp_path)] == [
        ("a.py", "Boards", "", "c."),
        ("b.py", "GPIO: ports (16 pins), two of them", "PS, section 6", "a b."),
    ]


def test_blocks_without_a_model_are_listed(status: ModuleType) -> None:
    assert status.unmodelled(status.NRF52840) == []
    row = Row("NEW", 0x4003_F000, unmodelled())
    assert status.unmodelled(replace(status.NRF52840, rows=(*status.NRF52840.rows, row))) == ["NEW"]


def test_missing_markers_are_named(status: ModuleType) -> None:
    with pytest.raises(SystemExit, match=r"README\.md: the lines .* must be there"):
        status.updated("# no markers")
