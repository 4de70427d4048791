"""What the interpreter says to models that it cannot run; and that no hostile model makes it leave its memory."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "host"))
from host_interpreter import FIRMWARE, HostInterpreter, InterpreterError, build
from single_operator import GENERATORS
from tflite_writer import ModelWriter, Quantization

GESTURE = (FIRMWARE / "apps/gesture/gesture.tflite").read_bytes()
DAMAGED = "model is damaged or not a .tflite file"


def small_model(operator: str = "DEQUANTIZE", version: int = 2, **changes: object) -> bytes:
    """One operator from int8 [1, 4] to float32 [1, 4]."""
    writer = ModelWriter()
    graph = writer.subgraph()
    source = graph.tensor("input", (1, 4), "int8", Quantization(0.5, 3))
    result = graph.tensor("output", (1, 4), str(changes.get("output_type", "float32")), Quantization(0.5, 3))
    graph.inputs, graph.outputs = [source], [result]
    graph.operator(operator, [source], [result], version=version)
    return writer.finish()


def failure(model: bytes, arena_size: int = 1 << 16) -> InterpreterError:
    with pytest.raises(InterpreterError) as caught:
        HostInterpreter(model, arena_size, preserve=False)
    return caught.value


def test_missing_operator_is_named_with_index_and_version() -> None:
    error = failure(small_model("RNN", version=1))
    assert (error.status, error.operator, error.index, error.version) == (
        "operator is missing in the resolver", "RNN", 0, 1)


def test_missing_custom_operator_is_named() -> None:
    writer = ModelWriter()
    graph = writer.subgraph()
    tensors = [graph.tensor(name, (1,), "float32") for name in "ab"]
    graph.inputs, graph.outputs = tensors[:1], tensors[1:]
    graph.custom_operator("MyOwn", tensors[:1], tensors[1:])
    assert failure(writer.finish()).operator == "MyOwn"


def test_newer_version_of_an_operator_is_refused() -> None:
    error = failure(small_model(version=99))
    assert (error.status, error.operator, error.version) == ("operator version is not supported", "DEQUANTIZE", 99)


def test_unsupported_type_says_what_is_wanted() -> None:
    error = failure(small_model(output_type="int32"))
    assert (error.status, error.reason) == ("operator is used in an unsupported way", "output must be float32")


@pytest.mark.parametrize("model", [b"", b"TFL3", b"\0" * 64, b"\x7fELF" + b"\0" * 60, b"\xff" * 200])
def test_what_is_no_model_is_refused(model: bytes) -> None:
    assert failure(model).status == DAMAGED


def test_arena_of_the_size_used_is_enough_and_one_step_less_says_what_is_missing() -> None:
    used = HostInterpreter(GESTURE, preserve=False).arena_used
    assert HostInterpreter(GESTURE, used, preserve=False).arena_used == used
    error = failure(GESTURE, used - 16)
    assert (error.status, error.missing_bytes) == ("arena is too small", 16)


def test_missing_bytes_lead_to_an_arena_that_suffices() -> None:
    used = HostInterpreter(GESTURE, preserve=False).arena_used
    for size in range(0, used, 160):
        while size < used:  # before the structures fit, only a lower bound can be told
            error = failure(GESTURE, size)
            assert error.status == "arena is too small"
            assert 0 < error.missing_bytes <= used - size + 15
            size += error.missing_bytes  # noqa: PLW2901
        HostInterpreter(GESTURE, size, preserve=False)


def test_activations_share_memory() -> None:
    assert HostInterpreter(GESTURE, preserve=False).arena_used < HostInterpreter(GESTURE, preserve=True).arena_used


def hostile_models() -> list[bytes]:
    """Small models cut off at every length, and with random damage."""
    rng = np.random.default_rng(3)
    originals = [GENERATORS[name](np.random.default_rng(seed)).model for name in GENERATORS for seed in range(3)]
    models = [model[:length] for model in originals[:3] for length in range(len(model))]
    originals.append(GESTURE)
    for original in originals:
        for _ in range(150):
            damaged = bytearray(original)
            for _ in range(rng.integers(1, 6)):
                kind, at = rng.integers(0, 3), int(rng.integers(0, len(damaged)))
                if kind == 0:
                    damaged[at] ^= 1 << int(rng.integers(0, 8))
                elif kind == 1:
                    damaged[at] = int(rng.choice([0, 1, 0x7F, 0x80, 0xFF]))
                else:  # a whole word: offsets and lengths
                    word = int(rng.choice([0, 1, 4, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, len(damaged)]))
                    damaged[at & ~3 : (at & ~3) + 4] = struct.pack("<I", word)
            models.append(bytes(damaged))
    return models


def test_no_hostile_model_makes_a_wild_access(tmp_path: Path) -> None:
    models = hostile_models()
    assert len(models) > 4000
    batch = tmp_path / "models.bin"
    batch.write_bytes(b"".join(struct.pack("<I", len(model)) + model for model in models))
    directory = build("fuzz_models", "-DCMSIM_SANITIZE=ON")
    try:
        command = [directory / "fuzz_models", batch]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    finally:
        shutil.rmtree(directory)
    assert done.returncode == 0, done.stderr
    counts = re.fullmatch(r"refused (\d+) ran (\d+)\n", done.stdout)
    assert counts is not None, done.stdout
    refused, ran = (int(n) for n in counts.groups())
    assert refused + ran == len(models)
    assert refused > 1000
    assert ran > 500  # the damage must not be so coarse that nothing gets past the first check
