"""The command line as its user meets it: output, exit codes, files, pipes, a terminal, Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile
from support.thumb import Program, hello, three_inferences

from cmsim import __version__, prebuilt, traces
from cmsim.cli import main
from cmsim.image import load
from cmsim.report.terminal import grid, room

GESTURE = prebuilt.path("gesture")
COMMAND = (str(Path(sys.executable).with_name("cmsim")),)
"""The installed command; `python -m` would look for the package in the current directory first."""


class Result:
    """What one command said."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def cmsim(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str | Path) -> Result:
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


def faulting() -> Program:
    program = Program().undefined()
    program.handlers[1] = program.here | 1
    return program


# --- cmsim run --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def default_run() -> subprocess.CompletedProcess[str]:
    return subprocess.run((*COMMAND, "run"), capture_output=True, text=True, timeout=60, check=False)


def test_run_without_arguments_is_the_main_job(default_run: subprocess.CompletedProcess[str]) -> None:
    out = default_run.stdout
    assert default_run.returncode == 0
    assert default_run.stderr == ""
    assert "cmsim gesture: LSM9DS1 ready, 119 Hz\n" in out
    assert "inference 0: standing" in out
    row = r"^ +(\d+) +(\d+\.\d{3}) +([\d,]+) +(\d+\.\d{3}) +([\d,]+) +([\d,]+) +(\w+) \d+%$"
    rows = re.findall(row, out, re.MULTILINE)
    assert [row[0] for row in rows] == [str(n) for n in range(18)]
    classes = [row[6] for row in rows]
    assert list(dict.fromkeys(classes)) == ["standing", "walking", "running", "badminton"]
    for _, _, cycles, milliseconds, _, _, _ in rows:
        assert float(milliseconds) == round(int(cycles.replace(",", "")) / 64000, 3)
    assert re.search(r"^1  CONV_2D +[\d,]+ +\d\.\d{3} +[\d,]+ +\d\d\.\d %$", out, re.MULTILINE)
    image = load(GESTURE)
    assert re.search(rf"^flash +{image.flash_used:,}  1,048,576 +\d\.\d %$", out, re.MULTILINE)
    assert re.search(rf"^static RAM +{image.static_ram:,} +262,144 +\d\.\d %  the arena included$", out, re.MULTILINE)
    assert re.search(r"^stack peak +[\d,]+ +8,192 +\d\d\.\d %$", out, re.MULTILINE)
    used = re.search(r"^arena +([\d,]+) +4,096 +\d\d\.\d %$", out, re.MULTILINE)
    assert used is not None
    assert f"\narena: {used[1].replace(',', '')} of 4096 bytes\n" in out
    assert "\nstopped: trace ended: at 39.990 s\n" in out


def test_report_fits_80_columns(default_run: subprocess.CompletedProcess[str]) -> None:
    assert max(map(len, default_run.stdout.splitlines())) < 80


def test_shares_of_the_operators_add_up(default_run: subprocess.CompletedProcess[str]) -> None:
    table = default_run.stdout.split("share\n")[1].split("\n\n")[0]
    shares = [float(share) for share in re.findall(r"([\d.]+) %$", table, re.MULTILINE)]
    assert len(shares) == 11
    assert sum(shares) == pytest.approx(100, abs=0.6)


def test_hello_prints_and_ends(cmsim: Any, tmp_path: Path) -> None:
    result = cmsim("run", hello().write(tmp_path / "hello.elf"))
    assert result.code == 0
    assert result.out.startswith("hello\n\nno inferences\n")
    assert "stopped: idle: asleep at 0x" in result.out
    assert result.err == ""


def test_json(cmsim: Any, tmp_path: Path) -> None:
    elf, file = three_inferences().write(tmp_path / "three.elf"), tmp_path / "record.json"
    file.write_text("old and much longer than what will be written" * 100)
    assert cmsim("run", elf, "--json", file, "--inferences", "2", "--timing", "manual").code == 0
    record = json.loads(file.read_text())
    assert record["stop"] == {"reason": "inferences", "detail": "2 done"}
    assert [i["cycles"] for i in record["inferences"]] == [407, 407]
    assert record["firmware"]["name"] == "three.elf"


def test_json_is_written_when_the_run_fails_too(cmsim: Any, tmp_path: Path) -> None:
    elf, file = faulting().spin().write(tmp_path / "fault.elf"), tmp_path / "record.json"
    assert cmsim("run", elf, "--json", file).code == 1
    assert json.loads(file.read_text())["stop"]["reason"] == "fault"


def test_table_has_the_line_that_followed_each_inference(cmsim: Any, tmp_path: Path) -> None:
    out = cmsim("run", three_inferences().write(tmp_path / "three.elf"), "--timing", "manual").out
    assert re.findall(r"^   (\d) +0\.000 +407 +0\.006 +303 +8  result (\d)$", out, re.MULTILINE) == [
        ("0", "0"), ("1", "1"), ("2", "2")]
    assert re.search(r"^mean +407 +0\.006 +303 +cycles 407 to 407$", out, re.MULTILINE)


def test_many_inferences_are_shown_from_both_ends(cmsim: Any, tmp_path: Path) -> None:
    out = cmsim("run", three_inferences(50).write(tmp_path / "many.elf")).out
    table = out.split("\n\n")[1]
    assert re.findall(r"^ +(\d+) ", table, re.MULTILINE) == [str(n) for n in (*range(20), *range(30, 50))]
    assert "10 more" in table


def test_two_channels_are_told_apart(cmsim: Any, tmp_path: Path) -> None:
    """ITM: DEMCR.TRCENA, TCR.ITMENA, TER bit 0; then two bytes to stimulus port 0."""
    program = Program().say("one\n").store(0xE000_EDFC, 1 << 24).store(0xE000_0E80, 1).store(0xE000_0E00, 1)
    for byte in b"B\n":
        program.load(0, 0xE000_0000).load(1, byte).emit(0x7001)  # STRB r1, [r0]
    out = cmsim("run", program.say("two\nunfinished").sleep().write(tmp_path / "a.elf")).out
    assert out.splitlines()[:4] == ["one", "itm0: B", "semihosting: two", "semihosting: unfinished"]


def test_console_that_is_not_utf_8_or_has_carriage_returns(cmsim: Any, tmp_path: Path) -> None:
    program = Program()
    program.load(0, 4).load(1, program.data(b"caf\xe9\r\n\0")).emit(0xBEAB).sleep()
    assert cmsim("run", program.write(tmp_path / "a.elf")).out.startswith("caf\N{REPLACEMENT CHARACTER}\n")


def test_access_that_nothing_models_is_told_once(cmsim: Any, tmp_path: Path) -> None:
    elf = Program().fetch(0x4002_6300).fetch(0x4002_6300).sleep().write(tmp_path / "a.elf")
    result = cmsim("run", elf)
    assert result.code == 0
    assert result.err == "FPU+0x300: read at pc 0x00000108 in Reset_Handler is not modelled\n"
    assert "\nnot modelled: 2 accesses to FPU\n" in result.out


def test_goal_by_text(cmsim: Any, tmp_path: Path) -> None:
    result = cmsim("run", three_inferences().write(tmp_path / "a.elf"), "--until", "result 1")
    assert result.code == 0
    assert "stopped: text: 'result 1' seen\n" in result.out


def test_seconds_end_an_endless_loop(cmsim: Any, tmp_path: Path) -> None:
    result = cmsim("run", Program().spin().write(tmp_path / "a.elf"), "--seconds", "0.5")
    assert result.code == 0
    assert "stopped: time: 0.500 s\n" in result.out


def test_raw_binary_at_an_address(cmsim: Any, tmp_path: Path) -> None:
    program = hello()
    content = bytes(Program().elf()[0:0]) + program.elf()
    start = content.index(b"\x00\x00\x04\x20")
    file = tmp_path / "hello.bin"
    file.write_bytes(content[start : start + 0x100] + bytes(program.code).ljust(0x700, b"\0") + bytes(program.texts))
    assert cmsim("run", file, "--base", "0").out.startswith("hello\n")


def test_seed_and_timing_are_passed_on(cmsim: Any, tmp_path: Path) -> None:
    elf, file = three_inferences().write(tmp_path / "a.elf"), tmp_path / "r.json"
    assert cmsim("run", elf, "--timing", "instructions", "--seed", "3", "--json", file).code == 0
    record = json.loads(file.read_text())
    assert record["timing"] == "instructions"
    assert record["inferences"][0]["cycles"] == record["inferences"][0]["instructions"]


# --- exit codes of runs that fail ---------------------------------------------------------------------------


FAILURES = {
    "lockup": (lambda: faulting().undefined(), (), "lockup: UNDEFINSTR at pc 0x00000102"),
    "fault": (lambda: faulting().spin(), (), "fault: HardFault with an empty loop as its handler"),
    "asleep in a handler": (lambda: faulting().sleep(), (), "while handling a fault"),
    "spins in a handler": (lambda: faulting().emit(0xBF00, 0xE7FD), ("--seconds", "0.1"), "while handling a fault"),
    "exit status": (lambda: Program().leave(7), (), "semihosting exit status 7"),
    "text not seen, idle": (hello, ("--until", "bye"), "before 'bye' was printed; the firmware's last line: 'hello'"),
    "text not seen": (lambda: Program().spin(), ("--until", "x", "--seconds", "0.1"), "time (0.100 s) before 'x'"),
    "inferences": (three_inferences, ("--inferences", "4"), "before 4 inferences were done"),
    "strict": (lambda: Program().fetch(0x4002_6300).sleep(), ("--strict",), "--strict: FPU+0x300: read"),
    "idle before the trace ended": (hello, ("--imu", traces.path("walk")), "before the trace ended"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_run_that_fails(name: str, cmsim: Any, tmp_path: Path) -> None:
    program, options, message = FAILURES[name]
    result = cmsim("run", program().write(tmp_path / "a.elf"), *options)
    assert result.code == 1
    last = result.err.splitlines()[-1]
    assert last.startswith("cmsim: error: ")
    assert message in last
    assert "stopped: " in result.out


def test_trace_that_ships_with_cmsim_by_its_name(cmsim: Any) -> None:
    assert "walking" in cmsim("run", "--imu", "walk", "--inferences", "2").out


def test_trace_that_ends_before_the_goal(cmsim: Any) -> None:
    result = cmsim("run", "--imu", traces.path("walk"), "--inferences", "50")
    assert result.code == 1
    assert "trace ended (at 11.990 s) before 50 inferences were done" in result.err
    assert cmsim("run", "--imu", traces.path("walk"), "--imu-end", "loop", "--inferences", "6").code == 0


# --- pipes, terminals, signals ------------------------------------------------------------------------------


def test_reader_that_goes_away_gets_no_traceback() -> None:
    with subprocess.Popen((*COMMAND, "run"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(30) == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_full_disk_is_one_line(tmp_path: Path) -> None:
    elf = hello().write(tmp_path / "a.elf")
    with open("/dev/full", "w") as full:
        done = subprocess.run((*COMMAND, "run", elf), stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "cmsim: error: output: No space left on device\n"


def test_interrupt_ends_cleanly_with_the_record_so_far(tmp_path: Path) -> None:
    elf, file = Program().say("begun\n").spin().write(tmp_path / "a.elf"), tmp_path / "r.json"
    command = (*COMMAND, "run", elf, "--json", file)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "stopped: interrupted: at " in out
    assert err == "cmsim: error: interrupted\n"
    record = json.loads(file.read_text())
    assert record["stop"]["reason"] == "interrupted"
    assert record["instructions"] > 0


def on_a_terminal(*arguments: str | Path, **environment: str) -> tuple[int, str]:
    """Run with a pseudo-terminal as stdout and stderr."""
    master, slave = pty.openpty()
    env = {**os.environ, "TERM": "xterm", **environment}
    process = subprocess.Popen([*COMMAND, *map(str, arguments)], stdin=slave, stdout=slave, stderr=slave, env=env)
    os.close(slave)
    chunks, deadline = [], time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([master], [], [], 1)[0]:
            continue
        try:
            chunk = os.read(master, 65536)
        except OSError:  # EIO: the other end is closed
            break
        chunks.append(chunk)
    os.close(master)
    return process.wait(10), b"".join(chunks).decode()


def test_terminal_shows_progress_and_then_takes_it_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    code, text = on_a_terminal("run", "--imu", traces.path("walk"))
    assert code == 0
    progress = re.findall(r"\r\x1b\[K\x1b\[2m([\d.]+) of 12\.0 s simulated, [\d,.e+]+ x real time", text)
    assert len(progress) >= 2
    assert [float(time) for time in progress] == sorted(float(time) for time in progress)
    assert re.search(r"inferences?\x1b\[0m\r\x1b\[Kinference \d", text)
    assert re.search(r"\x1b\[1m +#  start \[s\]", text)
    after = text[text.index("operator (mean") :]
    assert "simulated," not in after


def test_wide_tables_fit_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert room() == 120
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    for columns, expected in ((60, 80), (80, 80), (100, 100), (200, 120)):
        monkeypatch.setenv("COLUMNS", str(columns))
        assert room() == expected


def test_options_that_a_command_has_no_use_for_are_refused(cmsim: Any) -> None:
    for option in ("--interactive", "--html=a.html", "--until=x", "--leaks=a..b", "--vcd=a.vcd", "--coverage=a.info"):
        result = cmsim("arena", option)
        assert (result.code, "unrecognized arguments" in result.err) == (2, True)


def test_no_color() -> None:
    code, text = on_a_terminal("run", "--imu", traces.path("walk"), NO_COLOR="1")
    assert code == 0
    assert set(re.findall(r"\x1b\[[^a-zA-Z]*[a-zA-Z]", text)) == {"\x1b[K"}


# --- the other commands --------------------------------------------------------------------------------------


def test_version(cmsim: Any) -> None:
    result = cmsim("--version")
    assert (result.code, result.out) == (0, f"cmsim {__version__}\n")


def test_help_of_every_command(cmsim: Any) -> None:
    for command in ((), ("run",), ("info",), ("boards",)):
        result = cmsim(*command, "--help")
        assert result.code == 0
        assert result.out.startswith("usage: cmsim")


def test_boards(cmsim: Any) -> None:
    result = cmsim("boards")
    assert result.code == 0
    assert "nano33ble-sense\n  Arduino Nano 33 BLE Sense: Nordic nRF52840, 1 MB flash, 256 KB RAM\n" in result.out
    assert "nrf52840dk\n" in result.out
    assert "  imu: lsm9ds1 on Wire1, fed by --imu\n    accel x [g], " in result.out
    assert max(map(len, result.out.splitlines())) < 80


def test_info_of_the_shipped_firmware(cmsim: Any) -> None:
    result = cmsim("info")
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0] == f"{GESTURE}: ELF"
    text = re.sub(r"\n +", " ", result.out)
    for line in (
        r"^\.bss +bss +0x2000[0-9a-f]{4} +[\d,]+  not in the file$",
        rf"^flash +{load(GESTURE).flash_used:,} of 1,048,576 bytes \(\d\.\d %\)$",
        rf"^static RAM +{load(GESTURE).static_ram:,} of 262,144 bytes",
        r"^stack +8,192 bytes, 0x2003e000-0x2003ffff \(__StackLimit to __StackTop\)$",
        r"^vector table 0x00000000 \(address 0\), stack pointer 0x20040000$",
        r"^reset +0x[0-9a-f]{8} Reset_Handler, .*startup\.cc:\d+$",
        r"^symbols +\d+: \d+ functions, \d+ objects$",
    ):
        assert re.search(line, text, re.MULTILINE), line
    for title, text in (("inferences", "cmsim::Interpreter::invoke()"), ("operators", "cmsim::run_operator"),
                        ("arena", "cmsim::Interpreter::Interpreter"), ("stack", "__StackLimit")):
        assert re.search(rf"^  {title} +yes[:,] {re.escape(text)}", result.out, re.MULTILINE)


def test_info_says_what_cannot_be_measured_and_why(cmsim: Any, tmp_path: Path) -> None:
    file = tmp_path / "a.bin"
    file.write_bytes(bytes(100))
    result = cmsim("info", file, "--base", "0x1000")
    assert result.code == 0
    text = " ".join(result.out.split())
    assert "vector table none found; `cmsim run` needs --vector" in text
    assert "name a function with --inference-function" in text
    assert "static RAM no: only an ELF has sections" in text
    assert "source lines no: no DWARF line table; compile with -g" in text


def test_info_tells_damaged_debug_information(cmsim: Any, tmp_path: Path) -> None:
    """The first unit's length is overwritten: what follows cannot be read, the program can."""
    content = bytearray(GESTURE.read_bytes())

    with GESTURE.open("rb") as elf:
        section = ELFFile(elf).get_section_by_name(".debug_info")
        offset = section["sh_offset"]
    content[offset : offset + 8] = b"\x10\0\0\0\xee\xee\0\0"
    (tmp_path / "a.elf").write_bytes(content)
    result = cmsim("info", tmp_path / "a.elf")
    assert result.code == 0
    assert "DWARF: " in result.out


def test_grid_cuts_only_the_last_column() -> None:
    lines = grid(["a", "text"], [["1", "x" * 200], ["22", "y"]], left=(1,))
    assert lines[0] == " a  text"
    assert len(lines[1]) == 79
    assert lines[1].endswith("x...")
    assert lines[2] == "22  y"
