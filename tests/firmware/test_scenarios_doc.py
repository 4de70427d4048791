"""docs/scenarios.md: each command runs, with the files that the page shows."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from cmsim_peripherals.boards.nano33ble_sense import BOARD

from cmsim.boards import find_part
from cmsim.kernel import Scheduler
from cmsim.stimuli import BASE_UNITS

PAGE = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    cmsim (.+)$", PAGE, re.MULTILINE)
(TOUCH,) = (command for command in COMMANDS if "--touch" in command)
COMMAND = Path(sys.executable).with_name("cmsim")


@pytest.fixture(scope="module")
def folder(firmware_elfs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("scenarios")
    shutil.copy(firmware_elfs / "scenario.elf", where / "app.elf")
    for name, text in re.findall(r"<!-- file (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL):
        (where / name).write_text(text, encoding="utf-8")
    (where / "before.bin").write_bytes(b"what the flash chip holds")
    with wave.open(str(where / "tone.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes((3000 * np.sin(np.arange(16000) / 3)).astype("<i2").tobytes())
    return where


def run(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(f"{COMMAND} {command}", shell=True, cwd=folder, stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=60, check=False)


def shell(folder: Path, command: str) -> str:
    done = run(folder, command)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("command", [command for command in COMMANDS if command != TOUCH])
def test_commands_run(folder: Path, command: str) -> None:
    endless = "--interactive" in command or "--pty" in command
    out = shell(folder, command + " --seconds 0.3" if endless else command)
    assert "ready\n" in out
    for option, text in (("--input 'hello", "echo hello"), ("--press button1", "pressed\nreleased\npressed"),
                         ("--press reset", "ready\nready"), ("--pin", "pressed\nreleased"), ("record", "recorded"), ("--wire", "echo pressed"),
                         ("day.toml --seconds", "echo hello\npressed\nreleased\nready\n")):
        if option in command:
            assert text in out


def test_a_touch_is_an_error_where_the_firmware_has_no_usb(folder: Path) -> None:
    done = run(folder, TOUCH)
    assert done.returncode == 1
    assert done.stderr.startswith("cmsim: error: --touch: at 1.5 s the firmware has no serial port over USB")


def test_the_external_flash_is_there(folder: Path) -> None:
    shell(folder, next(command for command in COMMANDS if "--save-external-flash" in command))
    assert (folder / "after.bin").read_bytes()[:26] == b"what the flash chip holds\xff"


def test_the_vcd_is_there(folder: Path) -> None:
    shell(folder, next(command for command in COMMANDS if "--vcd" in command))
    assert (folder / "run.vcd").stat().st_size > 1000


def test_the_python_example_runs(folder: Path) -> None:
    (example,) = re.findall(r"<!-- python -->\n```python\n(.*?)```", PAGE, re.DOTALL)
    done = subprocess.run((sys.executable, "-c", example), cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:4] == ["ready", "echo hello", "pressed", "released"]


def test_every_sensor_and_quantity_is_named() -> None:
    for row in BOARD.parts:
        if row.model in ("hts221", "lps22hb", "apds9960"):
            part = find_part(row.model)(Scheduler(), row.name)
            assert f"`{row.name}`" in PAGE
            for channel, (unit, _) in part.channels.items():
                assert f"`{channel}`" in PAGE
                assert BASE_UNITS[channel] == unit
