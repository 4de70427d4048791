"""Models of several operators against TensorFlow Lite Micro, every tensor, bit for bit. Single operators: test_ops_*.py."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parent / "host"))
from host_interpreter import FIRMWARE, HostInterpreter
from operator_cases import reference
from tflite_writer import ModelWriter, Quantization


def assert_same_tensors(model: bytes, inputs: list[npt.NDArray[Any]], note: str) -> None:
    """Run both interpreters on each of `inputs` and compare all tensors."""
    ours, theirs = HostInterpreter(model), reference(model)
    for values in inputs:
        ours.set_input(0, values)
        ours.invoke()
        theirs.set_input(values, 0)
        theirs.invoke()
        for index in range(ours.tensor_count):
            wanted = np.asarray(theirs.GetTensor(index, 0)["tensor_data"])
            got = np.frombuffer(ours.tensor(index), wanted.dtype).reshape(wanted.shape)
            assert got.tobytes() == wanted.tobytes(), f"{note}, tensor {index}: {got} is not {wanted}"


def test_gesture_model_equals_tensorflow_lite_micro() -> None:
    model = (FIRMWARE / "apps/gesture/gesture.tflite").read_bytes()
    rng = np.random.default_rng(1)
    widths = (0.01, 0.1, 0.5, 2.0) * 25
    inputs = [rng.normal(0, wide, (1, 40, 1, 6)).astype(np.float32) for wide in widths]
    assert_same_tensors(model, inputs, "gesture")


def test_runs_of_one_interpreter_do_not_depend_on_each_other() -> None:
    model = (FIRMWARE / "apps/gesture/gesture.tflite").read_bytes()
    rng = np.random.default_rng(2)
    a, b = (rng.normal(0, 0.3, (1, 40, 1, 6)).astype(np.float32) for _ in range(2))
    interpreter = HostInterpreter(model, preserve=False)
    outputs = []
    for values in (a, b, a):
        interpreter.set_input(0, values)
        interpreter.invoke()
        outputs.append(interpreter.output(0, np.float32, 4).copy())
    assert outputs[0].tobytes() == outputs[2].tobytes()
    assert abs(float(outputs[0].sum()) - 1) < 0.02


def test_bias_with_a_wrong_quantised_dimension_is_accepted() -> None:
    """Converters write the filter's dimension, 3, for the bias of a depthwise convolution, too."""
    graph = ModelWriter().subgraph()
    bias_quantization = Quantization([0.001, 0.002], 0, 0)
    source = graph.tensor("input", (1, 2, 2, 2), "int8", Quantization(0.1, 0))
    weights = graph.constant("filter", np.ones((1, 1, 1, 2), np.int8), Quantization([0.01, 0.02], 0, 3))
    bias = graph.constant("bias", np.array([100, -100], np.int32), bias_quantization)
    object.__setattr__(bias_quantization, "axis", 3)  # behind the writer's back, which would refuse it
    result = graph.tensor("output", (1, 2, 2, 2), "int8", Quantization(0.1, 0))
    graph.inputs, graph.outputs = [source], [result]
    graph.operator("DEPTHWISE_CONV_2D", [source, weights, bias], [result],
                   {"padding": "VALID", "stride_h": 1, "stride_w": 1, "depth_multiplier": 1})
    values = np.arange(-4, 4, dtype=np.int8).reshape(1, 2, 2, 2) * 16
    assert_same_tensors(graph.model.finish(), [values], "depthwise with a bias of dimension 3")
