"""`cmsim run --interactive` and `--pty`."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
import tty
from pathlib import Path

import pytest

COMMAND = str(Path(sys.executable).with_name("cmsim"))


@pytest.fixture(scope="module")
def app(firmware_elfs: Path) -> Path:
    return firmware_elfs / "scenario.elf"


def read_until(source: int, text: str, seconds: float = 20) -> str:
    """What comes until `text` has come."""
    seen, limit = b"", time.monotonic() + seconds
    while text.encode() not in seen:
        ready, _, _ = select.select((source,), (), (), max(0, limit - time.monotonic()))
        assert ready, f"{text!r} did not come, but {seen!r}"
        data = os.read(source, 4096)
        assert data, f"{text!r} did not come, but {seen!r}"
        seen += data
    return seen.decode()


def test_lines_from_a_pipe(app: Path) -> None:
    command = (COMMAND, "run", str(app), "--interactive", "--until", "echo last")
    done = subprocess.run(command, input="one\ntwo\nlast\n", capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ready\necho one\necho two\necho last")


def test_a_terminal_gives_each_key_and_ctrl_c_ends(app: Path) -> None:
    ours, theirs = pty.openpty()
    child = subprocess.Popen((COMMAND, "run", str(app), "--interactive"), stdin=theirs, stdout=theirs, stderr=theirs,
                             start_new_session=True)
    try:
        read_until(ours, "ready")
        os.write(ours, b"hello\n")
        seen = read_until(ours, "echo hello")
        assert seen.count("hello") == 1  # the terminal itself echoes nothing
        child.send_signal(signal.SIGINT)
        read_until(ours, "interrupted")
        assert child.wait(20) == 130
    finally:
        child.kill()
        child.wait()
        os.close(ours)
        os.close(theirs)


def test_simulated_time_does_not_run_ahead(app: Path) -> None:
    began = time.monotonic()
    command = (COMMAND, "run", str(app), "--interactive", "--seconds", "1.5")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        out = child.stdout.read()
    assert time.monotonic() - began >= 1.4
    assert "stopped: time: 1.500 s" in out


def test_pseudo_terminal(app: Path) -> None:
    command = (COMMAND, "run", str(app), "--pty", "--until", "echo done")
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert child.stderr is not None
        name = re.search(r"console at (\S+)", child.stderr.readline())
        assert name is not None
        console = os.open(name[1], os.O_RDWR | os.O_NOCTTY)
        tty.setraw(console)
        read_until(console, "ready\n")
        os.write(console, b"done\n")
        out, _ = child.communicate(timeout=30)
        os.close(console)
        assert child.returncode == 0
        assert "echo done" in out
    finally:
        child.kill()
        child.wait()
