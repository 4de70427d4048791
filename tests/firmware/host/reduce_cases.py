"""Random models of the operators that compute one value from many, or between neighbours. Same seed, same models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from operator_cases import Feed, Fixed, OperatorCase, Result, Shape, case, choose, quantization, scale, shape
from shape_cases import an_axis, broadcastable, ints, signed
from tflite_writer import Quantization

Generator = np.random.Generator


def _axes(rng: Generator, dims: Shape, *, keep: bool) -> tuple[Fixed, Shape]:
    """Some axes, from either end, now and then one twice or none at all; and the reduced shape."""
    rank = len(dims)
    chosen = [int(a) for a in rng.choice(rank, rng.integers(0 if rng.random() < 0.1 else 1, rank + 1), replace=False)]
    given = chosen + chosen[:1] if rng.random() < 0.1 else chosen
    result = tuple(1 if i in chosen else d for i, d in enumerate(dims) if keep or i not in chosen)
    return ints(*(signed(rng, a, rank) for a in given)), result


def _sum(name: str) -> Callable[[Generator], OperatorCase]:
    def make(rng: Generator) -> OperatorCase:
        dims: Shape = shape(rng, (1, 5), 9)
        result: Shape
        dtype = choose(rng, "int8", "int8", "int16", "float32")
        keep = bool(rng.random() < 0.5)
        if rng.random() < 0.2:  # what models do: over height and width
            batch, height, width, depth = (int(v) for v in rng.integers(1, (3, 20, 20, 20)))
            dims, axes, result, keep = (batch, height, width, depth), ints(1, 2), (batch, 1, 1, depth), True
        else:
            axes, result = _axes(rng, dims, keep=keep)
        source, to = quantization(rng, dtype), quantization(rng, dtype)
        if rng.random() < 0.3:
            to = source
        return case(name, [Feed(dims, dtype, source), axes], [Result(result, dtype, to)], {"keep_dims": keep},
                    version=3 if dtype == "int16" else 2)

    return make


def _extreme(name: str) -> Callable[[Generator], OperatorCase]:
    def make(rng: Generator) -> OperatorCase:
        dims, dtype, keep = shape(rng, (1, 5)), choose(rng, "int8", "float32"), bool(rng.random() < 0.5)
        axes, result = _axes(rng, dims, keep=keep)
        q = quantization(rng, dtype)

        def values(rng: Generator) -> npt.NDArray[Any]:
            data = Feed(dims, dtype).random(rng)
            if dtype == "float32" and rng.random() < 0.3:
                data[rng.random(dims) < 0.3] = rng.choice([np.inf, -np.inf])
            return data

        return case(name, [Feed(dims, dtype, q, values), axes], [Result(result, dtype, q)], {"keep_dims": keep},
                    version=2)

    return make


def _arg(name: str) -> Callable[[Generator], OperatorCase]:
    def make(rng: Generator) -> OperatorCase:
        dims, dtype = shape(rng, (1, 4)), choose(rng, "int8", "float32")
        axis = an_axis(rng, len(dims))

        def few(rng: Generator) -> npt.NDArray[Any]:  # so that the extreme comes several times
            return rng.integers(-2, 2, dims).astype(dtype)

        feed = Feed(dims, dtype, quantization(rng, dtype), few if rng.random() < 0.5 else None)
        return case(name, [feed, ints(signed(rng, axis, len(dims)))], [Result(dims[:axis] + dims[axis + 1:], "int32")],
                    {"output_type": "INT32"}, version=2)

    return make


def _resize(name: str, *types: str) -> Callable[[Generator], OperatorCase]:
    def make(rng: Generator) -> OperatorCase:
        batch, height, width, depth = (int(v) for v in rng.integers(1, (3, 9, 9, 4)))
        to = [int(v) for v in rng.integers(1, 20, 2)]
        dtype, corners, centers = choose(rng, *types), bool(rng.random() < 0.4), bool(rng.random() < 0.4)
        if name == "RESIZE_BILINEAR":
            centers = centers and not corners
        q = quantization(rng, dtype)
        return case(name, [Feed((batch, height, width, depth), dtype, q), ints(*to)],
                    [Result((batch, *to, depth), dtype, q)],
                    {"align_corners": corners, "half_pixel_centers": centers}, version=3)

    return make


def cumsum(rng: Generator) -> OperatorCase:
    dims, dtype = shape(rng, (1, 4)), choose(rng, "int8", "float32")
    axis = an_axis(rng, len(dims))
    source, to = _scaled_pair(rng, dtype)
    return case("CUMSUM", [Feed(dims, dtype, source), ints(signed(rng, axis, len(dims)))], [Result(dims, dtype, to)],
                {"exclusive": bool(rng.random() < 0.5), "reverse": bool(rng.random() < 0.5)})


def _scaled_pair(rng: Generator, dtype: str) -> tuple[Quantization | None, Quantization | None]:
    if dtype != "int8":
        return None, None
    return tuple(Quantization(scale(rng), int(rng.integers(-128, 128))) for _ in range(2))  # type: ignore[return-value]


def add_n(rng: Generator) -> OperatorCase:
    dims, dtype = shape(rng), choose(rng, "int8", "float32")
    source, to = _scaled_pair(rng, dtype)
    return case("ADD_N", [Feed(dims, dtype, source)] * int(rng.integers(2, 6)), [Result(dims, dtype, to)])


def batch_matmul(rng: Generator) -> OperatorCase:
    """Batches broadcast against each other, either matrix stored transposed, the right one often constant."""
    dtype = choose(rng, "int8", "int16", "float32")
    rows, depth, columns = (int(v) for v in rng.integers(1, 8, 3))
    batches = shape(rng, (0, 3), 3)
    left, right = broadcastable(rng, batches), broadcastable(rng, batches)
    batches = np.broadcast_shapes(left, right)
    adj_x, adj_y = bool(rng.random() < 0.5), bool(rng.random() < 0.5)
    left += (depth, rows) if adj_x else (rows, depth)
    right += (columns, depth) if adj_y else (depth, columns)
    q = [quantization(rng, dtype) for _ in range(3)]
    if dtype == "int16":  # factors of 128 and more are refused
        product = float(q[0].scale * q[1].scale)  # type: ignore[union-attr, operator]
        q[2] = Quantization(float(np.float32(product * 10 ** rng.uniform(-1, 4))))
    second = Feed(right, dtype, q[1])
    given = second if rng.random() < 0.5 else Fixed(second.random(rng), q[1])
    return case("BATCH_MATMUL", [Feed(left, dtype, q[0]), given], [Result((*batches, rows, columns), dtype, q[2])],
                {"adj_x": adj_x, "adj_y": adj_y}, version=2)


CASES: dict[str, Callable[[Generator], OperatorCase]] = {
    "MEAN": _sum("MEAN"), "SUM": _sum("SUM"), "REDUCE_MAX": _extreme("REDUCE_MAX"),
    "REDUCE_MIN": _extreme("REDUCE_MIN"), "ARG_MAX": _arg("ARG_MAX"), "ARG_MIN": _arg("ARG_MIN"),
    "RESIZE_BILINEAR": _resize("RESIZE_BILINEAR", "int8", "float32"),
    "RESIZE_NEAREST_NEIGHBOR": _resize("RESIZE_NEAREST_NEIGHBOR", "int8", "int16", "float32"), "CUMSUM": cumsum,
    "ADD_N": add_n, "BATCH_MATMUL": batch_matmul,
}
