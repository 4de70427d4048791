"""Convolutions, FULLY_CONNECTED and pools against TensorFlow Lite Micro in every type, bit for bit, and what they refuse."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "host"))
from conv_cases import CASES, DTYPES
from host_interpreter import HostInterpreter, InterpreterError
from operator_cases import Feed, Fixed, OperatorCase, Result, assert_same, case, seeded
from tflite_writer import Quantization

MODELS = 60  # of an operator and type


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_operator_equals_tensorflow_lite_micro(name: str, dtype: str) -> None:
    for index in range(MODELS):
        rng = seeded(f"{name} {dtype}", index)
        assert_same(CASES[name](rng, dtype), rng, f"{name} {dtype} case {index}")


def rounded_twice(value: int, factor: float) -> int:
    """gemmlowp's double rounding of `value * factor`, `factor` below 1/2."""
    mantissa, exponent = math.frexp(factor)
    multiplier = math.floor(mantissa * 2**31 + 0.5)
    high = (value * multiplier + (1 << 30)) >> 31
    return (abs(high) + (1 << -exponent >> 1) >> -exponent) * (1 if high >= 0 else -1)


@pytest.mark.parametrize("dtype", ["int8", "int16"])
@pytest.mark.parametrize("name", ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"])
def test_scales_are_multiplied_in_double(name: str, dtype: str) -> None:
    """Biases whose results differ if the product of the scales is rounded to float: so few that random models miss them."""
    found = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        a, b, c = (np.float32(10 ** rng.uniform(low, high)) for low, high in ((-3, -1), (-4, -2), (-3, 0)))
        in_float, in_double = float(a * b) / float(c), float(a) * float(b) / float(c)
        limit = np.iinfo(dtype).max
        near = (round((k + 0.5) / in_double) + d for k in range(-limit, limit, 1 + limit // 127) for d in range(-4, 5))
        bias = [x for x in near if abs(x) < 1 << 30 and rounded_twice(x, in_float) != rounded_twice(x, in_double)]
        if len(bias) < 2:
            continue
        shape = {"CONV_2D": (len(bias), 1, 1, 1), "DEPTHWISE_CONV_2D": (1, 1, 1, len(bias)), "FULLY_CONNECTED": (len(bias), 1)}
        rank = len(shape[name])
        options = {} if name == "FULLY_CONNECTED" else {"padding": "VALID", "stride_h": 1, "stride_w": 1}
        if name == "DEPTHWISE_CONV_2D":
            options["depth_multiplier"] = len(bias)
        weights = Fixed(np.zeros(shape[name], np.int8), Quantization(float(b)))
        offsets = Fixed(np.array(bias, "int32" if dtype == "int8" else "int64"), Quantization(float(a * b)))
        tested = case(name, [Feed((1,) * rank, dtype, Quantization(float(a))), weights, offsets],
                      [Result((*(1,) * (rank - 1), len(bias)), dtype, Quantization(float(c)))], options, version=4)
        assert_same(tested, rng, f"{name} {dtype} scales {seed}", steps=1)
        found += len(bias)
    assert found > 100


def convolution(name: str, dtype: str, bias_type: str | None = None, *, filter_type: str = "int8", zero_point: int = 0,
                filter_scale: float = 0.01, result_type: str | None = None) -> OperatorCase:
    """A 1x1 convolution, or FULLY_CONNECTED, of 4 channels."""
    source = None if dtype == "float32" else Quantization(0.1, zero_point)
    dims = {"CONV_2D": (4, 1, 1, 4), "DEPTHWISE_CONV_2D": (1, 1, 1, 4), "FULLY_CONNECTED": (4, 4)}[name]
    quantized = None if filter_type == "float32" else Quantization(filter_scale, 0, 0)
    shape = (1, 4) if name == "FULLY_CONNECTED" else (1, 2, 2, 4)
    inputs = [Feed(shape, dtype, source), Fixed(np.ones(dims, filter_type), quantized)]
    if bias_type is not None:
        inputs.append(Fixed(np.ones(4, bias_type), Quantization(0.001)))
    options = {"padding": "VALID", "stride_h": 1, "stride_w": 1}
    if name == "DEPTHWISE_CONV_2D":
        options["depth_multiplier"] = 1
    if name == "FULLY_CONNECTED":
        options = {}
    return case(name, inputs, [Result(shape, result_type or dtype, source)], options, version=3)


@pytest.mark.parametrize("name", ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"])
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"dtype": "int16", "bias_type": "int64", "zero_point": 3}, "types"),
        ({"dtype": "int8", "bias_type": "int64"}, "types"),
        ({"dtype": "int8", "filter_type": "float32"}, "types"),
        ({"dtype": "float32"}, "types"),
        ({"dtype": "float32", "filter_type": "float32", "bias_type": "int32"}, "types"),
        ({"dtype": "int8", "result_type": "int16"}, "types"),
        ({"dtype": "int16", "bias_type": "int64", "filter_scale": 4000.0}, "scales"),
    ],
)
def test_what_does_not_go_together_is_refused(name: str, changes: dict[str, object], reason: str) -> None:
    with pytest.raises(InterpreterError) as caught:
        HostInterpreter(convolution(name, **changes).model)  # type: ignore[arg-type]
    assert caught.value.reason.startswith(reason)
    assert caught.value.operator == name


def test_depthwise_int16_refuses_a_bias_of_int32() -> None:
    """TensorFlow Lite Micro reads any bias as int64 there."""
    with pytest.raises(InterpreterError) as caught:
        HostInterpreter(convolution("DEPTHWISE_CONV_2D", "int16", "int32").model)
    assert caught.value.reason == "bias must be int64"


@pytest.mark.parametrize("name", ["AVERAGE_POOL_2D", "MAX_POOL_2D"])
@pytest.mark.parametrize(("dtype", "result_type"), [("int8", "int16"), ("int32", "int32")])
def test_pools_refuse_other_types(name: str, dtype: str, result_type: str) -> None:
    options = {"padding": "VALID", "stride_h": 1, "stride_w": 1, "filter_height": 1, "filter_width": 1}
    both = Quantization(0.1)
    model = case(name, [Feed((1, 2, 2, 4), dtype, both)], [Result((1, 2, 2, 4), result_type, both)], options).model
    with pytest.raises(InterpreterError) as caught:
        HostInterpreter(model)
    assert caught.value.reason.startswith("types")
