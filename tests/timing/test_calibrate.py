from __future__ import annotations

from collections.abc import Mapping

import pytest

from cmsim.timing.calibrate import CalibrationError, calibrate, parse_log
from cmsim.timing.parameters import Parameters

LOG = "microbench\r\nalu_add16 1.00\r\nbx 4.00\r\ntable 5.00\r\ndone\r\n"


def kernels(parameters: Parameters) -> Mapping[str, float]:
    return {"alu_add16": 1.0, "bx": 1.0 + parameters.indirect_refill.best, "table": 1.0 + parameters.table_branch.best}


SIMULATED = {"alu_add16": (1.0, 1.0, 1.0), "bx": (2.0, 3.0, 4.0), "table": (5.0, 7.0, 7.0), "absent": (1.0, 1.0, 1.0)}


def test_lines_are_compared() -> None:
    report = calibrate(LOG, SIMULATED)
    assert [(line.name, line.board, line.best) for line in report.lines] == [
        ("alu_add16", 1.0, 1.0), ("bx", 4.0, 3.0), ("table", 5.0, 7.0)]  # fmt: skip
    assert [line.error for line in report.lines] == [0.0, -0.25, pytest.approx(0.4)]
    assert all(line.within for line in report.lines)
    assert report.mean_error == pytest.approx(0.65 / 3)
    assert report.missing == ("absent",)
    assert report.fitted == {}


def test_figures_are_fitted() -> None:
    report = calibrate(LOG, SIMULATED, rerun=kernels)
    assert report.fitted == {"indirect_refill": 3, "table_branch": 4}
    assert report.fitted_error == 0.0
    assert "after the fit 0.00 %, with\n  indirect_refill = 3\n  table_branch = 4\nnot in the log: absent" in report.text()


def test_nothing_to_fit() -> None:
    report = calibrate("alu_add16 1.00\n", SIMULATED, rerun=kernels)
    assert report.fitted == {}
    assert report.fitted_lines == ()


def test_outside_the_bounds_is_said() -> None:
    report = calibrate("bx 9.00\nnew_kernel 2\n", SIMULATED)
    assert "outside 2 to 4" in report.text()
    assert report.text().endswith("unknown to this version: new_kernel")


@pytest.mark.parametrize(
    ("log", "message"),
    [
        ("", "no line 'name cycles'"),
        ("hello world\n", "line 1: hello: 'world' is not a number"),
        ("bx 4.00\nbx 4.00\n", "line 2: bx appears twice"),
        ("bx 4,00\n", "line 1: bx: '4,00' is not a number of cycles"),
        ("bx nan\n", "not a number of cycles"),
        ("bx inf\n", "not a number of cycles"),
        ("bx -1\n", "not a number of cycles"),
        ("somebody_else 4.00\n", "no line 'name cycles'"),
    ],
)
def test_unusable_logs(log: str, message: str) -> None:
    with pytest.raises(CalibrationError, match=message):
        calibrate(log, SIMULATED)


def test_zero_cycles_and_tabs() -> None:
    assert parse_log("nop\t0.00\n") == {"nop": 0.0}
    assert calibrate("nop 0.00\n", {"nop": (0.0, 1.0, 1.0)}).mean_error == 1.0
