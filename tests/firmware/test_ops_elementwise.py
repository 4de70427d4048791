"""Element-by-element operators, softmaxes and L2_NORMALIZATION against TensorFlow Lite Micro, and what they refuse."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

sys.path.insert(0, str(Path(__file__).parent / "host"))
from elementwise_cases import CASES
from host_interpreter import KERNELS, HostInterpreter, InterpreterError
from operator_cases import INPUTS, Feed, OperatorCase, Result, Shape, case, reference, scale, seeded
from tflite_writer import Quantization

MODELS = 45  # of an operator, at least

# Units in the last place by which results may differ from a C library's exp, log, tanh, sin and cos; 0 elsewhere.
ULPS = {"COS": 1, "ELU": 2, "EXP": 1, "LOG": 1, "LOGISTIC": 2, "SIN": 1, "SOFTMAX": 6, "TANH": 3}

ALL_INT8 = np.arange(-128, 128, dtype=np.int8)


def models(types: tuple[str, ...]) -> int:
    """How many: four of each type at least."""
    return max(MODELS, 4 * len(types))


def ordered(values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Floats as integers in the same order, neighbours one apart."""
    bits = values.view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


def assert_equal(got: npt.NDArray[Any], wanted: npt.NDArray[Any], name: str, note: str) -> None:
    if wanted.dtype != np.float32:
        differ = got != wanted
        assert not differ.any(), f"{note}: {got[differ]} is not {wanted[differ]} at {np.argwhere(differ).tolist()}"
        return
    assert np.array_equal(np.isnan(got), np.isnan(wanted)), f"{note}: {got} is not {wanted}"
    differ = (got.view(np.int32) != wanted.view(np.int32)) & ~np.isnan(wanted)
    if name == "LOG_SOFTMAX":  # a difference to the logarithm of a sum, which has the error
        differ &= np.abs(got - wanted) > 1e-6 * np.maximum(1, np.abs(wanted))
    elif name in ULPS:
        differ &= np.abs(ordered(got) - ordered(wanted)) > ULPS[name]
    assert not differ.any(), f"{note}: {got[differ]} is not {wanted[differ]}"


def compare(tested: OperatorCase, rng: np.random.Generator, name: str, note: str, steps: int = INPUTS) -> None:
    """All tensors; and that the output is the same where the interpreter may put it in place of an input, with both kernel sets."""
    ours, theirs = HostInterpreter(tested.model), reference(tested.model)
    in_place = [HostInterpreter(tested.model, preserve=False, kernels=kernels) for kernels in KERNELS]
    for step in range(steps):
        for index, values in enumerate(tested.random_inputs(rng)):
            ours.set_input(index, values)
            theirs.set_input(values, index)
            for interpreter in in_place:
                interpreter.set_input(index, values)
        for interpreter in (ours, theirs, *in_place):
            interpreter.invoke()
        for index in range(ours.tensor_count):
            wanted = np.asarray(theirs.GetTensor(index, 0)["tensor_data"])
            got = np.frombuffer(ours.tensor(index), wanted.dtype).reshape(wanted.shape)
            assert_equal(got, wanted, name, f"{note}, step {step}, tensor {index}")
        result = tested.results[0]
        for interpreter in in_place:
            again = interpreter.output(0, result.dtype, result.count)
            assert again.tobytes() == ours.tensor(ours.tensor_count - 1), f"{note}, step {step}: in place of the input"


@pytest.mark.parametrize("name", CASES)
def test_operator_equals_tensorflow_lite_micro(name: str) -> None:
    make, types = CASES[name]
    for index in range(models(types)):
        rng = seeded(name, index)
        dtype = types[index % len(types)]
        compare(make(rng, dtype), rng, name, f"{name} case {index} {dtype}")


def int8_case(name: str, inputs: list[tuple[Quantization, npt.NDArray[np.int8]]], output: Quantization) -> OperatorCase:
    """An operator on just these values."""
    def giving(values: npt.NDArray[np.int8]) -> Callable[[np.random.Generator], npt.NDArray[np.int8]]:
        return lambda _rng: values

    feeds = [Feed(values.shape, "int8", q, giving(values)) for q, values in inputs]
    result = np.broadcast_shapes(*(values.shape for _, values in inputs))
    return case(name, list(feeds), [Result(result, "int8", output)])


OUTPUT_RANGE = {"LOGISTIC": Quantization(1 / 256, -128), "TANH": Quantization(1 / 128)}


@pytest.mark.parametrize("name", ["ELU", "HARD_SWISH", "LOGISTIC", "TANH", "RSQRT", "RELU", "ABS"])
def test_all_int8_values_of_many_scales(name: str) -> None:
    for index in range(60):
        rng = seeded(name + " all values", index)
        source = Quantization(scale(rng, -4, 1), -128 if name == "RSQRT" else int(rng.integers(-128, 128)))
        target = Quantization(float(source.scales()[0]) * scale(rng, -1.5, 1), int(rng.integers(-128, 128)))
        tested = int8_case(name, [(source, ALL_INT8)], OUTPUT_RANGE.get(name, target))
        compare(tested, rng, name, f"{name} scales {index}", steps=1)


COLUMN, ROW = ALL_INT8.reshape(256, 1), np.arange(0, 127, dtype=np.int8).reshape(1, 127)


@pytest.mark.parametrize(("name", "inputs", "output"), [
    ("HARD_SWISH", [(Quantization(0.016140656545758247, 17), ALL_INT8)], Quantization(0.000816743673387646, 3)),
    ("RSQRT", [(Quantization(0.025661570951342583, -128), ALL_INT8)], Quantization(0.02468007802963257, -128)),
    ("RSQRT", [(Quantization(4.780188083648682, -128), ALL_INT8)], Quantization(0.0023276375140994787, -128)),
    ("DIV", [(Quantization(14.698587417602539, 32), COLUMN), (Quantization(0.07367818057537079, -128), ROW)],
     Quantization(0.32978105545043945, -94)),
    ("DIV", [(Quantization(10.979859352111816, 22), COLUMN), (Quantization(0.03104475699365139, -128), ROW)],
     Quantization(0.6869290471076965, 82)),
])
def test_scales_where_float_instead_of_double_gives_another_result(
    name: str, inputs: list[tuple[Quantization, npt.NDArray[np.int8]]], output: Quantization
) -> None:
    compare(int8_case(name, inputs, output), seeded(name, 0), name, name, steps=1)


# Bounds that kernels/float_functions.h states, in units of the last place, against numpy in double.
@pytest.mark.parametrize(("name", "bound", "function", "low", "high"), [
    ("EXP", 0.502, np.exp, -104.0, 88.7),
    ("EXP", 0.502, np.exp, -1e-4, 1e-4),
    ("ELU", 0.6, np.expm1, -20.0, 0.0),
    ("ELU", 0.6, np.expm1, -0.07, 0.0),
    ("TANH", 0.6, np.tanh, -10.0, 10.0),
    ("TANH", 0.6, np.tanh, -0.3, 0.3),
    ("LOG", 0.501, np.log, 0.0, 3e38),
    ("LOG", 0.501, np.log, 0.5, 2.0),
    ("LOG", 0.501, np.log, 0.0, 1e-38),
    ("SIN", 0.51, np.sin, -10.0, 10.0),
    ("SIN", 0.51, np.sin, -1e30, 1e30),
    ("COS", 0.51, np.cos, -10.0, 10.0),
    ("COS", 0.51, np.cos, -1e9, 1e9),
    ("SQRT", 0.5, np.sqrt, 0.0, 3e38),
    ("SQRT", 0.5, np.sqrt, 0.0, 1e-38),
])
def test_float_functions_are_as_exact_as_stated(
    name: str, bound: float, function: Callable[[npt.NDArray[Any]], npt.NDArray[Any]], low: float, high: float
) -> None:
    x = np.random.default_rng(9).uniform(low, high, 50_000).astype(np.float32)
    (got,) = case(name, [Feed(x.shape, "float32")], [Result(x.shape, "float32")]).run([x])
    wanted = function(x.astype(np.float64))
    _, exponent = np.frexp(np.abs(wanted))
    ulp = np.ldexp(1.0, np.maximum(exponent, -125) - 24)  # subnormals are as far apart as the smallest normal numbers
    assert (np.abs(got - wanted) / ulp).max() <= bound


@pytest.mark.parametrize(("name", "x", "wanted"), [
    ("EXP", [-np.inf, -104.0, -103.9, 0.0, 88.72284, np.inf], [0.0, 0.0, 1e-45, 1.0, np.inf, np.inf]),
    ("LOG", [0.0, 1.0, np.inf, -1.0], [-np.inf, 0.0, np.inf, np.nan]),
    ("TANH", [-np.inf, -0.0, 1e-45, 20.0, np.inf], [-1.0, -0.0, 1e-45, 1.0, 1.0]),
    ("SIN", [0.0, -0.0, np.inf], [0.0, -0.0, np.nan]),
    ("SQRT", [0.0, -0.0, 4.0, np.inf, -1.0], [0.0, -0.0, 2.0, np.inf, np.nan]),
    ("FLOOR", [-0.0, -0.5, 2.5, -8388609.0, np.inf], [-0.0, -1.0, 2.0, -8388609.0, np.inf]),
    ("CEIL", [-0.5, 0.5, 3e9, -np.inf], [-0.0, 1.0, 3e9, -np.inf]),
    ("ROUND", [0.5, 1.5, 2.5, -0.5, -1.5, np.inf], [0.0, 2.0, 2.0, 0.0, -2.0, np.inf]),
])
def test_special_values(name: str, x: list[float], wanted: list[float]) -> None:
    values = np.array([*x, np.nan], np.float32)
    (got,) = case(name, [Feed(values.shape, "float32")], [Result(values.shape, "float32")]).run([values])
    expected = np.array([*wanted, np.nan], np.float32)
    assert np.array_equal(got, expected, equal_nan=True)
    numbers = ~np.isnan(expected)
    assert np.array_equal(np.signbit(got[numbers]), np.signbit(expected[numbers]))


def test_quantize_saturates_where_int32_cannot_hold_the_quotient() -> None:
    x = np.array([3e38, -3e38, np.inf, -np.inf, np.nan], np.float32)
    (got,) = case("QUANTIZE", [Feed((5,), "float32")], [Result((5,), "int8", Quantization(0.01, 3))]).run([x])
    assert got.tolist() == [127, -128, 127, -128, -128]


def test_cast_of_what_the_type_cannot_hold() -> None:
    x = np.array([300.0, -129.0, 3e38, -3e38, np.nan], np.float32)
    (got,) = case("CAST", [Feed((5,), "float32")], [Result((5,), "int8")]).run([x])
    assert got.tolist() == [44, 127, -1, 0, 0]


def test_cast_of_a_bool_that_is_neither_0_nor_1() -> None:
    x = np.array([0, 1, 2, 255], np.uint8)
    (got,) = case("CAST", [Feed((4,), "bool")], [Result((4,), "int32")]).run([x])
    assert got.tolist() == [0, 1, 1, 1]


Q, Q16 = Quantization(0.1, 3), Quantization(0.001)


def refusal(tested: OperatorCase) -> str:
    with pytest.raises(InterpreterError) as caught:
        HostInterpreter(tested.model)
    assert caught.value.status == "operator is used in an unsupported way"
    return caught.value.reason


def two(name: str, dtype: str = "int8", q: Quantization | None = Q, *, a: Shape = (2, 3), b: Shape = (2, 3),
        out: Shape = (2, 3), out_type: str = "", out_q: Quantization | None = Q, **options: Any) -> OperatorCase:
    return case(name, [Feed(a, dtype, q), Feed(b, dtype, q)], [Result(out, out_type or dtype, out_q)], options or None)


def single(name: str, dtype: str, q: Quantization | None, out_q: Quantization | None, out_type: str = "", *,
           dims: Shape = (2, 3), out_dims: Shape = (2, 3), **options: Any) -> OperatorCase:
    return case(name, [Feed(dims, dtype, q)], [Result(out_dims, out_type or dtype, out_q)], options or None)


FUSED = ("ADD", "SUB", "MUL", "DIV")
ARITHMETIC = (*FUSED, "SQUARED_DIFFERENCE")
BINARY = (*ARITHMETIC, "MAXIMUM", "MINIMUM", "EQUAL", "LESS", "FLOOR_DIV", "FLOOR_MOD")
QUANTISED = ("ABS", "RSQRT", "RELU", "RELU6", "LEAKY_RELU", "ELU", "HARD_SWISH", "LOGISTIC", "TANH", "LOG_SOFTMAX",
             "L2_NORMALIZATION", "SOFTMAX")
REAL = ("NEG", "EXP", "LOG", "SIN", "COS", "SQRT", "SQUARE", "FLOOR", "CEIL", "ROUND")


@pytest.mark.parametrize("name", [*BINARY, "LOGICAL_AND"])
@pytest.mark.parametrize("shapes", [
    {"b": (2, 2)}, {"b": (4, 3)}, {"out": (1, 3)}, {"out": (2, 3, 1)}, {"a": (3,), "b": (1,), "out": (2, 3)},
])
def test_shapes_that_do_not_broadcast(name: str, shapes: dict[str, Any]) -> None:
    assert refusal(two(name, **shapes)) == "shapes do not broadcast to the output's"


@pytest.mark.parametrize("name", [*BINARY, "PRELU", "LOGICAL_OR"])
def test_one_input_where_two_are_needed(name: str) -> None:
    assert refusal(single(name, "int8", Q, Q)) == "number of inputs or outputs"


@pytest.mark.parametrize("name", [*QUANTISED, *REAL, "QUANTIZE", "DEQUANTIZE", "CAST", "LOGICAL_NOT"])
def test_two_inputs_where_one_is_needed(name: str) -> None:
    assert refusal(two(name)) == "number of inputs or outputs"


@pytest.mark.parametrize("name", BINARY)
def test_inputs_that_differ_in_type(name: str) -> None:
    tested = case(name, [Feed((2,), "int8", Q), Feed((2,), "float32")], [Result((2,), "int8", Q)])
    assert refusal(tested) == "inputs differ in type"


BAD_TYPES = [
    *[(two(name, "float16", None, out_q=None), "type must be float32") for name in BINARY[:7]],
    *[(two(name, out_type="int16"), "inputs and output differ in type") for name in BINARY[:7]],
    (two("EQUAL", "int16", Q16, out_type="bool"), "inputs must be"),
    (two("LESS", out_type="int8"), "output must be bool"),
    (two("LESS", "bool", None, out_type="bool"), "bool has no order"),
    (two("LOGICAL_AND", "int8", None, out_type="bool"), "must be bool"),
    (two("FLOOR_DIV", "int32", None), "must be float32"),
    (two("PRELU", "int16", Q16, out_q=Q16), "slopes must be quantised int8"),
    (two("PRELU", "int32", None), "type must be"),
    *[(single(name, "int32", None, None), "must be")
      for name in (*QUANTISED, *REAL, "QUANTIZE", "DEQUANTIZE", "LOGICAL_NOT")],
    *[(single(name, "float32", None, Q, "int8"), "differ|must be") for name in (*QUANTISED, *REAL)],
    (single("QUANTIZE", "float32", None, Q, "int32"), "output of float32 must be int8 or int16"),
    (single("QUANTIZE", "float32", None, None, "float32"), "output must be quantised"),
    (single("QUANTIZE", "bool", None, Q, "int8"), "input must be float32, or quantised"),
    (single("CAST", "int64", None, None, "int8"), "input must be"),
    (single("CAST", "int8", None, None, "int64"), "output must be"),
]


@pytest.mark.parametrize("index", range(len(BAD_TYPES)))
def test_wrong_types(index: int) -> None:
    tested, reason = BAD_TYPES[index]
    assert re.search(reason, refusal(tested))


SCALES = "one scale"
BAD_QUANTISATION = [
    *[(two(name, q=None), SCALES) for name in ARITHMETIC],
    *[(two(name, q=Quantization(0.1, 200)), SCALES) for name in ARITHMETIC],
    *[(two(name, q=Quantization([0.1, 0.2, 0.3], 0, 1)), SCALES) for name in ("ADD", "MUL")],
    (two("ADD", q=Quantization(1e30), out_q=Quantization(1e-30)), "scales"),
    (two("MUL", q=Quantization(1e30), out_q=Quantization(1e-30)), "scales"),
    (two("DIV", q=Quantization(1e20), out_q=Quantization(1e-9)), "scales"),
    (two("MUL", "int16", Quantization(0.1, 1), out_q=Q16), "zero points of int16 must be 0"),
    (two("SQUARED_DIFFERENCE", "int16", Quantization(0.1, 1), out_q=Q16), "zero points of int16 must be 0"),
    *[(two(name, "int32", Q), "int32 must not be quantised") for name in ("ADD", "SUB", "DIV")],
    (two("EQUAL", q=Quantization(1.5), out_type="bool"), "scales must be below 1"),
    (two("EQUAL", q=None, out_type="bool"), SCALES),
    (two("PRELU", out_q=None), SCALES),
    (two("MUL", out_q=Quantization(1e-9), fused_activation_function="RELU6"), "fused activation"),
    *[(two(name, fused_activation_function="TANH"), "fused activation") for name in FUSED],
    *[(two(name, "float32", None, fused_activation_function="TANH"), "fused activation") for name in FUSED],
    *[(two(name, "int32", None, fused_activation_function="TANH"), "fused activation") for name in FUSED],
    *[(single(name, "int8", None, Q), "quantised|scale") for name in (*QUANTISED, "QUANTIZE")],
    (single("DEQUANTIZE", "int8", None, None, "float32"), SCALES),
    *[(single(name, "int16", Quantization(0.1, 1), Q16), "zero point")
      for name in ("ABS", "RELU", "LOGISTIC", "TANH", "SOFTMAX")],
    (single("HARD_SWISH", "int8", Q, Quantization(1e-6)), "scales"),
    (single("LOGISTIC", "int8", Q, Quantization(1 / 256, 0)), "output scale and zero point"),
    (single("TANH", "int8", Q, Quantization(1 / 256)), "output scale and zero point"),
    (single("TANH", "int8", Quantization(1e-12), Quantization(1 / 128)), "scale"),
    (single("TANH", "int16", Quantization(3.0), Quantization(1 / 32768)), "scale"),
    (single("LOGISTIC", "int16", Q16, Quantization(1 / 65536)), "1/32768"),
    (single("SOFTMAX", "int8", Q, Quantization(1 / 256)), "1/256"),
    (single("SOFTMAX", "int8", Q, Quantization(1 / 65536), "int16"), "-32768"),
    (single("SOFTMAX", "int16", Q16, Quantization(1 / 65536)), "1/32768"),
    (single("SOFTMAX", "int16", Q16, Quantization(1 / 256, -128), "int8"), "must be int16"),
    (single("SOFTMAX", "int8", Q, Quantization(1 / 256, -128), beta=-1.0), "beta or scale"),
    (single("SOFTMAX", "int8", Q, Quantization(1 / 256, -128), dims=(1, 4096), out_dims=(1, 4096)), "more than 4095"),
    (single("LOG_SOFTMAX", "int8", Q, Quantization(1 / 16, 0)), "zero point 127"),
    (single("L2_NORMALIZATION", "int8", Q, Quantization(1 / 64)), "1/128"),
    (single("L2_NORMALIZATION", "float32", None, None, fused_activation_function="RELU"), "fused activation"),
    (single("LEAKY_RELU", "int8", Q, Q, alpha=float("nan")), "scales or alpha"),
    (single("QUANTIZE", "int8", Quantization(1e30), Quantization(1e-30)), "scales"),
    (single("RSQRT", "int8", Quantization(1e-30), Quantization(1e-30)), "scales"),
]


@pytest.mark.parametrize("index", range(len(BAD_QUANTISATION)))
def test_bad_quantisation_or_options(index: int) -> None:
    tested, reason = BAD_QUANTISATION[index]
    assert re.search(reason, refusal(tested))


@pytest.mark.parametrize("name", ["ABS", "RELU", "QUANTIZE", "CAST", "EXP", "LOGICAL_NOT", "ELU"])
def test_output_of_another_size(name: str) -> None:
    assert refusal(single(name, "float32", None, None, out_dims=(2, 4))) == "input and output differ in size"


@pytest.mark.parametrize("name", ["SOFTMAX", "LOG_SOFTMAX", "L2_NORMALIZATION"])
def test_output_of_another_shape_or_no_dimension(name: str) -> None:
    assert refusal(single(name, "float32", None, None, dims=(2, 3), out_dims=(3, 2))) == "shapes"
    assert refusal(single(name, "float32", None, None, dims=(), out_dims=())) == "shapes"


@pytest.mark.parametrize(("tested", "inputs", "reason"), [
    (two("DIV", "int32", None), [[1] * 6, [1, 2, 0, 4, 5, 6]], "division by zero"),
    (two("DIV", "int8", Q), [[1] * 6, [1, 2, 3, 4, 5, 6]], "division by zero"),  # 3 is the zero point
    (two("FLOOR_DIV", "float32", None), [[1] * 6, [1, 2, 0, 4, 5, 6]], "division by zero"),
    (single("RSQRT", "int8", Q, Q), [[4, 5, 6, 7, 2, 9]], "a value is below zero"),
])
def test_values_that_end_an_inference(tested: OperatorCase, inputs: list[list[int]], reason: str) -> None:
    interpreter = HostInterpreter(tested.model)
    for index, values in enumerate(inputs):
        interpreter.set_input(index, np.array(values, tested.feeds[index].dtype).reshape(2, 3))
    with pytest.raises(InterpreterError) as caught:
        interpreter.invoke()
    assert caught.value.reason == reason


def test_int32_division_that_overflows_wraps() -> None:
    a, b = np.array([[-(2**31), 7, -7]] * 2, np.int32), np.array([[-1, -2, 2]] * 2, np.int32)
    (got,) = two("DIV", "int32", None).run([a, b])
    assert got[0].tolist() == [-(2**31), -3, -3]
