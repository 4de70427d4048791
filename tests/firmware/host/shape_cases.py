"""Random models of the operators that move values about. Same seed, same models."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from operator_cases import Feed, Fixed, OperatorCase, Result, Shape, case, choose, quantization, shape

MOVED = ("int8", "int16", "float32", "int32")
Generator = np.random.Generator


def ints(*values: int) -> Fixed:
    """A constant int32 vector."""
    return Fixed(np.array(values, np.int32))


def signed(rng: Generator, axis: int, rank: int) -> int:
    """The axis as it is, or counted from the end."""
    return axis - rank if rng.random() < 0.5 else axis


def an_axis(rng: Generator, rank: int) -> int:
    return int(rng.integers(0, rank))


def reshape(rng: Generator) -> OperatorCase:
    """The shape as an option, as a constant, or both; one dimension may be left to be computed."""
    dims, dtype = shape(rng, (1, 4)), choose(rng, *MOVED, "bool")
    count = int(np.prod(dims))
    divisors = [d for d in range(1, count + 1) if count % d == 0]
    first = int(rng.choice(divisors))
    result = [(count,), (first, count // first), (1, first, count // first)][int(rng.integers(0, 3))]
    given = list(result)
    if rng.random() < 0.3:
        given[int(rng.integers(0, len(given)))] = -1
    q, constant = quantization(rng, dtype), rng.random() < 0.5
    return case("RESHAPE", [Feed(dims, dtype, q), *([ints(*given)] if constant else [])], [Result(result, dtype, q)],
                {"new_shape": given} if not constant or rng.random() < 0.5 else {})


def squeeze(rng: Generator) -> OperatorCase:
    dims = tuple(int(v) for v in rng.choice([1, 1, 2, 3], rng.integers(1, 6)))
    ones = [i for i, d in enumerate(dims) if d == 1]
    listed = sorted(int(i) for i in rng.choice(ones, rng.integers(0, len(ones) + 1), replace=False)) if ones else []
    removed = listed or ones
    dtype = choose(rng, *MOVED)
    q = quantization(rng, dtype)
    result = tuple(d for i, d in enumerate(dims) if i not in removed)
    return case("SQUEEZE", [Feed(dims, dtype, q)], [Result(result, dtype, q)],
                {"squeeze_dims": [signed(rng, i, len(dims)) for i in listed]})


def expand_dims(rng: Generator) -> OperatorCase:
    dims = shape(rng)
    axis = int(rng.integers(0, len(dims) + 1))
    dtype = choose(rng, "int8", "int16", "float32")
    q = quantization(rng, dtype)
    given = axis - len(dims) - 1 if rng.random() < 0.5 else axis
    return case("EXPAND_DIMS", [Feed(dims, dtype, q), ints(given)], [Result((*dims[:axis], 1, *dims[axis:]), dtype, q)])


def shape_of(rng: Generator) -> OperatorCase:
    dims, dtype = shape(rng, (1, 6)), choose(rng, *MOVED)
    return case("SHAPE", [Feed(dims, dtype, quantization(rng, dtype))], [Result((len(dims),), "int32")])


def pack(rng: Generator) -> OperatorCase:
    dims, count, dtype = shape(rng, (0, 4), 5), int(rng.integers(1, 5)), choose(rng, *MOVED)
    axis, q = an_axis(rng, len(dims) + 1), quantization(rng, dtype)
    return case("PACK", [Feed(dims, dtype, q)] * count, [Result((*dims[:axis], count, *dims[axis:]), dtype, q)],
                {"values_count": count, "axis": signed(rng, axis, len(dims) + 1)}, version=2)


def unpack(rng: Generator) -> OperatorCase:
    dims, count, dtype = shape(rng, (0, 4), 5), int(rng.integers(1, 5)), choose(rng, *MOVED)
    axis, q = an_axis(rng, len(dims) + 1), quantization(rng, dtype)
    return case("UNPACK", [Feed((*dims[:axis], count, *dims[axis:]), dtype, q)], [Result(dims, dtype, q)] * count,
                {"num": count, "axis": signed(rng, axis, len(dims) + 1)}, version=2)


def concatenation(rng: Generator) -> OperatorCase:
    dims, dtype = list(shape(rng, (1, 5), 5)), choose(rng, *MOVED, "bool")
    axis, q = an_axis(rng, len(dims)), quantization(rng, dtype)
    lengths = [int(v) for v in rng.integers(1, 6, rng.integers(1, 8))]
    feeds = [Feed((*dims[:axis], n, *dims[axis + 1:]), dtype, q) for n in lengths]
    return case("CONCATENATION", feeds, [Result((*dims[:axis], sum(lengths), *dims[axis + 1:]), dtype, q)],
                {"axis": signed(rng, axis, len(dims))}, version=2)


def split(rng: Generator) -> OperatorCase:
    dims, count, dtype = shape(rng, (1, 4), 5), int(rng.integers(1, 5)), choose(rng, *MOVED)
    axis, q = an_axis(rng, len(dims)), quantization(rng, dtype)
    whole = (*dims[:axis], dims[axis] * count, *dims[axis + 1:])
    return case("SPLIT", [ints(signed(rng, axis, len(dims))), Feed(whole, dtype, q)], [Result(dims, dtype, q)] * count,
                {"num_splits": count}, version=4 if dtype == "int32" else 2)


def split_v(rng: Generator) -> OperatorCase:
    dims, dtype = shape(rng, (1, 4), 5), choose(rng, *MOVED)
    axis, q = an_axis(rng, len(dims)), quantization(rng, dtype)
    lengths = [int(v) for v in rng.integers(1, 5, rng.integers(1, 5))]
    sizes = list(lengths)
    if rng.random() < 0.3:
        sizes[int(rng.integers(0, len(sizes)))] = -1
    results = [Result((*dims[:axis], n, *dims[axis + 1:]), dtype, q) for n in lengths]
    feed = Feed((*dims[:axis], sum(lengths), *dims[axis + 1:]), dtype, q)
    return case("SPLIT_V", [feed, ints(*sizes), ints(signed(rng, axis, len(dims)))], results,
                {"num_splits": len(lengths)}, version=2)


def slice_(rng: Generator) -> OperatorCase:
    """Half of them with int64 positions, a third with a begin that the model gets as an input."""
    dims, dtype = shape(rng, (1, 5)), choose(rng, *MOVED, "bool")
    begin = [int(rng.integers(0, d)) for d in dims]
    length = [int(rng.integers(1, d - b + 1)) for d, b in zip(dims, begin, strict=True)]
    size = [-1 if b + n == d and rng.random() < 0.5 else n for d, b, n in zip(dims, begin, length, strict=True)]
    q, positions = quantization(rng, dtype), choose(rng, "int32", "int64")
    where = np.array(begin, positions)
    if rng.random() < 0.3:
        start: Feed | Fixed = Feed((len(dims),), positions, None, lambda _: where)
    else:
        start = Fixed(where)
    return case("SLICE", [Feed(dims, dtype, q), start, Fixed(np.array(size, positions))],
                [Result(tuple(length), dtype, q)], version=3)


def strided_slice(rng: Generator) -> OperatorCase:
    """begin, end and shrink masks, negative strides and positions beyond the ends."""
    dims, dtype = shape(rng, (1, 4), 7), choose(rng, *MOVED, "bool")
    while True:
        begin, end, strides, result = [], [], [], []
        masks = dict.fromkeys(("begin_mask", "end_mask", "shrink_axis_mask"), 0)
        for i, d in enumerate(dims):
            b, e = (int(v) for v in rng.integers(-d - 2, d + 2, 2))
            s = int(rng.choice([1, 1, 2, 3, -1, -2]))
            at_begin, to_end, shrink = (rng.random(3) < (0.3, 0.3, 0.2)).tolist()
            if shrink:
                b, s, at_begin = int(rng.integers(-d, d)), 1, False
                masks["shrink_axis_mask"] |= 1 << i
            else:
                result.append(len(range(d)[slice(None if at_begin else b, None if to_end else e, s)]))
            masks["begin_mask"] |= int(at_begin) << i
            masks["end_mask"] |= int(to_end) << i
            begin.append(b)
            end.append(e)
            strides.append(s)
        if all(result):
            break
    q = quantization(rng, dtype)
    return case("STRIDED_SLICE", [Feed(dims, dtype, q), ints(*begin), ints(*end), ints(*strides)],
                [Result(tuple(result), dtype, q)], masks, version=4)


def transpose(rng: Generator) -> OperatorCase:
    dims, dtype = shape(rng, (1, 5)), choose(rng, "int8", "int16", "float32")
    order = [int(v) for v in rng.permutation(len(dims))]
    q = quantization(rng, dtype)
    result = tuple(dims[i] for i in order)
    return case("TRANSPOSE", [Feed(dims, dtype, q), ints(*order)], [Result(result, dtype, q)], version=2)


def _paddings(rng: Generator, dims: Shape, most: int = 3) -> tuple[Fixed, Shape]:
    pairs = rng.integers(0, most + 1, (len(dims), 2)) * (rng.random((len(dims), 1)) < 0.7)
    return Fixed(pairs.astype(np.int32)), tuple(d + int(p.sum()) for d, p in zip(dims, pairs, strict=True))


def pad(rng: Generator) -> OperatorCase:
    dims, dtype = shape(rng, (1, 5), 5), choose(rng, *MOVED)
    q, (paddings, result) = quantization(rng, dtype), _paddings(rng, dims)
    return case("PAD", [Feed(dims, dtype, q), paddings], [Result(result, dtype, q)], version=2)


def padv2(rng: Generator) -> OperatorCase:
    dims, dtype = shape(rng, (1, 5), 5), choose(rng, *MOVED)
    q, (paddings, result) = quantization(rng, dtype), _paddings(rng, dims)
    value = Feed((1,), dtype, q)
    given = value if rng.random() < 0.5 else Fixed(value.random(rng), q)
    return case("PADV2", [Feed(dims, dtype, q), paddings, given], [Result(result, dtype, q)], version=2)


def mirror_pad(rng: Generator) -> OperatorCase:
    dims, dtype, mode = shape(rng, (1, 4), 5), choose(rng, "int8", "float32"), choose(rng, "REFLECT", "SYMMETRIC")
    pairs = np.array([rng.integers(0, d - (mode == "REFLECT") + 1, 2) for d in dims], np.int32)
    q = quantization(rng, dtype)
    result = tuple(d + int(p.sum()) for d, p in zip(dims, pairs, strict=True))
    return case("MIRROR_PAD", [Feed(dims, dtype, q), Fixed(pairs)], [Result(result, dtype, q)], {"mode": mode})


def gather(rng: Generator) -> OperatorCase:
    """Constant indices and indices that are an input, with and without batches."""
    dims, dtype = shape(rng, (1, 4), 5), choose(rng, "int8", "float32")
    axis = an_axis(rng, len(dims))
    batch_dims = int(rng.integers(0, axis + 1)) if rng.random() < 0.4 else 0
    indices = (*dims[:batch_dims], *shape(rng, (0 if batch_dims == 0 else 1, 2), 4))
    values = rng.integers(0, dims[axis], indices).astype(np.int32)
    where = Feed(indices, "int32", None, lambda _: values) if rng.random() < 0.5 else Fixed(values)
    q = quantization(rng, dtype)
    result = (*dims[:axis], *indices[batch_dims:], *dims[axis + 1:])
    given = batch_dims - len(indices) if batch_dims and batch_dims < len(indices) and rng.random() < 0.5 else batch_dims
    return case("GATHER", [Feed(dims, dtype, q), where], [Result(result, dtype, q)],
                {"axis": signed(rng, axis, len(dims)), "batch_dims": given}, version=2)


def gather_nd(rng: Generator) -> OperatorCase:
    dims, dtype = shape(rng, (1, 4), 5), choose(rng, "int8", "float32")
    depth = int(rng.integers(1, len(dims) + 1))
    rows = shape(rng, (0, 2), 4)
    values = np.stack([rng.integers(0, d, rows) for d in dims[:depth]], -1).astype(np.int32)
    where = Feed(values.shape, "int32", None, lambda _: values) if rng.random() < 0.5 else Fixed(values)
    q = quantization(rng, dtype)
    return case("GATHER_ND", [Feed(dims, dtype, q), where], [Result((*rows, *dims[depth:]), dtype, q)], version=1)


def _deep(name: str, *, to_depth: bool) -> Callable[[Generator], OperatorCase]:
    def make(rng: Generator) -> OperatorCase:
        batch, height, width, depth, block = (int(v) for v in rng.integers(1, (3, 4, 4, 4, 4)))
        dtype = choose(rng, "int8", "float32")
        q = quantization(rng, dtype)
        space, deep = (batch, height * block, width * block, depth), (batch, height, width, depth * block * block)
        source, result = (space, deep) if to_depth else (deep, space)
        return case(name, [Feed(source, dtype, q)], [Result(result, dtype, q)], {"block_size": block})

    return make


def _batch(name: str, *, to_batch: bool) -> Callable[[Generator], OperatorCase]:
    """Without padding: TensorFlow Lite Micro pads with a byte that it never sets."""
    def make(rng: Generator) -> OperatorCase:
        spatial = int(rng.integers(1, 3))
        batch, depth = (int(v) for v in rng.integers(1, 4, 2))
        block = rng.integers(1, 4, spatial)
        border = rng.integers(0, 3, (spatial, 2)) * (0 if to_batch else 1)
        length = rng.integers(1, 4, spatial)  # of the batched image
        image = length * block - border.sum(axis=1)
        if (image < 1).any():
            return make(rng)
        dtype = choose(rng, "int8", "float32")
        q = quantization(rng, dtype)
        whole = (batch, *(int(v) for v in image), depth)
        batched = (batch * int(block.prod()), *(int(v) for v in length), depth)
        source, result = (whole, batched) if to_batch else (batched, whole)
        return case(name, [Feed(source, dtype, q), ints(*(int(v) for v in block)), Fixed(border.astype(np.int32))],
                    [Result(result, dtype, q)], version=2)

    return make


def broadcast_to(rng: Generator) -> OperatorCase:
    result, dtype = shape(rng, (1, 5), 5), choose(rng, *MOVED)
    dims = tuple(1 if rng.random() < 0.5 else d for d in result[int(rng.integers(0, len(result))):])
    q = quantization(rng, dtype)
    to = Fixed(np.array(result, choose(rng, "int32", "int64")))
    return case("BROADCAST_TO", [Feed(dims, dtype, q), to], [Result(result, dtype, q)], version=2)


def broadcast_args(rng: Generator) -> OperatorCase:
    common = shape(rng, (1, 5))
    one = np.array([1 if rng.random() < 0.4 else d for d in common], np.int32)[int(rng.integers(0, len(common))):]
    whole = np.where((rng.random(len(common)) < 0.4) & (np.arange(len(common)) < len(common) - len(one)), 1, common)
    first, second = (one, whole.astype(np.int32)) if rng.random() < 0.5 else (whole.astype(np.int32), one)
    return case("BROADCAST_ARGS", [Feed(first.shape, "int32", None, lambda _: first), Fixed(second)],
                [Result((len(common),), "int32")])


def fill(rng: Generator) -> OperatorCase:
    dims, dtype = shape(rng), choose(rng, "int8", "int32", "float32")
    q = quantization(rng, dtype)
    to = Fixed(np.array(dims, choose(rng, "int32", "int64")))
    return case("FILL", [to, Feed((), dtype, q)], [Result(dims, dtype, q)], version=3)


def zeros_like(rng: Generator) -> OperatorCase:
    dims, dtype = shape(rng), choose(rng, "int8", "int32", "float32")
    q = quantization(rng, dtype)
    return case("ZEROS_LIKE", [Feed(dims, dtype, q)], [Result(dims, dtype, q)])


def broadcastable(rng: Generator, whole: Shape) -> Shape:
    """The end of a shape, some of its dimensions replaced by 1."""
    return tuple(1 if rng.random() < 0.3 else d for d in whole[int(rng.integers(0, len(whole) + 1)):])


def select_v2(rng: Generator) -> OperatorCase:
    result, dtype = shape(rng, (1, 5), 5), choose(rng, "int8", "int16", "float32")
    shapes = [result] * 3
    if rng.random() < 0.7:
        shapes = [broadcastable(rng, result) for _ in "cxy"]
    result = np.broadcast_shapes(*shapes)
    if result == ():
        return select_v2(rng)
    q = quantization(rng, dtype)
    return case("SELECT_V2", [Feed(shapes[0], "bool"), Feed(shapes[1], dtype, q), Feed(shapes[2], dtype, q)],
                [Result(result, dtype, q)])


CASES: dict[str, Callable[[Generator], OperatorCase]] = {
    "RESHAPE": reshape, "SQUEEZE": squeeze, "EXPAND_DIMS": expand_dims, "SHAPE": shape_of, "PACK": pack, "UNPACK": unpack,
    "CONCATENATION": concatenation, "SPLIT": split, "SPLIT_V": split_v, "SLICE": slice_, "STRIDED_SLICE": strided_slice,
    "TRANSPOSE": transpose, "PAD": pad, "PADV2": padv2, "MIRROR_PAD": mirror_pad, "GATHER": gather,
    "GATHER_ND": gather_nd,
    "SPACE_TO_DEPTH": _deep("SPACE_TO_DEPTH", to_depth=True), "DEPTH_TO_SPACE": _deep("DEPTH_TO_SPACE", to_depth=False),
    "SPACE_TO_BATCH_ND": _batch("SPACE_TO_BATCH_ND", to_batch=True),
    "BATCH_TO_SPACE_ND": _batch("BATCH_TO_SPACE_ND", to_batch=False), "BROADCAST_TO": broadcast_to,
    "BROADCAST_ARGS": broadcast_args, "FILL": fill, "ZEROS_LIKE": zeros_like, "SELECT_V2": select_v2,
}
