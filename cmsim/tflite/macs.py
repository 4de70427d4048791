"""Multiply-accumulates of an operator, as papers count them: every tap of every filter, padding included.

Element-wise operators, pooling and reductions count as none: they do no multiply-accumulate, or none worth the name.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from .model import Operator, Subgraph

Shape = tuple[int, ...]


def _conv_2d(inputs: list[Shape], output: Shape) -> int:
    return prod(output) * prod(inputs[1][1:])


def _depthwise_conv_2d(inputs: list[Shape], output: Shape) -> int:
    return prod(output) * prod(inputs[1][1:3])


def _transpose_conv(inputs: list[Shape], output: Shape) -> int:
    out_channels, *kernel, _ = inputs[1]
    return prod(inputs[2]) * prod(kernel) * out_channels


def _fully_connected(inputs: list[Shape], output: Shape) -> int:
    return prod(output) * inputs[1][-1]


def _batch_matmul(inputs: list[Shape], output: Shape) -> int:
    # The summed dimension is in both operands, whichever of them is transposed: |x| * |y| = rows * K * K * columns.
    x, y = inputs[:2]
    rows, columns = output[-2:]
    depth = prod(x[-2:]) // rows
    return prod(output) * depth if rows * depth and prod(y[-2:]) == depth * columns else 0


def _svdf(inputs: list[Shape], output: Shape) -> int:
    batches = inputs[0][0]
    return batches * (prod(inputs[1]) + prod(inputs[2]))


def _lstm(inputs: list[Shape], output: Shape) -> int:
    """Twenty-four inputs in the schema's order: 1 to 4 input weights, 5 to 8 recurrent ones, 16 the projection."""
    weights = sum(prod(shape) for shape in (*inputs[1:9], inputs[16]) if shape)
    return prod(inputs[0][:-1]) * weights


_COUNTS: dict[str, tuple[int, int, Callable[[list[Shape], Shape], int]]] = {
    "CONV_2D": (2, 4, _conv_2d),
    "DEPTHWISE_CONV_2D": (2, 4, _depthwise_conv_2d),
    "TRANSPOSE_CONV": (3, 4, _transpose_conv),
    "FULLY_CONNECTED": (2, 2, _fully_connected),
    "BATCH_MATMUL": (2, 2, _batch_matmul),
    "SVDF": (3, 2, _svdf),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (17, 0, _lstm),
}
"""Inputs that must be there, the rank that the second one must have at least, and the count."""


def macs(subgraph: Subgraph, operator: Operator) -> int:
    """Multiply-accumulates of one run of `operator`; 0 where it has none or its shapes make no sense."""
    entry = _COUNTS.get(operator.name)
    if entry is None or operator.is_custom:
        return 0
    needed, rank, count = entry
    shapes: list[Shape] = [subgraph.tensors[index].shape if index >= 0 else () for index in operator.inputs]
    if len(shapes) < needed or len(shapes[1]) < rank or not operator.outputs or not shapes[0]:
        return 0
    output = subgraph.tensors[operator.outputs[0]].shape
    if operator.name in ("BATCH_MATMUL", "TRANSPOSE_CONV") and not (len(output) >= 2 and output[-2]):
        return 0
    return count(shapes, output)
