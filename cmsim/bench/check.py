"""Every tensor that an operator writes, compared with TensorFlow Lite Micro's reference kernels (wheel `tflite-micro`).

The wheel keeps each tensor's memory apart; ours are read as each operator returns, from the plan that is really used.
What a loop or a branch writes several times is compared by its last value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import RunError, UsageError
from ..tflite import Model
from ..tflite.describe import type_text
from .inputs import Values
from .session import TensorKey

ARENA = 64 << 20


@dataclass(frozen=True)
class Difference:
    """The first tensor that is not equal, in the order of the operators."""

    inference: int
    operator: str
    tensor: str
    element: int
    ours: str
    theirs: str
    elements: int
    """How many of its elements differ."""

    def __str__(self) -> str:
        return (f"inference {self.inference}, {self.operator}: tensor {self.tensor} differs in {self.elements:,} "
                f"elements, the first is element {self.element}: {self.ours}, TensorFlow Lite Micro has {self.theirs}")


@dataclass(frozen=True)
class Checked:
    """What came of the comparison: `tensors` is how many were compared, in all inferences together."""

    tensors: int
    difference: Difference | None


def check_available() -> None:
    """UsageError where the wheel is missing: known before the run."""
    _runtime()


def check(model: Model, fed: Iterable[Sequence[Values]], computed: Sequence[Mapping[TensorKey, bytes]]) -> Checked:
    """Compare `computed` (of each inference) with what the wheel computes from the inputs `fed`."""
    reference = _interpreter(model)
    compared = 0
    for inference, (inputs, ours) in enumerate(zip(fed, computed, strict=True)):
        try:
            for number, values in enumerate(inputs):
                reference.set_input(values, number)
            reference.invoke()
        except (RuntimeError, ValueError) as error:
            raise RunError(f"{model.path}: TensorFlow Lite Micro cannot run the model: {error}") from None
        for graph in model.subgraphs:
            for operator in graph.operators:
                for index in operator.outputs:
                    content = ours.get((graph.index, index))
                    if content is None or not content:
                        continue
                    compared += 1
                    theirs = np.asarray(reference.GetTensor(index, graph.index)["tensor_data"]).tobytes()
                    if theirs != content:
                        name = f"operator {operator.index} {operator.name}"
                        where = f"{name} of subgraph {graph.index}" if graph.index else name
                        return Checked(compared, _difference(inference, where, graph.tensors[index], content, theirs))
    return Checked(compared, None)


def _difference(inference: int, operator: str, tensor: Any, ours: bytes, theirs: bytes) -> Difference:
    title = f"{tensor.index} {tensor.name!r} ({type_text(tensor)})"
    if len(ours) != len(theirs):
        sizes = f"{len(ours):,} bytes", f"{len(theirs):,} bytes"
        return Difference(inference, operator, title, 0, *sizes, tensor.elements)
    width = tensor.numpy_type.itemsize
    cells = [np.frombuffer(content, np.uint8).reshape(-1, width) for content in (ours, theirs)]
    unequal = np.flatnonzero((cells[0] != cells[1]).any(axis=1))
    first = int(unequal[0])
    texts = [str(np.frombuffer(content, tensor.numpy_type)[first]) for content in (ours, theirs)]
    return Difference(inference, operator, title, first, texts[0], texts[1], len(unequal))


def _runtime() -> Any:
    try:
        from tflite_micro import runtime  # noqa: PLC0415 - an optional dependency
    except ImportError:
        raise UsageError("--check needs TensorFlow Lite Micro's Python package: pip install 'cmsim[check]'") from None
    return runtime


def _interpreter(model: Model) -> Any:
    runtime = _runtime()
    try:
        return runtime.Interpreter.from_bytes(
            model.content, arena_size=ARENA, intrepreter_config=runtime.InterpreterConfig.kPreserveAllTensors
        )
    except (RuntimeError, ValueError, SystemError) as error:
        raise RunError(f"{model.path}: TensorFlow Lite Micro cannot read the model: {error}") from None
