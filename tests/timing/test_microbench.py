"""firmware/microbench in the simulator: each kernel against expected.csv, whose figures have sources."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from support.firmware import ROOT, source_elfs

from cmsim.cli import main
from cmsim.machine import Machine
from cmsim.timing.calibrate import CalibrationError, calibrate, kernels
from cmsim.timing.calibrate import bounds as simulated_bounds

__all__ = ["source_elfs"]

SOURCES = ROOT / "firmware" / "microbench"
TOLERANCE = 0.1
"""What the ends of a body may gain or lose, spread over its iterations."""
MANUAL_SAYS_SO = ("DDI 0439D table 3-1", "DDI 0439D table 7-1")
PIPELINED = {"ldr_pipelined", "vdiv_integer_4", "push_pop_pc", "branch_to_next", "tbb", "tbh"}
"""Not what the table says of each instruction by itself."""


def rows() -> list[dict[str, str]]:
    with (SOURCES / "expected.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def bounds(text: str) -> tuple[float, float]:
    low, _, high = text.partition("..")
    return float(low), float(high or low)


@pytest.fixture(scope="session")
def microbench(source_elfs: dict[str, Path]) -> Path:
    return source_elfs["microbench"]


def measured(elf: Path, timing: str) -> dict[str, float]:
    machine = Machine(elf, timing=timing)
    machine.run(seconds=2)
    lines = machine.console("uart0").splitlines()
    assert lines[-1] == "done"
    return {name: float(cycles) for name, cycles in (line.split() for line in lines[:-1])}


@pytest.fixture(scope="session")
def silicon(microbench: Path) -> dict[str, float]:
    return measured(microbench, "silicon")


def test_every_kernel_is_expected(microbench: Path) -> None:
    assert list(measured(microbench, "manual")) == [row["name"] for row in rows()]


def test_every_row_has_a_source_or_says_none() -> None:
    for row in rows():
        low, high = bounds(row["cycles"])
        assert 0 < low <= high, row
        assert row["source"], row


def test_manual_is_the_manual_s_table(microbench: Path) -> None:
    got = measured(microbench, "manual")
    wrong = []
    for row in rows():
        low, high = bounds(row["cycles"])
        if row["source"].startswith(MANUAL_SAYS_SO) and row["name"] not in PIPELINED and not (
            low - TOLERANCE <= got[row["name"]] <= high + TOLERANCE
        ):
            wrong.append((row["name"], row["cycles"], got[row["name"]]))
    assert not wrong


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["name"])
def test_silicon(row: dict[str, str], silicon: dict[str, float]) -> None:
    got = silicon[row["name"]]
    low, high = bounds(row["cycles"])
    tolerance = 0.5 if row["name"].startswith(("vdiv", "vsqrt")) else TOLERANCE  # the last divide runs on behind the fence
    assert low - tolerance <= got <= high + tolerance


def test_a_log_of_the_simulator_calibrates_to_itself(microbench: Path) -> None:
    simulated = simulated_bounds(microbench)
    assert all(low <= best <= high for low, best, high in simulated.values())
    log = "\n".join(f"{name} {best:.2f}" for name, (_, best, _) in simulated.items())
    report = calibrate(log, simulated)
    assert report.mean_error == 0.0
    assert len(report.lines) == len(rows())
    assert not report.missing and not report.unknown
    assert all(line.within for line in report.lines)


def test_another_program_is_no_microbench(tmp_path: Path) -> None:
    code = bytes.fromhex("00100020" "09000000" "fee7")  # initial SP, reset vector, a loop
    record = bytes([len(code), 0, 0, 0]) + code
    image = tmp_path / "loop.hex"
    image.write_text(f":{record.hex()}{-sum(record) & 0xFF:02x}\n:00000001ff\n")
    with pytest.raises(CalibrationError, match="prints no 'done'"):
        kernels(image)


def test_the_command(microbench: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "board.txt"
    log.write_text("boot\r\nalu_add16 1.00\r\nldr_chase 3.00\r\ndone\r\n")
    assert main(["timing", "calibrate", str(log), "--microbench", str(microbench), "--no-fit"]) == 0
    assert re.search(r"^alu_add16 +1\.00 +1\.00 +\+0\.0 %$", capsys.readouterr().out, re.MULTILINE)


def test_the_command_without_a_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["timing", "calibrate", str(tmp_path / "absent.txt"), "--microbench", "x.elf"]) == 2
    assert "absent.txt: cannot read the log: No such file or directory" in capsys.readouterr().err
