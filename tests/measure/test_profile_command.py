"""`cmsim profile`: tables, exports and errors."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from cmsim import traces
from cmsim.cli import main
from cmsim.report import text_profile

RUN = ["profile", "--imu", str(traces.path()), "--inferences", "2"]


def test_functions_and_every_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {name: tmp_path / name for name in ("collapsed", "speedscope", "csv", "json")}
    exports = [f"--export={name}={path}" for name, path in files.items() if name != "json"]
    assert main([*RUN, "--top", "3", *exports, "--json", str(files["json"])]) == 0
    record = json.loads(files["json"].read_text())
    total = record["cycles"]

    shown = capsys.readouterr().out
    first = record["profile"]["functions"][0]
    assert f"{first['exclusive_cycles']:,}" in shown
    assert f"{record['profile']['functions'][3]['exclusive_cycles']:,}  " not in shown

    lines = files["collapsed"].read_text().splitlines()
    assert sum(int(line.rpartition(" ")[2]) for line in lines) == total
    assert any(line.startswith("main stack;Reset_Handler;main;") for line in lines)

    (profile,) = json.loads(files["speedscope"].read_text())["profiles"]
    assert sum(profile["weights"]) == profile["endValue"] == total
    assert len(profile["samples"]) == len(profile["weights"])

    with files["csv"].open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(int(row["exclusive_cycles"]) for row in rows) == total
    assert len(rows) == len(record["profile"]["functions"])


def test_functions_of_one_name_have_their_files_in_front(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = tmp_path / "record.json"
    assert main([*RUN, "--top", "40", "--json", str(record)]) == 0
    shown = capsys.readouterr().out.splitlines()
    functions = json.loads(record.read_text())["profile"]["functions"]
    alike = [row for row in functions if row["name"] == "cmsim::(anonymous namespace)::invoke(cmsim::Context&, cmsim::Node&)"]
    assert len({row["source"] for row in alike}) == len(alike) > 3
    assert any("depthwise_conv_2d.cc: cmsim::(anonymous namespace)::invoke(" in line for line in shown)
    awake = sum(row["exclusive_cycles"] for row in functions if row["name"] != "(sleep)")
    (main_line,) = (line.split() for line in shown if line.endswith("  main"))
    assert main_line[1] == f"{100 * int(main_line[0].replace(',', '')) / awake:.1f}"


def test_what_else_was_asked_for_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--energy", "--soak", "--region", "r=main..cmsim_gemm_4", "--latency", "sensor:imu,end serial:uart0"]
    assert main([*RUN, "--top", "1", *asked]) == 0
    shown = capsys.readouterr().out
    assert all(heading in shown for heading in ("µC   share", "drift over 2 inferences", "  region\n", "  latency"))


def test_operators_and_the_interpreter(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--by", "operator"]) == 0
    shown = capsys.readouterr().out
    assert "CONV_2D" in shown
    assert "(interpreter)" in shown


@pytest.mark.parametrize("by", ["function", "operator", "line", "object"])
def test_rows_that_are_not_shown_are_summed_up(by: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    assert main([*RUN, "--top", "3", "--by", by, "--json", str(record)]) == 0
    shown = capsys.readouterr().out
    figures = [int(row[1].replace(",", "")) for row in re.finditer(r"^ *([\d,]+) +.*[^,]$", shown, re.MULTILINE)]
    table = figures[: 4 + (by == "operator")]
    assert re.search(r" and [\d,]+ more\n", shown)
    run = json.loads(record.read_text())
    assert sum(table) == (sum(i["cycles"] for i in run["inferences"]) if by == "operator" else run["cycles"])


def test_without_symbols_no_operator_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = tmp_path / "app.bin"
    image.write_bytes((0x20001000).to_bytes(4, "little") + (0x101).to_bytes(4, "little") + b"\0" * 248 + b"\x30\xbf\xfd\xe7")  # WFI in a loop
    assert main(["profile", str(image), "--base", "0", "--seconds", "0.1", "--by", "operator"]) == 0  # it sleeps
    assert "no inference was completed, or none can be told: symbols" in capsys.readouterr().out


@pytest.mark.parametrize("export", ["svg=x", "csv", "csv=", "=x"])
def test_an_export_that_is_none(export: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([*RUN, "--export", export])
    assert left.value.code == 2
    assert "FORMAT=FILE" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_told_before_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*RUN, "--export", f"csv={tmp_path / 'missing' / 'x.csv'}"]) == 2
    assert "cannot write" in capsys.readouterr().err


def test_long_names_differ_where_tables_end() -> None:
    """Paths are cut in front, templates within."""
    tree = "std::_Rb_tree<int, std::pair<int const, std::__cxx11::basic_string<char>>, std::_Select1st<int>>"
    record: dict[str, Any] = {
        "objects": [{"object": "/home/someone/build/newlib/libc/stdlib/../../newlib/libc/stdlib/nano-mallocr.c", "cycles": 7}],
        "inlined": [{"function": f"{tree}::_S_right(int)", "into": "app::setup()", "cycles": 5}],
        "lines": [{"file": "a.cc", "line": 3, "function": f"{tree}::_S_left(int)", "cycles": 5, "runs": 1}],
        "profile": {"functions": [{"name": f"{tree}::_M_erase(int)", "address": 8, "exclusive_cycles": 5,
                                   "inclusive_cycles": 5, "calls": 1, "source": None}]},
    }
    assert text_profile.by_object(record, 1)[1].endswith("  .../stdlib/nano-mallocr.c")
    assert text_profile.by_inlined(record, 1)[1].endswith("  _Rb_tree<int, …>::_S_right in app::setup")
    assert text_profile.by_line(record, 1)[1].endswith("  _Rb_tree<int, …>::_S_left")
    assert text_profile.by_function(record, 1)[1].endswith("  _Rb_tree<int, …>::_M_erase")
