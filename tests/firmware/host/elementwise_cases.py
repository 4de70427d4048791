"""Random models of the operators that work element by element, or along the last dimension. Same seed, same models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from operator_cases import Feed, Fixed, OperatorCase, Result, Shape, case, choose, quantization, scale, shape
from tflite_writer import Quantization

ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")
Generator = np.random.Generator
Values = Callable[[Generator], npt.NDArray[Any]]
Maker = Callable[[Generator, str], OperatorCase]  # the text says which types
ResultQuantization = Callable[[Generator, str, Feed], Quantization | None]

# Where floats are special: zeros, subnormals, the largest, infinities.
SPECIAL = np.array(
    [0.0, -0.0, 1e-45, -3e-39, 1.17549435e-38, 1.0, -1.0, 3.4028235e38, -3.4028235e38, np.inf, -np.inf], np.float32)


def floats(dims: Shape, low: float = -3, high: float = 3, *, special: bool = True, positive: bool = False) -> Values:
    """Floats of either sign between 10^low and 10^high, halves, and sometimes special values among them."""

    def make(rng: Generator) -> npt.NDArray[Any]:
        values = (10 ** rng.uniform(low, high, dims) * rng.choice([-1, 1], dims)).astype(np.float32)
        if rng.random() < 0.3:
            values = np.rint(values * 2).astype(np.float32) / np.float32(2)
        if special and rng.random() < 0.3:
            values = np.where(rng.random(dims) < 0.3, rng.choice(SPECIAL, dims), values)
        return np.asarray(np.abs(values) if positive else values, np.float32)

    return make


def integers(low: int, high: int, dims: Shape, dtype: str) -> Values:
    """Integers from `low` to below `high`."""
    return lambda rng: rng.integers(low, high, dims).astype(dtype)


def with_zero_point(rng: Generator, dtype: str, low: float = -3, high: float = 0) -> Quantization:
    """A scale between 10^low and 10^high, and any zero point that the type can hold; for int32 a small one."""
    limits = np.iinfo("int8" if dtype == "int32" else dtype)
    return Quantization(scale(rng, low, high), int(rng.integers(limits.min, limits.max, endpoint=True)))


def scale_of(q: Quantization | None) -> float:
    """Of a tensor that is known to be quantised."""
    assert q is not None
    return float(q.scales()[0])


def broadcast_pair(rng: Generator) -> tuple[Shape, Shape, Shape]:
    """Two shapes that broadcast, and what they give; often they are equal, one is a scalar, or a row meets a column."""
    dims = list(shape(rng, (1, 5), 5))
    a, b = list(dims), list(dims)
    if rng.random() < 0.7:
        for i in range(len(dims)):
            which = rng.integers(0, 5)
            if which == 0:
                a[i] = 1
            elif which == 1:
                b[i] = 1
        if rng.random() < 0.5:
            b = b[int(rng.integers(0, len(b) + 1)):]
            if rng.random() < 0.5:
                a, b = b, a
    return tuple(a), tuple(b), np.broadcast_shapes(tuple(a), tuple(b))


def operand(rng: Generator, dims: Shape, dtype: str, q: Quantization | None,
            values: Values | None = None) -> Feed | Fixed:
    """An input of the model or, now and then, a constant."""
    feed = Feed(dims, dtype, q, values)
    return Fixed(feed.random(rng), q) if rng.random() < 0.25 else feed


def pair_case(rng: Generator, name: str, dtype: str, q: tuple[Quantization | None, ...], *, result_type: str = "",
              options: dict[str, str] | None = None, values: tuple[Values | None, Values | None] = (None, None),
              shapes: tuple[Shape, Shape, Shape] | None = None) -> OperatorCase:
    """Two inputs, at least one of which is fed; `q` quantises the inputs and the output."""
    a, b, result = shapes or broadcast_pair(rng)
    first: Feed | Fixed = Feed(a, dtype, q[0], values[0])
    second: Feed | Fixed = operand(rng, b, dtype, q[1], values[1])
    if isinstance(second, Feed) and rng.random() < 0.25:
        first = operand(rng, a, dtype, q[0], values[0])
    return case(name, [first, second], [Result(result, result_type or dtype, q[2])], options)


def arithmetic(name: str) -> Maker:
    """ADD, SUB, MUL, SQUARED_DIFFERENCE, DIV."""

    def make(rng: Generator, dtype: str) -> OperatorCase:
        options = None
        if name != "SQUARED_DIFFERENCE":
            options = {"fused_activation_function": choose(rng, *ACTIVATIONS)}
        shapes = a, b, _ = broadcast_pair(rng)
        q = tuple(quantization(rng, dtype) for _ in range(3))
        values: tuple[Values | None, Values | None] = (None, None)
        if dtype == "float32":
            values = floats(a), floats(b)
        elif dtype == "int32" and name == "DIV":
            size = 10 ** int(rng.integers(1, 9))
            values = None, lambda r: r.choice([-1, 1], b).astype(np.int32) * integers(2, size, b, dtype)(r)
        elif dtype == "int32" and rng.random() < 0.7:
            values = integers(-1000, 1000, a, dtype), integers(-1000, 1000, b, dtype)
        elif dtype == "int16" and name == "MUL":  # no wider than the result
            q = q[0], q[1], Quantization(scale_of(q[0]) * scale_of(q[1]) * scale(rng, 0, 5))
        elif dtype == "int16" and name != "SQUARED_DIFFERENCE" and rng.random() < 0.3:
            q = tuple(Quantization(scale(rng), int(rng.integers(-32000, 32000))) for _ in range(3))
        elif dtype == "int8" and name == "DIV":
            # Only quotients that TensorFlow Lite Micro defines: elsewhere it shifts by more than 31 bits.
            divisor = Quantization(scale(rng, -3, -1), -128)
            q = with_zero_point(rng, dtype, 1, 1.5), divisor, with_zero_point(rng, dtype, -2)
            values = None, integers(0, 128, b, dtype)
        return pair_case(rng, name, dtype, q, options=options, values=values, shapes=shapes)

    return make


def choice(name: str) -> Maker:
    """MAXIMUM, MINIMUM: one quantisation for all."""

    def make(rng: Generator, dtype: str) -> OperatorCase:
        shapes = broadcast_pair(rng)
        values = (floats(shapes[0]), floats(shapes[1])) if dtype == "float32" else (None, None)
        return pair_case(rng, name, dtype, (quantization(rng, dtype),) * 3, values=values, shapes=shapes)

    return make


def comparison(name: str) -> Maker:
    """Values that are often equal."""

    def make(rng: Generator, dtype: str) -> OperatorCase:
        shapes = a, b, _ = broadcast_pair(rng)
        q: tuple[Quantization | None, ...] = (None, None, None)
        values: tuple[Values | None, Values | None] = (None, None)
        if dtype == "int8":
            first = with_zero_point(rng, dtype, -4, -0.01)
            q = first, first if rng.random() < 0.5 else with_zero_point(rng, dtype, -4, -0.01), None
        elif dtype == "float32" and rng.random() < 0.3:
            values = floats(a), floats(b)
        elif dtype != "bool":
            values = integers(-3, 4, a, dtype), integers(-3, 4, b, dtype)
        return pair_case(rng, name, dtype, q, result_type="bool", values=values, shapes=shapes)

    return make


def logical(name: str) -> Maker:
    def make(rng: Generator, dtype: str) -> OperatorCase:
        return pair_case(rng, name, dtype, (None, None, None))

    return make


def one(name: str, source: Callable[[Generator, str, Shape], Feed], result: ResultQuantization,
        options: Callable[[Generator], dict[str, Any]] | None = None, *, ranks: tuple[int, int] = (1, 5),
        longest: int = 6) -> Maker:
    """One input and an output of the same shape and type."""

    def make(rng: Generator, dtype: str) -> OperatorCase:
        dims = shape(rng, ranks, longest)
        feed = source(rng, dtype, dims)
        return case(name, [feed], [Result(dims, dtype, result(rng, dtype, feed))], options(rng) if options else None)

    return make


def hard_swish_result(rng: Generator, dtype: str, feed: Feed) -> Quantization | None:
    """A scale that is not so small that the fixed-point arithmetic cannot reach it."""
    if dtype == "float32":
        return None
    return Quantization(scale_of(feed.quantization) * scale(rng, -2, 1), int(rng.integers(-128, 128)))


def any_values(rng: Generator, dtype: str, dims: Shape) -> Feed:
    """Any quantisation, any value."""
    return Feed(dims, dtype, quantization(rng, dtype), floats(dims) if dtype == "float32" else None)


def any_quantization(rng: Generator, dtype: str, feed: Feed) -> Quantization | None:
    """The input's, or another."""
    return feed.quantization if rng.random() < 0.3 else quantization(rng, dtype)


def same_quantization(_rng: Generator, _dtype: str, feed: Feed) -> Quantization | None:
    return feed.quantization


def symmetric_int16(rng: Generator, dtype: str, dims: Shape) -> Feed:
    """int16 without quantisation one time in two."""
    return Feed(dims, dtype) if dtype == "int16" and rng.random() < 0.5 else any_values(rng, dtype, dims)


def absolute(rng: Generator, dtype: str, feed: Feed) -> Quantization | None:
    return None if feed.quantization is None else any_quantization(rng, dtype, feed)


def zero_point_wherever(rng: Generator, dtype: str, dims: Shape) -> Feed:
    """int16 with a zero point, too."""
    return Feed(dims, dtype, with_zero_point(rng, dtype)) if dtype == "int16" else any_values(rng, dtype, dims)


def zero_point_wherever_too(rng: Generator, dtype: str, feed: Feed) -> Quantization | None:
    return zero_point_wherever(rng, dtype, feed.shape).quantization


def slope(rng: Generator) -> dict[str, Any]:
    """Of LEAKY_RELU."""
    return {"alpha": float(np.float32(rng.choice([0.0, 0.01, 0.2, 1.0, 1.7, -0.3])))}


def not_negative(rng: Generator, dtype: str, dims: Shape) -> Feed:
    """For RSQRT."""
    if dtype == "float32":
        return Feed(dims, dtype, None, floats(dims, -30, 30, positive=True))
    zero = int(rng.choice([-128, int(rng.integers(-128, 127))]))
    return Feed(dims, dtype, Quantization(scale(rng), zero), integers(zero, 128, dims, dtype))


def sigmoid_source(rng: Generator, dtype: str, dims: Shape) -> Feed:
    """Scales from useless to extreme; for int16 also the powers of two that are computed without rounding."""
    q: Quantization | None = None
    if dtype == "int8":
        q = with_zero_point(rng, dtype, -6, 1.5)
    elif dtype == "int16":
        q = Quantization(float(2.0 ** -rng.integers(9, 15)) if rng.random() < 0.4 else scale(rng, -6, 0.4))
    return Feed(dims, dtype, q, floats(dims, -6, 2.2) if dtype == "float32" else None)


def fixed_range(int8: Quantization, int16: Quantization | None = None) -> ResultQuantization:
    """The output quantisation that the operator prescribes."""
    return lambda _rng, dtype, _feed: {"int8": int8, "int16": int16}.get(dtype)


def prelu(rng: Generator, dtype: str) -> OperatorCase:
    dims = shape(rng, (1, 4), 5)
    slope_dims = tuple(d if rng.random() < 0.5 else 1 for d in dims)[int(rng.integers(0, len(dims))):]
    slope_type = "float32" if dtype == "float32" else "int8"
    values = floats(slope_dims, -3, 1, special=False) if dtype == "float32" else None
    slopes = operand(rng, slope_dims, slope_type, quantization(rng, slope_type), values)
    out = quantization(rng, dtype)
    return case("PRELU", [any_values(rng, dtype, dims), slopes], [Result(dims, dtype, out)])


def softmax(rng: Generator, dtype: str) -> OperatorCase:
    """One to 300 classes; `dtype` may be "int8 to int16"."""
    dims = (*shape(rng, (0, 2), 3), int(rng.choice([1, 2, 4, 10, 37, 300])))
    options = {"beta": float(rng.choice([1.0, 1.0, 0.5, 3.0]))}
    if dtype == "float32":
        feed = Feed(dims, dtype, None, floats(dims, -2, 2, special=False))
        return case("SOFTMAX", [feed], [Result(dims, dtype)], options)
    if dtype == "int16":
        source, out = Quantization(scale(rng, -5, -1)), Quantization(1 / 32768)
        return case("SOFTMAX", [Feed(dims, dtype, source)], [Result(dims, dtype, out)], options)
    ranges = {"int8": Quantization(1 / 256, -128), "int16": Quantization(1 / 65536, -32768)}
    target = dtype.rsplit(" to ", maxsplit=1)[-1]
    feed = Feed(dims, "int8", with_zero_point(rng, "int8", -6.5, 2))
    return case("SOFTMAX", [feed], [Result(dims, target, ranges[target])], options)


def log_softmax(rng: Generator, dtype: str) -> OperatorCase:
    dims = (*shape(rng, (0, 2), 3), int(rng.choice([1, 2, 4, 10, 37, 300])))
    if dtype == "float32":
        feed = Feed(dims, dtype, None, floats(dims, -2, 1.5, special=False))
        return case("LOG_SOFTMAX", [feed], [Result(dims, dtype)])
    source = with_zero_point(rng, dtype, -6, 1.5)
    return case("LOG_SOFTMAX", [Feed(dims, dtype, source)], [Result(dims, dtype, Quantization(1 / 16, 127))])


def quantize(rng: Generator, pair: str) -> OperatorCase:
    """`pair` is "int8 to int16"."""
    source, target = pair.split(" to ")
    dims = shape(rng)

    values: Values | None = None
    if source == "float32":
        values = floats(dims, -2, 4, special=False)
    elif source == "int32":
        values = integers(-1 << 20, 1 << 20, dims, source)
    given = None if source == "float32" else with_zero_point(rng, source)
    result = with_zero_point(rng, target)
    if source == "float32" and rng.random() < 0.5:  # powers of two make exact halves
        result = Quantization(float(2.0 ** rng.integers(-8, 2)), int(rng.integers(-128, 128)))
    elif given is not None and rng.random() < 0.2:  # only the zero point changes
        result = Quantization(given.scale, result.zero_point)
    return case("QUANTIZE", [Feed(dims, source, given, values)], [Result(dims, target, result)])


def dequantize(rng: Generator, dtype: str) -> OperatorCase:
    dims = shape(rng)
    return case("DEQUANTIZE", [Feed(dims, dtype, with_zero_point(rng, dtype))], [Result(dims, "float32")])


def cast(rng: Generator, pair: str) -> OperatorCase:
    """Floats only within the range of the result: beyond it is undefined."""
    source, target = pair.split(" to ")
    dims = shape(rng)
    values: Values | None = None
    if source == "float32" and target != "float32":
        low, high = max(np.iinfo(target).min, -1 << 30), min(np.iinfo(target).max, 1 << 30)
        values = lambda r: r.uniform(low, high, dims).astype(np.float32)  # noqa: E731
    return case("CAST", [Feed(dims, source, None, values)], [Result(dims, target)])


def real(name: str, low: float, high: float, *, positive: bool = False) -> Maker:
    """An operator on float32 alone."""
    return one(name, lambda _rng, dtype, dims: Feed(dims, dtype, None, floats(dims, low, high, positive=positive)),
               lambda _rng, _dtype, _feed: None)


def real_pair(name: str) -> Maker:
    """Float divisions; no divisor is zero."""

    def make(rng: Generator, dtype: str) -> OperatorCase:
        shapes = broadcast_pair(rng)
        divisors = floats(shapes[1], special=False)

        def nonzero(values_rng: Generator) -> npt.NDArray[Any]:
            drawn = divisors(values_rng)
            return np.where(drawn == 0, np.float32(0.3), drawn)

        return pair_case(rng, name, dtype, (None, None, None), values=(floats(shapes[0], special=False), nonzero),
                         shapes=shapes)

    return make


SIGNED = ("int8", "int16", "float32", "int32")
QUANTISED = ("int8", "int16", "float32")
BOTH = ("int8", "float32")
NUMBERS = ("int8", "int16", "int32", "uint32", "float32")
REAL = ("float32",)

CASES: dict[str, tuple[Maker, tuple[str, ...]]] = {
    "ABS": (one("ABS", symmetric_int16, absolute), QUANTISED),
    "ADD": (arithmetic("ADD"), SIGNED),
    "CAST": (cast, tuple(f"{a} to {b}" for a in (*NUMBERS, "bool") for b in NUMBERS)),
    "CEIL": (real("CEIL", -2, 9), REAL),
    "COS": (real("COS", -4, 8), REAL),
    "DEQUANTIZE": (dequantize, ("int8", "uint8", "int16")),
    "DIV": (arithmetic("DIV"), ("int8", "float32", "int32")),
    "ELU": (one("ELU", any_values, any_quantization), BOTH),
    "EQUAL": (comparison("EQUAL"), ("bool", "int8", "float32", "int32", "int64")),
    "EXP": (real("EXP", -9, 2.2), REAL),
    "FLOOR": (real("FLOOR", -2, 9), REAL),
    "FLOOR_DIV": (real_pair("FLOOR_DIV"), REAL),
    "FLOOR_MOD": (real_pair("FLOOR_MOD"), REAL),
    "GREATER": (comparison("GREATER"), ("int8", "float32", "int32", "int64")),
    "GREATER_EQUAL": (comparison("GREATER_EQUAL"), ("int8", "float32", "int32", "int64")),
    "HARD_SWISH": (one("HARD_SWISH", any_values, hard_swish_result), BOTH),
    "L2_NORMALIZATION": (
        one("L2_NORMALIZATION", any_values, fixed_range(Quantization(1 / 128)), ranks=(1, 4), longest=9), BOTH),
    "LEAKY_RELU": (one("LEAKY_RELU", zero_point_wherever, zero_point_wherever_too, slope), QUANTISED),
    "LESS": (comparison("LESS"), ("int8", "float32", "int32", "int64")),
    "LESS_EQUAL": (comparison("LESS_EQUAL"), ("int8", "float32", "int32", "int64")),
    "LOG": (real("LOG", -40, 38), REAL),
    "LOGICAL_AND": (logical("LOGICAL_AND"), ("bool",)),
    "LOGICAL_NOT": (one("LOGICAL_NOT", lambda _rng, dtype, dims: Feed(dims, dtype), same_quantization), ("bool",)),
    "LOGICAL_OR": (logical("LOGICAL_OR"), ("bool",)),
    "LOGISTIC": (
        one("LOGISTIC", sigmoid_source, fixed_range(Quantization(1 / 256, -128), Quantization(1 / 32768))), QUANTISED),
    "LOG_SOFTMAX": (log_softmax, BOTH),
    "MAXIMUM": (choice("MAXIMUM"), (*SIGNED, "int64")),
    "MINIMUM": (choice("MINIMUM"), (*SIGNED, "int64")),
    "MUL": (arithmetic("MUL"), SIGNED),
    "NEG": (real("NEG", -5, 5), REAL),
    "NOT_EQUAL": (comparison("NOT_EQUAL"), ("bool", "int8", "float32", "int32", "int64")),
    "PRELU": (prelu, QUANTISED),
    "QUANTIZE": (quantize, (
        "float32 to int8", "float32 to int16", "int8 to int8", "int8 to uint8", "int8 to int16", "int8 to int32",
        "uint8 to int8", "int16 to int8", "int16 to int16", "int16 to int32", "int32 to int8", "int32 to int16")),
    "RELU": (one("RELU", any_values, any_quantization), QUANTISED),
    "RELU6": (one("RELU6", zero_point_wherever, same_quantization), QUANTISED),
    "ROUND": (real("ROUND", -2, 9), REAL),
    "RSQRT": (one("RSQRT", not_negative, lambda rng, dtype, _feed: quantization(rng, dtype)), BOTH),
    "SIN": (real("SIN", -4, 8), REAL),
    "SOFTMAX": (softmax, ("int8", "int8 to int16", "int16", "float32")),
    "SQRT": (real("SQRT", -40, 38), REAL),
    "SQUARE": (real("SQUARE", -5, 5), REAL),
    "SQUARED_DIFFERENCE": (arithmetic("SQUARED_DIFFERENCE"), SIGNED),
    "SUB": (arithmetic("SUB"), SIGNED),
    "TANH": (
        one("TANH", sigmoid_source, fixed_range(Quantization(1 / 128), Quantization(1 / 32768))), QUANTISED),
}
