"""Operators that move values: against TensorFlow Lite Micro, against numpy where it lacks a form, and refusals."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "host"))
from host_interpreter import HostInterpreter, InterpreterError
from operator_cases import Feed, Fixed, Given, OperatorCase, Result, assert_same, case, seeded
from shape_cases import CASES, ints
from tflite_writer import Quantization

MODELS = 100


def pairs(*values: int) -> Fixed:
    return Fixed(np.array(values, np.int32).reshape(-1, 2))


@pytest.mark.parametrize("name", CASES)
def test_operator_equals_tensorflow_lite_micro(name: str) -> None:
    for index in range(MODELS):
        rng = seeded(name, index)
        assert_same(CASES[name](rng), rng, f"{name} case {index}")


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "float32", "int64", "bool"])
def test_moves_of_every_element_size(dtype: str) -> None:
    """Operators that TensorFlow Lite Micro has for fewer types; numpy is the judge."""
    rng = np.random.default_rng(5)
    values = Feed((2, 3, 4), dtype).random(rng) if dtype != "int64" else rng.integers(-(1 << 60), 1 << 60, (2, 3, 4))
    feed = Feed((2, 3, 4), dtype)
    checks = [
        (case("TRANSPOSE", [feed, ints(2, 0, 1)], [Result((4, 2, 3), dtype)]), values.transpose(2, 0, 1)),
        (case("MIRROR_PAD", [feed, Fixed(np.array([[1, 0], [2, 1], [0, 3]], np.int32))], [Result((3, 6, 7), dtype)],
              {"mode": "REFLECT"}), np.pad(values, [(1, 0), (2, 1), (0, 3)], mode="reflect")),
        (case("GATHER", [feed, ints(3, 0, 3)], [Result((2, 3, 3), dtype)], {"axis": 2}), values[:, :, [3, 0, 3]]),
        (case("PAD", [feed, Fixed(np.array([[0, 1], [0, 0], [2, 0]], np.int32))], [Result((3, 3, 6), dtype)]),
         np.pad(values, [(0, 1), (0, 0), (2, 0)])),
        (case("EXPAND_DIMS", [feed, ints(1)], [Result((2, 1, 3, 4), dtype)]), values[:, None]),
        (case("FILL", [ints(2, 2), Feed((), dtype)], [Result((2, 2), dtype)]), None),
    ]
    for tested, wanted in checks:
        given = values if wanted is not None else np.asarray(values.flat[0], values.dtype)
        (got,) = tested.run([given])
        assert got.tobytes() == (np.full((2, 2), given) if wanted is None else np.ascontiguousarray(wanted)).tobytes()


@pytest.mark.parametrize(("key", "masks", "wanted"), [
    ((..., slice(1, 3)), {"ellipsis_mask": 1}, (2, 3, 2)),
    ((slice(0, 1), ..., slice(3, 0, -2)), {"ellipsis_mask": 2}, (1, 3, 2)),
    ((slice(0, 2), None, slice(1, 2)), {"new_axis_mask": 2}, (2, 1, 1, 4)),
    ((None, ..., 2), {"new_axis_mask": 1, "ellipsis_mask": 2, "shrink_axis_mask": 4}, (1, 2, 3)),
    ((slice(1, 2),), {}, (1, 3, 4)),
    ((1, 2, 3), {"shrink_axis_mask": 7}, ()),
])
def test_strided_slice_with_ellipsis_new_axes_and_fewer_positions(
    key: tuple[Any, ...], masks: dict[str, int], wanted: tuple[int, ...]
) -> None:
    def triple(part: object) -> tuple[int, int, int]:
        if isinstance(part, slice):
            return part.start, part.stop, part.step or 1
        return (part, 0, 1) if isinstance(part, int) else (0, 0, 1)

    begin, end, strides = (ints(*column) for column in zip(*map(triple, key), strict=True))
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    inputs: list[Given] = [Feed((2, 3, 4), "float32"), begin, end, strides]
    tested = case("STRIDED_SLICE", inputs, [Result(wanted, "float32")], masks)
    (got,) = tested.run([values])
    np.testing.assert_array_equal(got, values[key])


@pytest.mark.parametrize(("dtype", "zero"), [("int8", 7), ("float32", 0)])
def test_space_to_batch_pads_with_zero(dtype: str, zero: int) -> None:
    q = Quantization(0.5, zero) if dtype == "int8" else None
    tested = case("SPACE_TO_BATCH_ND", [Feed((1, 2, 3, 1), dtype, q), ints(2, 2), pairs(1, 1, 0, 1)],
                  [Result((4, 2, 2, 1), dtype, q)])
    values = np.arange(1, 7).reshape(2, 3)
    (got,) = tested.run([values.astype(dtype)])
    padded = np.pad(values, [(1, 1), (0, 1)], constant_values=zero)
    np.testing.assert_array_equal(got[..., 0], [padded[y::2, x::2] for y in (0, 1) for x in (0, 1)])


def refused(tested: OperatorCase) -> str:
    with pytest.raises(InterpreterError) as caught:
        HostInterpreter(tested.model, preserve=False)
    assert caught.value.status == "operator is used in an unsupported way"
    return caught.value.reason


F = "float32"
FEED = Feed((2, 3), F)
LOW, HIGH = -(1 << 31), (1 << 31) - 1


@pytest.mark.parametrize(("tested", "reason"), [
    (case("SQUEEZE", [FEED], [Result((2, 3), F)], {"squeeze_dims": [2]}), "axis out of range"),
    (case("SQUEEZE", [FEED], [Result((3,), F)], {"squeeze_dims": [0]}), "dimension to squeeze is not 1"),
    (case("SQUEEZE", [FEED], [Result((3, 2), F)]), "output shape"),
    (case("EXPAND_DIMS", [FEED, ints(4)], [Result((2, 3, 1), F)]), "axis out of range"),
    (case("EXPAND_DIMS", [FEED, ints(LOW)], [Result((2, 3, 1), F)]), "axis out of range"),
    (case("EXPAND_DIMS", [FEED, Feed((1,), "int32")], [Result((2, 3, 1), F)]), "axis must be one constant int32"),
    (case("SHAPE", [FEED], [Result((3,), "int32")]), "output shape"),
    (case("SHAPE", [FEED], [Result((2,), "int64")]), "output must be int32"),
    (case("PACK", [FEED, FEED], [Result((2, 2, 3), F)], {"values_count": 3}), "number of inputs or outputs"),
    (case("PACK", [FEED, FEED], [Result((2, 2, 3), F)], {"values_count": 2, "axis": HIGH}), "axis out of range"),
    (case("PACK", [FEED, Feed((3, 2), F)], [Result((2, 2, 3), F)], {"values_count": 2}), "shapes"),
    (case("UNPACK", [FEED], [Result((3,), F)] * 2, {"num": 2, "axis": 2}), "axis out of range"),
    (case("UNPACK", [FEED], [Result((3,), F)] * 3, {"num": 3}), "input shape"),
    (case("UNPACK", [FEED], [Result((3,), F), Result((2,), F)], {"num": 2}), "shapes"),
    (case("CONCATENATION", [FEED, FEED], [Result((5, 3), F)]), "the inputs are not as long as the output"),
    (case("CONCATENATION", [FEED, FEED], [Result((4, 3), F)], {"axis": 2}), "axis out of range"),
    (case("CONCATENATION", [FEED, Feed((2, 2), F)], [Result((4, 3), F)]), "shapes"),
    (case("CONCATENATION", [FEED, FEED], [Result((4, 3), F)], {"fused_activation_function": "RELU"}),
     "fused activation"),
    (case("CONCATENATION", [Feed((2,), "int8", Quantization(0.5, 1))], [Result((2,), "int8", Quantization(0.5, 2))]),
     "input and output differ in quantisation"),
    (case("SPLIT", [ints(2), FEED], [Result((1, 3), F)] * 2, {"num_splits": 2}), "axis out of range"),
    (case("SPLIT", [ints(0), FEED], [Result((1, 3), F)], {"num_splits": 1}),
     "the outputs are not as long as the input"),
    (case("SPLIT", [ints(1), FEED], [Result((2, 1), F), Result((2, 2), F)], {"num_splits": 2}), "parts are not equal"),
    (case("SPLIT_V", [FEED, ints(1, 1), ints(0)], [Result((1, 3), F), Result((2, 3), F)], {"num_splits": 2}),
     "output is not of the size given"),
    (case("SPLIT_V", [FEED, ints(1), ints(0)], [Result((1, 3), F)] * 2),
     "sizes must be int32 or int64, one for each output"),
    (case("TRANSPOSE", [FEED, ints(0, 0)], [Result((2, 2), F)]), "axis twice in the permutation"),
    (case("TRANSPOSE", [FEED, ints(0, 2)], [Result((2, 2), F)]), "axis out of range"),
    (case("TRANSPOSE", [FEED, ints(1, -2)], [Result((3, 2), F)]), "axis out of range"),
    (case("TRANSPOSE", [FEED, ints(1, 0)], [Result((2, 3), F)]), "output shape"),
    (case("SLICE", [FEED, ints(1, 0), ints(2, 3)], [Result((2, 3), F)]), "slice is not within the input"),
    (case("SLICE", [FEED, ints(0, HIGH), ints(1, 1)], [Result((1, 1), F)]), "slice is not within the input"),
    (case("SLICE", [FEED, ints(0, -1), ints(1, 1)], [Result((1, 1), F)]), "slice is not within the input"),
    (case("SLICE", [FEED, ints(0, 0), ints(1, LOW)], [Result((1, 1), F)]), "output is not of the size given"),
    (case("SLICE", [FEED, ints(0, 0), ints(2, 3)], [Result((3, 3), F)]), "output shape"),
    (case("SLICE", [FEED, ints(0), ints(2)], [Result((2, 3), F)]),
     "begin and size must be int32 or int64, one for each dimension"),
    (case("STRIDED_SLICE", [FEED, ints(0, 0), ints(2, 3), ints(1, 0)], [Result((2, 3), F)]),
     "begin, end and stride select nothing"),
    (case("STRIDED_SLICE", [FEED, ints(0, 0), ints(2, 3), ints(1, LOW)], [Result((2, 1), F)]),
     "begin, end and stride select nothing"),
    (case("STRIDED_SLICE", [FEED, ints(0, 2), ints(2, 1), ints(1, 1)], [Result((2, 1), F)]),
     "begin, end and stride select nothing"),
    (case("STRIDED_SLICE", [FEED, ints(0, 3), ints(2, 0), ints(1, 1)], [Result((2,), F)], {"shrink_axis_mask": 2}),
     "begin, end and stride select nothing"),
    (case("STRIDED_SLICE", [FEED, ints(0, -4), ints(2, 0), ints(1, -1)], [Result((2,), F)], {"shrink_axis_mask": 2}),
     "begin, end and stride select nothing"),
    (case("STRIDED_SLICE", [FEED, ints(0, LOW), ints(2, HIGH), ints(1, HIGH)], [Result((2, 2), F)]), "output shape"),
    (case("STRIDED_SLICE", [FEED, ints(0, 0, 0), ints(1, 1, 1), ints(1, 1, 1)], [Result((1, 1), F)]),
     "more positions than dimensions"),
    (case("STRIDED_SLICE", [FEED, ints(0, 0), ints(2, 3), ints(1, 1)], [Result((2, 3), F)], {"offset": True}),
     "end relative to begin"),
    (case("PAD", [FEED, pairs(0, 0, -1, 0)], [Result((2, 2), F)]), "paddings do not give the output shape"),
    (case("PAD", [FEED, pairs(0, 0, HIGH, HIGH)], [Result((2, 1), F)]), "paddings do not give the output shape"),
    (case("PAD", [FEED, pairs(0, 0)], [Result((2, 3), F)]), "paddings must be constant int32, two for each dimension"),
    (case("PADV2", [FEED, pairs(0, 0, 1, 0), Feed((2,), F)], [Result((2, 4), F)]),
     "value must be one element of the output's type"),
    (case("MIRROR_PAD", [FEED, pairs(2, 0, 0, 0)], [Result((4, 3), F)], {"mode": "REFLECT"}),
     "padding is larger than what it mirrors"),
    (case("MIRROR_PAD", [FEED, pairs(0, 3, 0, 0)], [Result((5, 3), F)], {"mode": "SYMMETRIC"}),
     "padding is larger than what it mirrors"),
    (case("GATHER", [FEED, ints(0)], [Result((1, 3), F)], {"axis": -3}), "axis out of range"),
    (case("GATHER", [FEED, ints(0)], [Result((2, 3), F)], {"axis": 0}), "output shape"),
    (case("GATHER", [FEED, ints(0, 1)], [Result((2,), F)], {"axis": 0, "batch_dims": 1}), "batch dimensions"),
    (case("GATHER_ND", [FEED, ints(0, 1, 2)], [Result((), F)]), "more indices in a row than dimensions"),
    (case("GATHER_ND", [FEED, ints(0)], [Result((2,), F)]), "output shape"),
    (case("SPACE_TO_DEPTH", [Feed((1, 2, 3, 1), F)], [Result((1, 1, 1, 4), F)], {"block_size": 2}),
     "block size does not give the output shape"),
    (case("SPACE_TO_DEPTH", [Feed((1, 2, 2, 1), F)], [Result((1, 1, 1, 4), F)], {"block_size": 0}), "block size"),
    (case("DEPTH_TO_SPACE", [Feed((1, 1, 1, 3), F)], [Result((1, 2, 2, 1), F)], {"block_size": 2}),
     "block size does not give the output shape"),
    (case("DEPTH_TO_SPACE", [Feed((1, 1, 1, 4), F)], [Result((1, 2, 2, 1), F)], {"block_size": HIGH}), "block size"),
    (case("SPACE_TO_BATCH_ND", [Feed((1, 3, 1), F), ints(2), pairs(0, 0)], [Result((2, 1, 1), F)]),
     "block shape and paddings do not give the output shape"),
    (case("SPACE_TO_BATCH_ND", [Feed((1, 4, 1), F), ints(0), pairs(0, 0)], [Result((2, 2, 1), F)]),
     "block shape and paddings do not give the output shape"),
    (case("BATCH_TO_SPACE_ND", [Feed((3, 2, 1), F), ints(2), pairs(0, 0)], [Result((1, 4, 1), F)]), "shapes"),
    (case("BATCH_TO_SPACE_ND", [Feed((2, 2, 1), F), ints(2), pairs(-1, 1)], [Result((1, 4, 1), F)]),
     "block shape and paddings do not give the output shape"),
    (case("BROADCAST_TO", [FEED, ints(2, 4)], [Result((2, 4), F)]), "input cannot be broadcast to the output"),
    (case("BROADCAST_TO", [FEED, ints(2, 4)], [Result((2, 3), F)]), "output shape"),
    (case("BROADCAST_ARGS", [ints(2, 3), ints(3)], [Result((3,), "int32")]), "shapes"),
    (case("FILL", [ints(2, 4), Feed((), F)], [Result((2, 3), F)]), "output shape"),
    (case("ZEROS_LIKE", [FEED], [Result((3, 2), F)]), "output shape"),
    (case("SELECT_V2", [Feed((2, 3), "int8"), FEED, FEED], [Result((2, 3), F)]), "condition must be bool"),
    (case("SELECT_V2", [Feed((4,), "bool"), FEED, FEED], [Result((2, 3), F)]),
     "inputs cannot be broadcast to the output"),
    (case("SELECT_V2", [Feed((1,), "bool"), Feed((1,), F), FEED], [Result((2, 3), "int32")]),
     "input and output differ in type"),
])
def test_what_does_not_fit_is_refused(tested: OperatorCase, reason: str) -> None:
    assert refused(tested) == reason


@pytest.mark.parametrize("where", [3, -1, HIGH, LOW])
def test_index_out_of_range_at_run_time(where: int) -> None:
    for name, wanted in (("GATHER", (2, 1)), ("GATHER_ND", (3,)), ("SLICE", (1, 3))):
        index = np.array([where] + [0] * (name == "SLICE"), np.int32)
        inputs: list[Feed | Fixed] = [FEED, Feed(index.shape, "int32")]
        inputs += [ints(1, 3)] if name == "SLICE" else []
        tested = case(name, inputs, [Result(wanted, F)], {"axis": 1} if name == "GATHER" else None)
        interpreter = HostInterpreter(tested.model)
        interpreter.set_input(1, index)
        with pytest.raises(InterpreterError, match=r"index out of range|slice is not within the input"):
            interpreter.invoke()


def test_shapes_that_broadcast_to_nothing_are_found_at_run_time() -> None:
    tested = case("BROADCAST_ARGS", [Feed((2,), "int32"), ints(2, 3)], [Result((2,), "int32")])
    interpreter = HostInterpreter(tested.model)
    interpreter.set_input(0, np.array([4, 1], np.int32))
    with pytest.raises(InterpreterError, match="shapes cannot be broadcast to each other"):
        interpreter.invoke()
