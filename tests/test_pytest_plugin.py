"""The pytest plugin as its users see it: each test here runs a small suite of theirs in a process of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from support.firmware import slowdown_elfs
from support.plugin import run_pytest

from cmsim import prebuilt, traces
from cmsim.pytest_plugin import file_name, write

__all__ = ["slowdown_elfs"]

GESTURE = prebuilt.path("gesture")


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A repository: app.elf and walk.csv at its root, tests/ beside them."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (tmp_path / "tests").mkdir()
    shutil.copy(GESTURE, tmp_path / "app.elf")
    shutil.copy(traces.path("walk"), tmp_path / "walk.csv")
    return tmp_path


def write_test(suite: Path, text: str) -> None:
    (suite / "tests" / "test_app.py").write_text(text, encoding="utf-8")


COST = """
def test_cost(board, baseline):
    machine = board("app.elf", imu="walk.csv")
    machine.run(inferences=1, seconds=6)
    baseline.check(machine.record)
"""


def test_importing_the_plugin_is_cheap() -> None:
    code = "import sys, cmsim.pytest_plugin; print([m for m in ('unicorn', 'numpy', 'elftools') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_board(suite: Path) -> None:
    write_test(suite, """
import pytest

def test_expect(board):
    machine = board("app.elf", "nano33ble-sense", imu="walk.csv")
    machine.expect("LSM9DS1 ready", seconds=1)
    machine.expect("arena: ", channel="uart0")
    assert machine.pin("LED_BUILTIN").name == "P0.13"
    machine.expect("inference 0: walking", seconds=6)
    assert len(machine.inferences) == 1 == len(machine.record["inferences"])
    machine.send("hello")
    machine.send("uart0", b"bytes")
    with pytest.raises(AssertionError, match="'LSM9DS1 ready' was not printed within 0.01 s"):
        machine.expect("LSM9DS1 ready", seconds=0.01)
""")
    code, output = run_pytest(suite)
    assert code == 0, output


def test_failure_shows_what_was_printed(suite: Path) -> None:
    write_test(suite, """
def test_never(board):
    board("app.elf", imu="walk.csv").expect("never this", seconds=1)
""")
    code, output = run_pytest(suite)
    assert code == 1
    assert "'never this' was not printed within 1 s" in output
    assert "app.elf: console" in output
    assert "cmsim gesture: LSM9DS1 ready, 119 Hz" in output
    calls = [line for line in output.partition("last function calls")[2].splitlines() if line.startswith("cycle ")]
    assert len(calls) == 20
    cycles = [int(line.split()[1].rstrip(":").replace(",", "")) for line in calls]
    assert cycles == sorted(cycles) and 50e6 < cycles[-1] <= 64e6
    assert any(" called by " in line for line in calls)


def test_faults_are_reported(suite: Path) -> None:
    write_test(suite, """
def test_broken(board):
    machine = board("app.elf", imu="walk.csv")
    machine.write("main", bytes.fromhex("00de"))
    machine.expect("ready")
""")
    code, output = run_pytest(suite)
    assert code == 1
    assert "app.elf: faults" in output
    assert "UNDEFINSTR: an instruction that this processor does not have" in output and "in main" in output
    assert "called from pc 0x" in output and "sp=" in output


def test_missing_firmware_is_one_clear_line(suite: Path) -> None:
    write_test(suite, "def test_it(board):\n    board('no.elf')\n")
    code, output = run_pytest(suite)
    assert code == 1
    assert f"no.elf is not there: no {suite / 'tests' / 'no.elf'} or {suite / 'no.elf'}" in output
    assert "Traceback" not in output


def test_every_input_is_looked_for_beside_the_test(suite: Path) -> None:
    (suite / "tests" / "hill.csv").write_text("time [s], pressure [hPa]\n0, 1000\n1, 990\n", encoding="utf-8")
    (suite / "tests" / "day.toml").write_text("[analog]\nA0 = 1.2\n", encoding="utf-8")
    write_test(suite, """
from pathlib import Path

def test_inputs(board):
    board("app.elf", imu="walk.csv", sensors={"barometer": "hill.csv"}, scenario=Path("day.toml"))

def test_missing(board):
    board("app.elf", sensors={"barometer": "valley.csv"})

def test_refused(board):
    board("app.elf", sensors={"thermometer": "hill.csv"})
""")
    _, out = run_pytest(suite)
    assert "2 failed, 1 passed" in out
    assert f"board: valley.csv is not there: no {suite / 'tests' / 'valley.csv'} or " in out
    assert "board: --sensor thermometer: board nano33ble-sense has no such sensor" in out
    assert "During handling" not in out


def test_bad_firmware_and_options(suite: Path) -> None:
    (suite / "tests" / "bad.elf").write_bytes(b"\x7fELF")
    write_test(suite, """
def test_file(board):
    board("bad.elf")

def test_board_name(board):
    board("app.elf", "no-such-board")
""")
    code, output = run_pytest(suite)
    assert code == 1 and "2 failed" in output
    assert "no-such-board" in output and "bad.elf" in output and "Traceback" not in output


def test_other_suites_are_left_alone(suite: Path) -> None:
    (suite / "app.elf").unlink()
    write_test(suite, "def test_nothing():\n    pass\n")
    code, output = run_pytest(suite)
    assert code == 0, output
    code, output = run_pytest(suite, "--fixtures")
    assert "board" in output and "baseline" in output


def test_baseline(suite: Path) -> None:
    write_test(suite, COST)
    path = suite / "tests" / "baselines" / "test_app.test_cost.json"
    code, output = run_pytest(suite)
    assert code == 1
    assert 'make it with: pytest --cmsim-update "tests/test_app.py::test_cost"' in output
    assert not path.exists()
    assert run_pytest(suite, "--cmsim-update")[0] == 0
    first = path.read_bytes()
    assert run_pytest(suite)[0] == 0
    assert run_pytest(suite, "--cmsim-update")[0] == 0
    assert path.read_bytes() == first

    record = json.loads(first)
    for operator in record["inferences"][0]["operators"]:
        if operator["index"] == 1:
            operator["cycles"] //= 2
    path.write_text(json.dumps(record), encoding="utf-8")
    code, output = run_pytest(suite)
    assert code == 1
    assert "operators/1:CONV_2D in cmsim::" in output and "allowed +1%" in output
    path.write_text("{}", encoding="utf-8")
    code, output = run_pytest(suite)
    assert code == 1 and "not a record" in output


def test_limits_of_a_baseline(suite: Path) -> None:
    write_test(suite, COST)
    assert run_pytest(suite, "--cmsim-update")[0] == 0
    path = suite / "tests" / "baselines" / "test_app.test_cost.json"
    record = json.loads(path.read_bytes())
    record["memory"]["stack_peak"] -= 8
    path.write_text(json.dumps(record), encoding="utf-8")
    for limits, code in (("", 1), (", stack_peak='+8'", 0), (", stack_peak=None", 0), (", stack_peak='+7'", 1),
                         (", no_such='+1'", 1)):
        write_test(suite, COST.replace("machine.record", "machine.record" + limits))
        assert run_pytest(suite)[0] == code, limits


def test_parametrised_under_xdist_with_junit(suite: Path) -> None:
    write_test(suite, """
import pytest

@pytest.mark.parametrize("name", ["a/b", "a:b", "c d"])
def test_cost(board, baseline, name):
    machine = board("app.elf", imu="walk.csv")
    machine.run(seconds=0.1)
    baseline.check(machine.record)
    baseline.check(machine.record, "again")
""")
    code, output = run_pytest(suite, "-n", "2", "--cmsim-update")
    assert code == 0 and "cmsim: baselines written: 6" in output
    files = sorted((suite / "tests" / "baselines").iterdir())
    assert len(files) == 6 and all(str(file.relative_to(suite)) in output for file in files)
    code, output = run_pytest(suite, "-n", "2", "--junitxml=tests.xml")
    assert code == 0, output
    cases = list(ElementTree.parse(suite / "tests.xml").iter("testcase"))
    assert len(cases) == 3
    for case in cases:
        properties = {p.get("name"): int(p.get("value", "")) for p in case.iter("property")}
        assert properties["cmsim.cycles"] >= 6_400_000
        assert {"cmsim.static_ram", "cmsim.stack_peak", "cmsim.instructions"} <= set(properties)


def test_wrong_requests_end_in_one_line(suite: Path) -> None:
    write_test(suite, """
import pytest
from cmsim.errors import UsageError

def test_channels_and_pins(board):
    machine = board("app.elf")
    with pytest.raises(UsageError, match="channel 'uart9': there are uart0"):
        machine.expect("x", channel="uart9")
    with pytest.raises(UsageError, match="channel 'uart9' takes no input; known: uart0"):
        machine.send("uart9", b"x")
    with pytest.raises(UsageError, match="pin 'D99'"):
        machine.pin("D99")

def test_corrupt(board, baseline):
    baseline.path().parent.mkdir(exist_ok=True)
    baseline.path().write_text("{")
    baseline.check(board("app.elf").record)

def test_schema(board, baseline):
    baseline.path().parent.mkdir(exist_ok=True)
    baseline.path().write_text('{"schema": 7}')
    baseline.check(board("app.elf").record)
""")
    code, output = run_pytest(suite)
    assert code == 1
    assert "2 failed, 1 passed" in output
    assert "test_app.test_corrupt.json: not JSON" in output and "test_app.test_schema.json: schema 7" in output
    assert 'make it with: pytest --cmsim-update "tests/test_app.py::test_schema"' in output
    assert "Traceback" not in output


def test_a_failing_fixture_shows_the_machine(suite: Path) -> None:
    write_test(suite, """
import pytest

@pytest.fixture
def started(board):
    machine = board("app.elf", imu="walk.csv")
    machine.expect("LSM9DS1 ready", seconds=1)
    yield machine
    assert False, "afterwards"

@pytest.fixture
def silent(started):
    started.expect("never")

def test_begin(silent): pass

def test_end(started): pass
""")
    code, output = run_pytest(suite)
    assert code == 1 and "1 passed" in output and "3 errors" in output
    for title in ("app.elf: console ", "app.elf: last function calls "):
        assert output.count(title) == 3  # test_begin fails at both ends


def test_wrong_requests_of_baselines_end_in_one_line(suite: Path) -> None:
    write_test(suite, """
import pytest

@pytest.mark.parametrize("limits", [{}, {"stack_peak": 4000}, {"operators": "2%"}, {"nothing": "+1"}])
def test_limits(board, baseline, limits):
    baseline.check(board("app.elf").record, **limits)

def test_twice(board, baseline):
    record = board("app.elf").record
    baseline.check(record)
    baseline.check(record, "again")
    baseline.check(record, "again")
""")
    code, output = run_pytest(suite, "--cmsim-update")
    assert "1 failed, 4 passed" in output and "give the second check a name" in output
    code, output = run_pytest(suite)
    assert "3 failed, 2 passed" in output
    assert "baseline.check: limit '2%': give +1%" in output and "baseline.check: limit on nothing: no such" in output
    assert output.count("If that is meant") == 0 and "Traceback" not in output
    shutil.rmtree(suite / "tests" / "baselines")
    (suite / "tests" / "baselines").write_text("a file in its place", encoding="utf-8")
    code, output = run_pytest(suite, "--cmsim-update", "-k", "limits0")
    assert code == 1 and "test_app.test_limits_limits0" in output and ".json: cannot write there: " in output
    assert "pytest_plugin.py:" not in output


def test_every_threads_stack_is_gated(suite: Path) -> None:
    write_test(suite, """
from cmsim.pytest_plugin import Baseline

def test_stacks(board, baseline, request):
    record = board("app.elf").record
    record["memory"]["stacks"].append({"name": "worker", "peak": 64})
    baseline.update = True
    baseline.check(record)
    record["memory"]["stacks"][-1]["peak"] = 72
    Baseline(request).check(record)
""")
    code, output = run_pytest(suite)
    assert code == 1
    assert "stacks/worker: 64 -> 72 bytes (+8, +12.5 %; allowed +0)" in output


def test_file_names_are_safe_and_different() -> None:
    assert file_name("test_a::TestB::test_c") == "test_a.TestB.test_c"
    names = [file_name(f"test_a::test[{text}]") for text in ("a/b", "a b", "../x", "x" * 300, "x" * 301, "ä")]
    assert len(set(names)) == len(names)
    assert all(name.isascii() and "/" not in name and len(name) < 140 for name in names)


def test_writing_leaves_nothing_half_done(tmp_path: Path) -> None:
    write(tmp_path / "deep" / "a.json", "one")
    with pytest.raises(UnicodeEncodeError):
        write(tmp_path / "deep" / "a.json", "\ud800")
    assert [file.read_text() for file in (tmp_path / "deep").iterdir()] == ["one"]


def test_a_kernel_without_its_dsp_variant_is_caught(suite: Path, slowdown_elfs: Path) -> None:
    write_test(suite, COST)
    shutil.copy(slowdown_elfs / "before.elf", suite / "app.elf")
    assert run_pytest(suite, "--cmsim-update")[0] == 0
    assert run_pytest(suite)[0] == 0
    shutil.copy(slowdown_elfs / "after.elf", suite / "app.elf")
    code, output = run_pytest(suite)
    assert code == 1
    assert "operators/1:CONV_2D in cmsim::(anonymous namespace)::invoke(" in output
    assert "kernels/conv_2d.cc:" in output and "(before: " in output and "kernels/dsp/conv_2d.cc:" in output
    assert "operators/3:DEPTHWISE_CONV_2D" not in output.partition("other operators")[0]
