"""The smallest build: start-up code, interpreter, kernel and one FULLY_CONNECTED model."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
LIMIT = 12 * 1024
ARENA = 1024


@pytest.fixture(scope="module")
def smallest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """examples/smallest, built."""
    if shutil.which("arm-none-eabi-g++") is None:
        pytest.skip("SMALLEST BUILD NOT CHECKED: arm-none-eabi-g++ is not installed (README: what the tests need)")
    directory = tmp_path_factory.mktemp("smallest")
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    for command in (["cmake", "-S", str(FIRMWARE), "-B", str(directory), *generator,
                     f"-DCMAKE_TOOLCHAIN_FILE={FIRMWARE / 'toolchain-arm-none-eabi.cmake'}"],
                    ["cmake", "--build", str(directory), "--target", "smallest"]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "text" in done.stdout, "the build prints the sizes"
    return directory / "examples/smallest/smallest.elf"


def test_code_model_and_constants_take_at_most_12_kb_and_nothing_is_writable_but_the_arena(smallest: Path) -> None:
    with smallest.open("rb") as file:
        constant = writable = 0
        for section in ELFFile(file).iter_sections():
            if not section["sh_flags"] & SH_FLAGS.SHF_ALLOC or section.name == ".stack":
                continue
            if section["sh_flags"] & SH_FLAGS.SHF_WRITE and section["sh_addr"] >= 0x20000000:
                writable += section["sh_size"]
            else:
                constant += section["sh_size"]
    assert constant <= LIMIT
    assert writable == ARENA
