"""Writes smallest.tflite: FULLY_CONNECTED from 8 to 4 values, int8."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from tflite_writer import ModelWriter, Quantization


def model() -> bytes:
    """The bytes of the file."""
    graph = ModelWriter("the smallest model").subgraph()
    source = graph.tensor("input", (1, 8), "int8", Quantization(0.05, 0))
    weights = graph.constant("weights", (np.arange(32, dtype=np.int8).reshape(4, 8) - 16), Quantization(0.02))
    bias = graph.constant("bias", np.array([10, -20, 30, -40], np.int32), Quantization(0.001))
    result = graph.tensor("output", (1, 4), "int8", Quantization(0.1, -5))
    graph.inputs, graph.outputs = [source], [result]
    graph.operator("FULLY_CONNECTED", [source, weights, bias], [result], version=4)
    return graph.model.finish()


if __name__ == "__main__":
    (Path(__file__).parent / "smallest.tflite").write_bytes(model())
