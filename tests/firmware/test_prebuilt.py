"""The shipped ELFs are what the sources give: rebuilt from another directory, the bytes are the same."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
PREBUILT = FIRMWARE / "prebuilt"
COMPILER = "arm-none-eabi-g++"
PINNED = "12.2."
ELFS = ("gesture.elf", "bench-dsp.elf", "bench-reference.elf")


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
    for name in (*ELFS, "bench-dsp.json", "bench-reference.json", "BUILD.txt"):
        assert (out / name).read_bytes() == (PREBUILT / name).read_bytes(), (
            f"{name} differs from firmware/prebuilt: build the target `prebuilt` and commit its result"
        )


@pytest.mark.parametrize("name", ELFS)
def test_prebuilt_elf_names_no_directory(name: str) -> None:
    data = (PREBUILT / name).read_bytes()
    for path in (b"/home/", b"/tmp/", b"/root/", b"/work/"):
        assert path not in data


@pytest.mark.parametrize("kernels", ["dsp", "reference"])
def test_flash_costs_name_every_operator(kernels: str) -> None:
    costs = json.loads((PREBUILT / f"bench-{kernels}.json").read_text())
    sources = FIRMWARE.glob("kernels/*.cc")
    names = {name for file in sources for name in re.findall(r"^const Registration op::(\w+)", file.read_text(), re.M)}
    assert set(costs["operators"]) == names
    sizes = [size for _, size in costs["sections"]]
    for name, sections in costs["operators"].items():
        assert sections == sorted(set(sections))
        assert sum(sizes[i] for i in sections) > 100, name
    assert 5000 < sum(sizes[i] for i in costs["interpreter"]) < 12000
