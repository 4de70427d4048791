"""Writes corpus/: one small valid model for each operator and type that the tests generate, and for what else the reader knows.

    python tests/firmware/fuzz/make_corpus.py

The fuzzers start from these files. Files named found-*.tflite are inputs that once failed; they stay.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tflite

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "host"))
import control_cases
import conv_cases
import elementwise_cases
import memory_cases
import reduce_cases
import sequence_cases
import shape_cases
from tflite_writer import ModelWriter, Quantization

TRIES = 60
"""Random models of an operator; of each combination of tensor types the smallest is taken."""
MOST = 4
LARGEST = 4096


def everything() -> bytes:
    """The fuzzers' custom operator, with an optional input left out, a variable, two outputs and options."""
    writer = ModelWriter()
    graph = writer.subgraph()
    source, middle, result = (graph.tensor(name, (1, 5), "int8", Quantization(1.0)) for name in "abc")
    state = graph.tensor("state", (3,), "int16", is_variable=True)
    total = graph.tensor("sum", (1,), "int64")
    graph.inputs, graph.outputs = [source], [result, total]
    graph.custom_operator("Everything", [source, -1, state], [middle], bytes([100]))
    graph.custom_operator("Everything", [middle], [result, total], bytes([7]))
    return writer.finish()


def types_of(model: bytes) -> tuple[tuple[int, int], ...]:
    """Type and rank of each tensor."""
    graph = tflite.Model.GetRootAs(model).Subgraphs(0)
    tensors = [graph.Tensors(index) for index in range(graph.TensorsLength())]
    return tuple((tensor.Type(), min(1, tensor.ShapeLength())) for tensor in tensors)


def smallest(name: str, make: Callable[..., Any], *arguments: str) -> Iterator[tuple[str, bytes]]:
    """Of random models, one for each combination of types."""
    rng = np.random.default_rng(1)
    found: dict[tuple[tuple[int, int], ...], bytes] = {}
    for _ in range(TRIES):
        model = make(rng, *arguments).model
        types = types_of(model)
        if types not in found or len(model) < len(found[types]):
            found[types] = model
    for index, types in enumerate(sorted(found)[:MOST]):
        yield f"{name} {index}", found[types]


def models() -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each."""
    for module in (reduce_cases, sequence_cases, shape_cases):
        for name, make in module.CASES.items():
            yield from smallest(name, make)
    for name, of_any in conv_cases.CASES.items():
        for dtype in ("int8", "int16", "float32"):
            yield from smallest(f"{name} {dtype}", of_any, dtype)
    for name, (of_type, types) in elementwise_cases.CASES.items():
        for dtype in types:
            yield from smallest(f"{name} {dtype}", of_type, dtype)
    for name, model in (control_cases.CASES | memory_cases.CASES).items():
        yield name, model
    yield "custom", everything()


def main() -> None:
    """Replaces the files of corpus/, but for found-*."""
    corpus = HERE / "corpus"
    corpus.mkdir(exist_ok=True)
    for file in corpus.glob("*.tflite"):
        if not file.name.startswith("found-"):
            file.unlink()
    for name, model in models():
        if len(model) <= LARGEST:
            (corpus / (name.lower().replace(" ", "-") + ".tflite")).write_bytes(model)


if __name__ == "__main__":
    main()
