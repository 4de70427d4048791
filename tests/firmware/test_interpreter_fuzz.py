"""No hostile model makes the interpreter leave its memory: some thousand under sanitizers; a million: fuzz/README.md."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "host"))
from host_interpreter import FIRMWARE, build

CORPUS = sorted((Path(__file__).parent / "fuzz" / "corpus").glob("*.tflite"))
COUNT = 40000


@pytest.fixture(scope="module")
def fuzzers() -> Iterator[Path]:
    """The directory of the programs that run hostile models, with sanitizers."""
    directory = build("fuzz_models", "fuzz_models_dsp", options=("-DCMSIM_SANITIZE=ON",))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(params=["fuzz_models", "fuzz_models_dsp"])
def fuzzer(fuzzers: Path, request: pytest.FixtureRequest) -> Path:
    """The program with one kernel set; of the dsp kernels it has the C++ that stands for the instructions."""
    return fuzzers / str(request.param)


def run(*command: str | Path) -> tuple[int, int]:
    """How many models were refused and how many ran."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    counts = re.fullmatch(r"refused (\d+) ran (\d+)\n", done.stdout)
    assert counts is not None, done.stdout
    return int(counts[1]), int(counts[2])


def test_corpus_runs(fuzzer: Path) -> None:
    valid = [file for file in CORPUS if not file.name.startswith("found-")]
    refused, ran = run(fuzzer, *valid)
    assert ran > 0.9 * len(valid), "the corpus is stale: run fuzz/make_corpus.py"
    assert run(fuzzer, *CORPUS)[0] >= refused


def test_gesture_model_damaged(fuzzer: Path) -> None:
    run(fuzzer, "--mutate", "5000", "2", FIRMWARE / "apps/gesture/gesture.tflite")


def test_no_hostile_model_makes_a_wild_access(fuzzer: Path) -> None:
    refused, ran = run(fuzzer, "--mutate", str(COUNT), "1", *CORPUS)
    assert refused + ran > COUNT
    assert refused > COUNT / 4
    assert ran > COUNT / 20  # the damage must not be so coarse that nothing gets past the first check
