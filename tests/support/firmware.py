"""Builds the test firmware, once a test session, whatever the number of xdist workers."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLCHAIN = ROOT / "firmware" / "toolchain-arm-none-eabi.cmake"
TESTS = ROOT / "tests" / "firmware"
SHIPPED_SOURCES = {"microbench": "microbench", "smallest": "examples/smallest"}
"""Of firmware/, what is there as source only: target -> its directory."""
NEEDED = ("arm-none-eabi-g++", "cmake")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"{' '.join(command)}:\n{done.stdout}{done.stderr}", pytrace=False)


def require_tools() -> None:
    """Fail, in one line, where the cross-compiler is missing: these tests must not be skipped unseen."""
    for tool in NEEDED:
        if shutil.which(tool) is None:
            pytest.fail(f"{tool} is not installed: the test firmware cannot be built (README: what the tests need)", False)


def build(where: Path, source: Path = TESTS, targets: Sequence[str] = ()) -> None:
    """Configure and build in `where`; the test fails if a source does not compile. Without targets: all."""
    require_tools()
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    _run("cmake", "-S", str(source), "-B", str(where), *generator, f"-DCMAKE_TOOLCHAIN_FILE={TOOLCHAIN}")
    _run("cmake", "--build", str(where), "--parallel", "2", *(word for name in targets for word in ("--target", name)))


def _once(factory: pytest.TempPathFactory, name: str, source: Path, targets: Sequence[str] = ()) -> Path:
    """The directory in which the project has been built."""
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    where = shared / name
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (where / "done").exists():
            build(where, source, targets)
            (where / "done").touch()
    return where


@pytest.fixture(scope="session")
def firmware_elfs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the ELFs of tests/firmware/src, named like their sources."""
    return _once(tmp_path_factory, "firmware-elfs", TESTS)


@pytest.fixture(scope="session")
def slowdown_elfs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of before.elf and after.elf: gesture, and the same with a slow kernel."""
    return _once(tmp_path_factory, "slowdown-elfs", TESTS / "slowdown")


@pytest.fixture(scope="session")
def kernel_set_elfs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The batch program with each kernel set."""
    where = _once(tmp_path_factory, "kernel-sets", TESTS / "kernel_sets")
    return {kernels: where / f"kernel_batch-{kernels}.elf" for kernels in ("reference", "dsp")}


@pytest.fixture(scope="session")
def source_elfs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """microbench and the smallest example of firmware/."""
    where = _once(tmp_path_factory, "source-elfs", ROOT / "firmware", tuple(SHIPPED_SOURCES))
    return {name: where / folder / f"{name}.elf" for name, folder in SHIPPED_SOURCES.items()}
