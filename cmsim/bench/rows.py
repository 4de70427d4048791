"""The parts of a bench record that are lists: tensors, operators, the memory plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np

from ..measure.inferences import Inference
from ..tflite import Model, Operator, Subgraph, Tensor, macs
from ..tflite.describe import shape_text, type_text
from ..tflite.names import NUMPY_TYPES
from .session import SUBGRAPH_SHIFT, Block

MOST_VALUES = 256
"""A larger output tensor is not written into the record."""
_NOTHING: Mapping[str, Any] = {
    "subgraph": None, "index": None, "name": "", "version": None, "inputs": [], "outputs": [], "shapes": "", "macs": 0,
    "calls": None, "cycles": 0, "instructions": None, "share": 0.0, "cycles_per_mac": None, "milliseconds": 0.0,
}


def tensor_row(tensor: Tensor) -> dict[str, Any]:
    """Name, shape, type, quantisation."""
    quantization = tensor.quantization
    return {
        "name": tensor.name, "shape": list(tensor.shape), "type": tensor.type,
        "scale": None if quantization is None else quantization.scale,
        "zero_point": None if quantization is None else quantization.zero_point,
    }


def output_values(tensor: Tensor, content: bytes) -> list[int | float | None] | None:
    """The numbers as the tensor holds them, None for one that is not finite; None for too many."""
    if tensor.elements > MOST_VALUES or tensor.type not in NUMPY_TYPES:
        return None
    values: list[int | float] = np.frombuffer(content, tensor.numpy_type).tolist()
    return [value if isfinite(value) else None for value in values]


def operator_rows(
    model: Model, measured: Sequence[Inference], cycles: int, clock_mhz: float
) -> Iterator[dict[str, Any]]:
    """A row an operator that ran, with the mean of all inferences; then what the interpreter needs between them.

    An operator of another subgraph runs within the one that calls it, and is contained in its cycles.
    """
    runs: dict[int, list[int]] = {}
    for inference in measured:
        for run in inference.operators:
            sums = runs.setdefault(run.index, [0, 0, 0])
            sums[0] += run.cycles
            sums[1] += run.instructions
            sums[2] += 1
    between = cycles
    for number in sorted(runs):
        graph = model.subgraphs[number >> SUBGRAPH_SHIFT]
        operator = graph.operators[number & 0xFFFF]
        spent, instructions, calls = (total / len(measured) for total in runs[number])
        between -= 0 if graph.index else round(spent)
        row = {**_shape_row(graph, operator, calls), **_cost(round(spent), cycles, clock_mhz)}
        yield {**row, "instructions": round(instructions),
               "cycles_per_mac": row["cycles"] / row["macs"] if row["macs"] else None}
    yield {**_NOTHING, "name": "between operators", **_cost(between, cycles, clock_mhz)}


def _cost(cycles: int, total: int, clock_mhz: float) -> dict[str, Any]:
    return {"cycles": cycles, "share": cycles / total if total else 0.0, "milliseconds": cycles / (clock_mhz * 1000)}


def _shape_row(graph: Subgraph, operator: Operator, calls: float) -> dict[str, Any]:
    inputs, outputs = ([graph.tensors[index] for index in indices if index >= 0]
                       for indices in (operator.inputs, operator.outputs))
    return {
        **_NOTHING,
        "subgraph": graph.index, "index": operator.index, "name": operator.name, "version": operator.version,
        "inputs": [type_text(tensor) for tensor in inputs], "outputs": [type_text(tensor) for tensor in outputs],
        "shapes": _shapes(inputs, outputs), "macs": round(macs(graph, operator) * calls), "calls": calls,
    }


def _shapes(inputs: list[Tensor], outputs: list[Tensor]) -> str:
    """The shapes of the first activation that goes in and of the first output, such as "96x96x1 > 48x48x8"."""
    source = next((tensor for tensor in inputs if tensor.data is None and tensor.bytes is not None), None)
    return " > ".join(_shape(tensor) for tensor in (source, outputs[0] if outputs else None) if tensor is not None)


def _shape(tensor: Tensor) -> str:
    shape = tensor.shape[1:] if len(tensor.shape) > 1 and tensor.shape[0] == 1 else tensor.shape
    return shape_text(shape)[1:-1].replace(",", "x") or "1"


def block_row(model: Model, block: Block) -> dict[str, Any]:
    """A piece of the plan with its tensor's name."""
    tensor = None if block.tensor is None else model.subgraphs[block.subgraph].tensors[block.tensor]
    return {
        "name": "scratch" if tensor is None else tensor.name, "tensor": block.tensor, "subgraph": block.subgraph,
        "place": block.place, "bytes": block.bytes, "first": block.first, "last": block.last, "shares": block.shares,
    }
