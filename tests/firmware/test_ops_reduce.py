"""Reductions, resizing, running sums and matrix products: against TensorFlow Lite Micro, bit for bit, and refusals."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "host"))
from host_interpreter import HostInterpreter, InterpreterError
from operator_cases import Feed, Fixed, OperatorCase, Result, assert_same, case, seeded
from reduce_cases import CASES
from shape_cases import ints
from tflite_writer import Quantization

MODELS = 60


@pytest.mark.parametrize("name", CASES)
def test_operator_equals_tensorflow_lite_micro(name: str) -> None:
    for index in range(MODELS):
        rng = seeded(name, index)
        assert_same(CASES[name](rng), rng, f"{name} case {index}")


def test_mean_of_many_elements() -> None:
    """The division by their number is part of the multiplier."""
    for count, scales in ((1, (0.5, 0.5)), (4999, (0.01, 0.02)), (65536, (1e-9, 1.0)), (30000, (1e6, 1e-2))):
        q = [Quantization(scales[0], -128), Quantization(scales[1], 5)]
        for dtype in ("int8", "int16"):
            if dtype == "int16":
                q = [Quantization(s) for s in scales]
            tested = case("MEAN", [Feed((2, count), dtype, q[0]), ints(1)], [Result((2,), dtype, q[1])], version=3)
            assert_same(tested, np.random.default_rng(count), f"mean of {count} {dtype}")


@pytest.mark.parametrize("scales", [(0.0123, 0.37), (0.9, 0.011), (0.00731, 0.00731)])
def test_scales_are_multiplied_in_double(scales: tuple[float, float]) -> None:
    """int16 shows every bit of a multiplier: many products with results near the ends of the range."""
    a, b = scales
    feeds = [Feed((20, 16), "int16", Quantization(a), lambda rng: rng.integers(-2000, 2000, (20, 16)).astype(np.int16)),
             Feed((16, 20), "int16", Quantization(b), lambda rng: rng.integers(-2000, 2000, (16, 20)).astype(np.int16))]
    tested = case("BATCH_MATMUL", feeds, [Result((20, 20), "int16", Quantization(a * b * 700))], version=2)
    assert_same(tested, np.random.default_rng(1), "batch_matmul")


def test_resize_to_and_from_large_images_stays_within_the_image() -> None:
    """Rounded steps of int8 can lead past the last pixel; TensorFlow Lite Micro reads there."""
    q = Quantization(0.5)
    for size, to in ((3, 5000), (600, 100_000), (5000, 3)):
        feed, result = Feed((1, size, 1, 1), "int8", q), Result((1, to, 1, 1), "int8", q)
        tested = case("RESIZE_BILINEAR", [feed, ints(to, 1)], [result])
        (got,) = tested.run([np.full((1, size, 1, 1), 100, np.int8)])
        assert got.min() == got.max() == 100


F = "float32"
FEED = Feed((2, 3), F)
IMAGE = Feed((1, 4, 4, 2), F)
Q = Quantization(0.5, 1)


def reduced(name: str, axes: Feed | Fixed, result: Result) -> OperatorCase:
    return case(name, [FEED, axes], [result])


@pytest.mark.parametrize(("tested", "reason"), [
    (reduced("MEAN", ints(2), Result((2,), F)), "axis out of range"),
    (reduced("SUM", ints(0, -3), Result((3,), F)), "axis out of range"),
    (reduced("REDUCE_MAX", ints(-(1 << 31)), Result((3,), F)), "axis out of range"),
    (reduced("MEAN", Feed((1,), "int32"), Result((3,), F)), "axes must be constant int32"),
    (reduced("MEAN", ints(0), Result((2,), F)), "output shape"),
    (reduced("MEAN", ints(0), Result((1, 3), F)), "output shape"),
    (reduced("SUM", ints(0), Result((3,), "int32")), "input and output differ in type"),
    (case("MEAN", [Feed((2, 3), "int32"), ints(0)], [Result((3,), "int32")]), "input must be float32, int8 or int16"),
    (case("MEAN", [Feed((2, 3), "int8"), ints(0)], [Result((3,), "int8")]), "one scale is needed"),
    (case("REDUCE_MIN", [Feed((2, 3), "int8", Q), ints(0)], [Result((3,), "int8", Quantization(0.5, 2))]),
     "input and output differ in quantisation"),
    (case("REDUCE_MIN", [Feed((2, 3), "int16", Q), ints(0)], [Result((3,), "int16", Q)]),
     "input must be float32 or int8"),
    (case("ARG_MAX", [FEED, ints(2)], [Result((2,), "int32")]), "axis out of range"),
    (case("ARG_MAX", [FEED, ints(1)], [Result((3,), "int32")]), "output shape"),
    (case("ARG_MIN", [FEED, ints(1)], [Result((2,), "int64")]), "output must be int32"),
    (case("RESIZE_BILINEAR", [IMAGE, ints(2, 2)], [Result((1, 2, 3, 2), F)]), "output shape"),
    (case("RESIZE_BILINEAR", [IMAGE, ints(2, 2)], [Result((1, 2, 2, 2), F)],
          {"align_corners": True, "half_pixel_centers": True}), "both align_corners and half_pixel_centers"),
    (case("RESIZE_NEAREST_NEIGHBOR", [IMAGE, ints(2)], [Result((1, 2, 2, 2), F)]), "size must be two constant int32"),
    (case("RESIZE_NEAREST_NEIGHBOR", [FEED, ints(2, 2)], [Result((2, 2), F)]), "shapes must have 4 dimensions"),
    (case("CUMSUM", [FEED, ints(2)], [Result((2, 3), F)]), "axis out of range"),
    (case("CUMSUM", [FEED, ints(0)], [Result((3, 2), F)]), "input and output differ in type or shape"),
    (case("CUMSUM", [Feed((2,), "int8", Quantization(1e6)), ints(0)], [Result((2,), "int8", Quantization(1e-3))]),
     "input must be float32, or int8 with fitting scales"),
    (case("ADD_N", [FEED], [Result((2, 3), F)]), "number of inputs or outputs"),
    (case("ADD_N", [FEED, Feed((3, 2), F)], [Result((2, 3), F)]), "inputs and output differ in type or shape"),
    (case("BATCH_MATMUL", [FEED, FEED], [Result((2, 3), F)]), "the matrices do not fit"),
    (case("BATCH_MATMUL", [FEED, FEED], [Result((2, 3), F)], {"adj_y": True}), "output shape"),
    (case("BATCH_MATMUL", [Feed((3,), F), FEED], [Result((2, 3), F)]), "shapes"),
    (case("BATCH_MATMUL", [Feed((2, 2, 3), F), Feed((3, 3, 1), F)], [Result((2, 2, 1), F)]), "output shape"),
    (case("BATCH_MATMUL", [Feed((2, 2), "int16", Q)] * 2, [Result((2, 2), "int16", Q)]),
     "int16 must have zero point 0"),
    (case("BATCH_MATMUL", [Feed((2, 2), "int16", Quantization(20.0))] * 2,
          [Result((2, 2), "int16", Quantization(1.0))]), "scales"),
    (case("BATCH_MATMUL", [FEED, Feed((3, 2), "int8", Q)], [Result((2, 2), F)]), "inputs and output differ in type"),
])
def test_what_does_not_fit_is_refused(tested: OperatorCase, reason: str) -> None:
    with pytest.raises(InterpreterError) as caught:
        HostInterpreter(tested.model, preserve=False)
    assert (caught.value.status, caught.value.reason) == ("operator is used in an unsupported way", reason)
