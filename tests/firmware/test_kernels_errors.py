"""What the interpreter says to models that it cannot run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "host"))
from host_interpreter import FIRMWARE, HostInterpreter, InterpreterError
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
