"""What the other tests generate: every operator, type and option is among the models, each of which runs on 20 inputs."""

from __future__ import annotations

import functools
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "host")]
import test_interpreter_control
import test_ops_conv
import test_ops_elementwise
import test_ops_reduce
import test_ops_sequence
import test_ops_shape
from operator_cases import INPUTS, OperatorCase, seeded

KERNELS = HERE.parents[1] / "firmware" / "kernels"
QUANTISED = "int8 int16 float32"
BOTH = "int8 float32"
ANY = "int8 int16 int32 float32"
TYPES = {
    "ABS": QUANTISED, "ADD": ANY, "ADD_N": BOTH, "ARG_MAX": BOTH, "ARG_MIN": BOTH, "AVERAGE_POOL_2D": QUANTISED,
    "BATCH_MATMUL": QUANTISED, "BATCH_TO_SPACE_ND": BOTH, "BROADCAST_ARGS": "int32", "BROADCAST_TO": ANY,
    "CALL_ONCE": BOTH, "CAST": ANY, "CEIL": "float32", "CONCATENATION": ANY, "CONV_2D": QUANTISED, "COS": "float32",
    "CUMSUM": BOTH, "DEPTH_TO_SPACE": BOTH, "DEPTHWISE_CONV_2D": QUANTISED, "DEQUANTIZE": "int8 uint8 int16",
    "DIV": "int8 int32 float32", "ELU": BOTH, "EQUAL": BOTH, "EXP": "float32", "EXPAND_DIMS": QUANTISED,
    "FILL": "int8 int32 float32", "FLOOR": "float32", "FLOOR_DIV": "float32", "FLOOR_MOD": "float32",
    "FULLY_CONNECTED": QUANTISED, "GATHER": BOTH, "GATHER_ND": BOTH, "GREATER": BOTH, "GREATER_EQUAL": BOTH,
    "HARD_SWISH": BOTH, "IF": BOTH, "L2_NORMALIZATION": BOTH, "LEAKY_RELU": QUANTISED, "LESS": BOTH, "LESS_EQUAL": BOTH,
    "LOG": "float32", "LOG_SOFTMAX": BOTH, "LOGICAL_AND": "bool", "LOGICAL_NOT": "bool", "LOGICAL_OR": "bool",
    "LOGISTIC": QUANTISED, "MAXIMUM": ANY, "MAX_POOL_2D": QUANTISED, "MEAN": QUANTISED, "MINIMUM": ANY,
    "MIRROR_PAD": BOTH, "MUL": ANY, "NEG": "float32", "NOT_EQUAL": BOTH, "PACK": ANY, "PAD": ANY, "PADV2": ANY,
    "PRELU": QUANTISED, "QUANTIZE": "float32 int8 uint8 int16 int32", "REDUCE_MAX": BOTH, "REDUCE_MIN": BOTH,
    "RELU": QUANTISED, "RELU6": QUANTISED, "RESHAPE": ANY, "RESIZE_BILINEAR": BOTH, "RESIZE_NEAREST_NEIGHBOR": QUANTISED,
    "ROUND": "float32", "RSQRT": BOTH, "SELECT_V2": QUANTISED, "SHAPE": ANY, "SIN": "float32", "SLICE": ANY,
    "SOFTMAX": QUANTISED, "SPACE_TO_BATCH_ND": BOTH, "SPACE_TO_DEPTH": BOTH, "SPLIT": ANY, "SPLIT_V": ANY,
    "SQRT": "float32", "SQUARE": "float32", "SQUARED_DIFFERENCE": ANY, "SQUEEZE": ANY, "STRIDED_SLICE": ANY, "SUB": ANY,
    "SUM": QUANTISED, "SVDF": BOTH, "TANH": QUANTISED, "TRANSPOSE": QUANTISED, "TRANSPOSE_CONV": QUANTISED,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": QUANTISED, "UNPACK": ANY, "VAR_HANDLE": BOTH, "WHILE": BOTH, "ZEROS_LIKE": "int8 int32 float32",
}
"""Types of each operator, as TensorFlow Lite Micro has them."""

WITH_ANOTHER = {"READ_VARIABLE": "VAR_HANDLE", "ASSIGN_VARIABLE": "VAR_HANDLE"}
ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")
WINDOW = {"padding": ("SAME", "VALID"), "stride_h": (1, 2, 3), "stride_w": (1, 2, 3), "fused_activation_function": ACTIVATIONS}
DILATED = WINDOW | {"dilation_h_factor": (1, 2, 3), "dilation_w_factor": (1, 2, 3)}
SUM = {"fused_activation_function": ACTIVATIONS}
REDUCED = {"keep_dims": (False, True)}
RESIZED = {"align_corners": (False, True), "half_pixel_centers": (False, True)}
OPTIONS: dict[str, dict[str, tuple[object, ...]]] = {
    "ADD": SUM, "SUB": SUM, "MUL": SUM, "DIV": SUM, "AVERAGE_POOL_2D": WINDOW, "MAX_POOL_2D": WINDOW, "CONV_2D": DILATED,
    "DEPTHWISE_CONV_2D": DILATED | {"depth_multiplier": (1, 2, 3, 4)}, "TRANSPOSE_CONV": WINDOW,
    "FULLY_CONNECTED": SUM | {"keep_num_dims": (False, True)}, "SVDF": SUM | {"rank": (1, 2, 3)},
    "UNIDIRECTIONAL_SEQUENCE_LSTM": {"time_major": (False, True), "cell_clip": (0.0, 0.7)},
    "BATCH_MATMUL": {"adj_x": (False, True), "adj_y": (False, True)}, "MEAN": REDUCED, "SUM": REDUCED, "REDUCE_MAX": REDUCED,
    "REDUCE_MIN": REDUCED, "RESIZE_BILINEAR": RESIZED, "RESIZE_NEAREST_NEIGHBOR": RESIZED,
    "CUMSUM": {"exclusive": (False, True), "reverse": (False, True)}, "MIRROR_PAD": {"mode": ("REFLECT", "SYMMETRIC")},
    "SOFTMAX": {"beta": (0.5, 1.0, 3.0)}, "GATHER": {"batch_dims": (-1, 0, 1)}, "CONCATENATION": {"axis": (-1, 0, 1)},
    "PACK": {"axis": (-1, 0, 1)}, "UNPACK": {"axis": (-1, 0, 1)}, "SPLIT": {"num_splits": (1, 2, 3, 4)},
    "SPACE_TO_DEPTH": {"block_size": (1, 2, 3)}, "DEPTH_TO_SPACE": {"block_size": (1, 2, 3)},
    "STRIDED_SLICE": {"begin_mask": (0, 1, 2), "end_mask": (0, 1, 2), "shrink_axis_mask": (0, 1, 2)},
}
"""Options of each operator and values that the models must have among others. Axes and shapes that are inputs are not seen here."""


def cases() -> Iterator[OperatorCase]:
    """Every model that test_ops_*.py and test_interpreter_control.py generate, made in the same way."""
    for name, of_any in test_ops_conv.CASES.items():
        for dtype in test_ops_conv.DTYPES:
            for index in range(test_ops_conv.MODELS):
                yield of_any(seeded(f"{name} {dtype}", index), dtype)
    for name, (of_type, types) in test_ops_elementwise.CASES.items():
        for index in range(test_ops_elementwise.models(types)):
            yield of_type(seeded(name, index), types[index % len(types)])
    for module in (test_ops_reduce, test_ops_sequence, test_ops_shape, test_interpreter_control):
        for name, make in module.CASES.items():
            for index in range(module.MODELS):
                yield make(seeded(name, index))


@functools.cache
def seen() -> tuple[Counter[str], Counter[tuple[str, str]], dict[tuple[str, str], set[object]]]:
    """Models of each operator; of each operator and type; values of each operator's options."""
    operators: Counter[str] = Counter()
    types: Counter[tuple[str, str]] = Counter()
    options: dict[tuple[str, str], set[object]] = defaultdict(set)
    for tested in cases():
        operators[tested.name] += 1
        types[tested.name, tested.dtype] += 1
        for option, value in tested.options.items():
            options[tested.name, option].add(tuple(value) if isinstance(value, list) else value)
    return operators, types, options


def registered() -> set[str]:
    """Operators that the portable set has."""
    return {name for path in KERNELS.glob("*.cc")
            for name in re.findall(r"^const Registration op::(\w+)", path.read_text(), re.MULTILINE)}


def test_thousands_of_models_run_on_twenty_inputs_each() -> None:
    assert INPUTS == 20
    assert seen()[0].total() >= 5000


def test_every_operator_has_models() -> None:
    assert registered() - WITH_ANOTHER.keys() == seen()[0].keys() == TYPES.keys()
    assert min(seen()[0].values()) >= 20


@pytest.mark.parametrize("name", TYPES)
def test_every_type_has_models(name: str) -> None:
    counts = {dtype: seen()[1][name, dtype] for dtype in TYPES[name].split()}
    assert min(counts.values()) >= 4, counts


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_has_models(name: str) -> None:
    for option, values in OPTIONS[name].items():
        assert set(values) <= seen()[2][name, option], option
