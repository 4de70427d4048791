"""Operators with state, over many inferences, and TRANSPOSE_CONV: against TensorFlow Lite Micro, and refusals."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "host"))
from host_interpreter import HostInterpreter, InterpreterError
from operator_cases import Feed, Fixed, Given, OperatorCase, Result, State, assert_same, case, seeded
from sequence_cases import CASES, COMPARED
from shape_cases import ints
from tflite_writer import Quantization

MODELS = 60


@pytest.mark.parametrize("name", CASES)
def test_operator_equals_tensorflow_lite_micro(name: str) -> None:
    compared: dict[str, Any] = dict(COMPARED.get(name, {}))
    for index in range(MODELS):
        rng = seeded(name, index)
        assert_same(CASES[name](rng), rng, f"{name} case {index}", **compared)


def test_svdf_state_shows_every_bit_of_the_multiplier() -> None:
    """Scales are multiplied in double: 400 filters with results all over int16."""
    for seed in range(12):
        rng = np.random.default_rng(seed)
        a, b, t = (float(np.float32(10 ** rng.uniform(-3, 0))) for _ in range(3))
        state, filters = float(np.float32(a * b * rng.uniform(0.5, 4))), 400
        inputs: list[Given] = [Feed((1, 16), "int8", Quantization(a, 3)),
                  Fixed(rng.integers(-128, 128, (filters, 16)).astype(np.int8), Quantization(b)),
                  Fixed(rng.integers(-32768, 32768, (filters, 2)).astype(np.int16), Quantization(t)),
                  Fixed(np.zeros(filters, np.int32), Quantization(float(np.float32(state * t)))),
                  State((1, filters * 2), "int16", Quantization(state))]
        result = Result((1, filters), "int8", Quantization(state * t * 3000))
        tested = case("SVDF", inputs, [result], {"rank": 1}, version=3)
        assert_same(tested, rng, f"svdf seed {seed}")


def test_svdf_without_bias_is_svdf_with_a_bias_of_zero() -> None:
    """TensorFlow Lite Micro's float kernel takes a missing bias, its integer kernel reads from a null pointer."""
    rng = np.random.default_rng(4)
    inputs: list[Given] = [Feed((1, 4), "int8", Quantization(0.02, 5)),
              Fixed(rng.integers(-128, 128, (6, 4)).astype(np.int8), Quantization(0.01)),
              Fixed(rng.integers(-3000, 3000, (6, 3)).astype(np.int16), Quantization(0.001)),
              Fixed(np.zeros(3, np.int32), Quantization(1e-6)), State((1, 18), "int16", Quantization(0.001))]
    result = [Result((1, 3), "int8", Quantization(0.05))]
    with_bias = case("SVDF", inputs, result, {"rank": 2})
    without = case("SVDF", [*inputs[:3], None, inputs[4]], result, {"rank": 2})
    interpreters = [HostInterpreter(tested.model, preserve=False) for tested in (with_bias, without)]
    seen = set()
    for _ in range(10):
        (values,) = with_bias.random_inputs(rng)
        outputs = []
        for interpreter in interpreters:
            interpreter.set_input(0, values)
            interpreter.invoke()
            outputs.append(interpreter.output(0, np.int8, 3).tobytes())
        assert outputs[0] == outputs[1]
        seen.add(outputs[0])
    assert len(seen) > 5


F = "float32"


def svdf(**changes: Any) -> OperatorCase:
    """2 units of rank 2, 3 features, memory 4."""
    parts: dict[str, Any] = {
        "feed": Feed((1, 3), F), "feature": Fixed(np.ones((4, 3), np.float32)),
        "time": Fixed(np.ones((4, 4), np.float32)), "bias": Fixed(np.ones(2, np.float32)), "state": State((1, 16), F),
        "result": Result((1, 2), F), "rank": 2} | changes
    inputs = [parts[name] for name in ("feed", "feature", "time", "bias", "state")]
    return case("SVDF", inputs, [parts["result"]], {"rank": parts["rank"]})


def lstm(**changes: Any) -> OperatorCase:
    """int8, 1 batch, 2 steps, 3 features, 4 units; `at` replaces inputs by position."""
    def weights(columns: int) -> list[Any]:
        return [Fixed(np.ones((4, columns), np.int8), Quantization(0.01))] * 4

    inputs: list[Any] = [Feed((1, 2, 3), "int8", Quantization(0.01)), *weights(3), *weights(4), None, None, None,
                         *[Fixed(np.ones(4, np.int32), Quantization(1.0))] * 4, None, None,
                         State((1, 4), "int8", Quantization(1 / 128)), State((1, 4), "int16", Quantization(2.0 ** -11)),
                         None, None, None, None]
    for position, replacement in changes.get("at", {}).items():
        inputs[position] = replacement
    options = {"fused_activation_function": changes.get("activation", "TANH")}
    result = changes.get("result", Result((1, 2, 4), "int8", Quantization(1 / 128)))
    return case("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [result], options)


def transposed(**changes: Any) -> OperatorCase:
    """2 x 2 pixels to 4 x 4."""
    parts: dict[str, Any] = {
        "shape": ints(1, 4, 4, 1), "filter": Fixed(np.ones((1, 2, 2, 3), np.float32)), "feed": Feed((1, 2, 2, 3), F),
        "result": Result((1, 4, 4, 1), F), "stride": 2} | changes
    inputs = [parts["shape"], parts["filter"], parts["feed"], *changes.get("bias", [])]
    return case("TRANSPOSE_CONV", inputs, [parts["result"]],
                {"padding": "SAME", "stride_h": parts["stride"], "stride_w": 2})


def quantized(*dims: int) -> Fixed:
    return Fixed(np.ones(dims, np.int8), Quantization(0.01))


@pytest.mark.parametrize("make", [svdf, lstm, transposed])
def test_without_changes_they_are_accepted(make: Callable[[], OperatorCase]) -> None:
    HostInterpreter(make().model, preserve=False).invoke()


@pytest.mark.parametrize(("tested", "reason"), [
    (svdf(rank=0), "rank does not divide the number of filters"),
    (svdf(rank=3), "rank does not divide the number of filters"),
    (svdf(rank=-2), "rank does not divide the number of filters"),
    (svdf(rank=1), "bias needs one value for each unit"),
    (svdf(state=Feed((1, 16), F)), "state must be a variable"),
    (svdf(state=State((1, 15), F)), "shape of the state"),
    (svdf(state=State((1, 16), "int16")), "all tensors must be float32"),
    (svdf(feature=Fixed(np.ones((4, 2), np.float32))), "weights do not fit the input or each other"),
    (svdf(result=Result((1, 4), F)), "output shape"),
    (svdf(feed=Feed((1, 3), "int8", Quantization(1.0))),
     "input must be float32 or int8, weights and output of its type"),
    (svdf(feed=Feed((3,), F)), "shapes must have 2 dimensions"),
    (lstm(at={9: quantized(4)}), "inputs other than those of a plain LSTM"),
    (lstm(at={16: quantized(4, 4)}), "inputs other than those of a plain LSTM"),
    (lstm(at={12: None}), "inputs other than those of a plain LSTM"),
    (lstm(activation="RELU"), "activation must be TANH"),
    (lstm(at={18: Feed((1, 4), "int8", Quantization(1 / 128))}), "hidden and cell state must be variables"),
    (lstm(at={19: State((1, 5), "int16", Quantization(2.0 ** -11))}), "shape of hidden or cell state"),
    (lstm(at={19: State((1, 4), "int8", Quantization(2.0 ** -11))}), "type of the cell state"),
    (lstm(at={19: State((1, 4), "int16", Quantization(3e-4))}),
     "scale of the cell state must be a power of two, at most 1"),
    (lstm(at={3: quantized(4, 2)}), "type or shape of the weights"),
    (lstm(at={6: quantized(4, 3)}), "type or shape of the weights"),
    (lstm(at={13: quantized(4)}), "type or shape of the biases"),
    (lstm(at={2: Fixed(np.ones((4, 3), np.int8), Quantization([0.1, 0.2, 0.3, 0.4], 0, 0))}),
     "weights must have one scale and zero point 0"),
    (lstm(result=Result((1, 3, 4), "int8", Quantization(1.0))), "shapes"),
    (lstm(result=Result((1, 2, 5), "int8", Quantization(1.0))), "shape of hidden or cell state"),
    (transposed(shape=ints(1, 4, 4, 2)), "output shape"),
    (transposed(shape=ints(4)), "shape must be 4 int32"),
    (transposed(stride=0), "padding, filter or stride"),
    (transposed(stride=1 << 30), "padding, filter or stride"),
    (transposed(filter=Fixed(np.ones((1, 2, 2, 2), np.float32))), "shapes"),
    (transposed(filter=quantized(1, 2, 2, 3)), "type of the filter"),
    (transposed(bias=[Fixed(np.ones(2, np.float32))]),
     "bias must have one value of the right type for each output channel"),
    (transposed(feed=Feed((1, 2, 2, 3), "int8"), filter=quantized(1, 2, 2, 3), result=Result((1, 4, 4, 1), "int8")),
     "quantisation of input, filter or output"),
])
def test_what_does_not_fit_is_refused(tested: OperatorCase, reason: str) -> None:
    with pytest.raises(InterpreterError) as caught:
        HostInterpreter(tested.model, preserve=False)
    assert (caught.value.status, caught.value.reason) == ("operator is used in an unsupported way", reason)
