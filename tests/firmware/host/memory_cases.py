"""Models that say something about the arena."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "firmware" / "tools"))
from tflite_writer import ModelWriter, Quantization

Q = Quantization(0.1, 0)
PLAN = "OfflineMemoryAllocation"


def chain(count: int, operator: str = "RELU", width: int = 100) -> bytes:
    """`count` operators one after the other, on int8 [1, width]."""
    graph = ModelWriter().subgraph()
    tensors = [graph.tensor(f"t{i}", (1, width), "int8", Q) for i in range(count + 1)]
    for source, result in zip(tensors, tensors[1:], strict=False):
        graph.operator(operator, [source], [result])
    graph.inputs, graph.outputs = tensors[:1], tensors[-1:]
    return graph.model.finish()


def residual(width: int = 100) -> bytes:
    """t3 = relu(relu(t0)) + t0: t0 is needed until the end."""
    graph = ModelWriter().subgraph()
    tensors = [graph.tensor(f"t{i}", (1, width), "int8", Q) for i in range(4)]
    graph.operator("RELU", tensors[:1], tensors[1:2])
    graph.operator("RELU", tensors[1:2], tensors[2:3])
    graph.operator("ADD", [tensors[2], tensors[0]], tensors[3:])
    graph.inputs, graph.outputs = tensors[:1], tensors[3:]
    return graph.model.finish()


def planned(places: Sequence[int], *, count: int | None = None, name: str = PLAN) -> bytes:
    """Two FULLY_CONNECTED layers, 32 to 48 to 16 values, with an offline plan: tensors are input, hidden, output,
    then two weights."""
    writer = ModelWriter()
    graph = writer.subgraph()
    tensors = [graph.tensor(f"t{width}", (1, width), "int8", Q) for width in (32, 48, 16)]
    weights = [graph.constant("w", np.ones(shape, np.int8), Quantization(0.02)) for shape in ((48, 32), (16, 48))]
    for source, weight, result in zip(tensors, weights, tensors[1:], strict=False):
        graph.operator("FULLY_CONNECTED", [source, weight, -1], [result], version=4)
    graph.inputs, graph.outputs = tensors[:1], tensors[2:]
    words = [1, 0, len(places) if count is None else count, *places]
    writer.metadata(name, np.array(words, np.int32).tobytes())
    return writer.finish()


CASES = {
    "chain": chain(3, width=10),
    "residual": residual(10),
    "planned": planned([-1, 64, 0, -1, -1]),
}
