"""The shipped ELF is what the sources give: rebuilt from another directory, the bytes are the same."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
PREBUILT = FIRMWARE / "prebuilt"
COMPILER = "arm-none-eabi-g++"
PINNED = "12.2."


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}{done.stderr}"
    return done.stdout


def require_pinned_compiler() -> None:
    if shutil.which(COMPILER) is None:
        pytest.skip(f"PREBUILT ELF NOT CHECKED: {COMPILER} is not installed (README: what the tests need)")
    version = run(COMPILER, "-dumpfullversion").strip()
    if not version.startswith(PINNED):
        pytest.skip(f"PREBUILT ELF NOT CHECKED: {COMPILER} is {version}, the shipped ELF is of {PINNED}x")


def build(source: Path, tmp_path: Path) -> Path:
    out = tmp_path / "out"
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    run("cmake", "-S", str(source), "-B", str(tmp_path / "build"), *generator,
        f"-DCMAKE_TOOLCHAIN_FILE={source / 'toolchain-arm-none-eabi.cmake'}", f"-DCMSIM_PREBUILT_DIR={out}",
        f"-DPython3_EXECUTABLE={sys.executable}")
    run("cmake", "--build", str(tmp_path / "build"), "--target", "prebuilt")
    return out


def test_prebuilt_elf_is_reproduced_from_a_copy_of_the_sources(tmp_path: Path) -> None:
    require_pinned_compiler()
    source = tmp_path / "a copy somewhere else"
    shutil.copytree(FIRMWARE, source, ignore=shutil.ignore_patterns("prebuilt", "__pycache__"))
    out = build(source, tmp_path)
    for name in ("gesture.elf", "BUILD.txt"):
        assert (out / name).read_bytes() == (PREBUILT / name).read_bytes(), (
            f"{name} differs from firmware/prebuilt: build the target `prebuilt` and commit its result"
        )


def test_prebuilt_elf_names_no_directory() -> None:
    data = (PREBUILT / "gesture.elf").read_bytes()
    for path in (b"/home/", b"/tmp/", b"/root/", b"/work/"):
        assert path not in data
