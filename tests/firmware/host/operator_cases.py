"""A model of one operator written down in a few lines, and its comparison with TensorFlow Lite Micro.

    case("PAD", [Feed((1, 3), "int8", q), Fixed(np.array([[0, 0], [1, 2]], np.int32))], [Result((1, 6), "int8", q)])
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "firmware" / "tools"))
from host_interpreter import KERNELS, HostInterpreter
from tflite_writer import NO_TENSOR, ModelWriter, OptionValue, Quantization

Shape = tuple[int, ...]
INPUTS = 20
"""Random inputs that each generated model is run on, one after the other."""


@dataclass(frozen=True)
class Feed:
    """An input of the model; `values` overrides how random values for it are made."""

    shape: Shape
    dtype: str
    quantization: Quantization | None = None
    values: Callable[[np.random.Generator], npt.NDArray[Any]] | None = None

    def random(self, rng: np.random.Generator) -> npt.NDArray[Any]:
        """Values over the whole range of the type, often at its ends; floats of any size, some of them halves."""
        if self.values is not None:
            return self.values(rng)
        if self.dtype == "float32":
            floats = rng.normal(0, rng.choice([0.01, 1.0, 100.0]), self.shape).astype(np.float32)
            return np.rint(floats * 2) / np.float32(2) if rng.random() < 0.2 else floats
        if self.dtype == "bool":
            return rng.random(self.shape) < 0.5
        limits = np.iinfo(self.dtype)
        values = rng.integers(limits.min, limits.max, self.shape, endpoint=True).astype(self.dtype)
        if rng.random() < 0.2:
            values[...] = rng.choice([limits.min, limits.max])
        return values


@dataclass(frozen=True)
class Fixed:
    """A constant."""

    array: npt.NDArray[Any]
    quantization: Quantization | None = None


@dataclass(frozen=True)
class State:
    """A variable."""

    shape: Shape
    dtype: str
    quantization: Quantization | None = None


Given = Feed | Fixed | State | None  # an input of the operator; None: an optional one that is left out


@dataclass(frozen=True)
class Result:
    """An output."""

    shape: Shape
    dtype: str
    quantization: Quantization | None = None

    @property
    def count(self) -> int:
        """Elements."""
        return int(np.prod(self.shape))


@dataclass
class OperatorCase:
    """A model of operator `name` and what its inputs take."""

    model: bytes
    feeds: list[Feed]
    results: list[Result]
    name: str
    options: dict[str, OptionValue]
    hidden: frozenset[int] = frozenset()
    """Tensors that cannot be compared: handles of variables, for which the oracle crashes."""

    @property
    def dtype(self) -> str:
        """The operator's type: that of its first input which is neither an index nor a shape, else of its first output."""
        fed = [feed.dtype for feed in self.feeds if feed.dtype not in ("int32", "int64", "bool")]
        return (fed or [feed.dtype for feed in self.feeds] or [self.results[0].dtype])[0]

    def random_inputs(self, rng: np.random.Generator) -> list[npt.NDArray[Any]]:
        """Values for each input."""
        return [feed.random(rng) for feed in self.feeds]

    def run(self, inputs: Sequence[npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
        """The outputs of a fresh interpreter of ours."""
        interpreter = HostInterpreter(self.model, preserve=False)
        for index, values in enumerate(inputs):
            interpreter.set_input(index, values)
        interpreter.invoke()
        return [interpreter.output(i, r.dtype, r.count).reshape(r.shape) for i, r in enumerate(self.results)]


def case(name: str, inputs: Sequence[Given], results: Sequence[Result],
         options: Mapping[str, OptionValue] | None = None, *, version: int = 1) -> OperatorCase:
    """The model of one operator with these tensors."""
    graph = ModelWriter().subgraph()
    indices: list[int] = []
    for i, given in enumerate(inputs):
        if given is None:
            indices.append(NO_TENSOR)
        elif isinstance(given, Fixed):
            indices.append(graph.constant(f"constant{i}", given.array, given.quantization))
        else:
            indices.append(graph.tensor(f"input{i}", given.shape, given.dtype, given.quantization,
                                        is_variable=isinstance(given, State)))
            if isinstance(given, Feed):
                graph.inputs.append(indices[-1])
    outputs = [graph.tensor(f"output{i}", r.shape, r.dtype, r.quantization) for i, r in enumerate(results)]
    graph.outputs = outputs
    graph.operator(name, indices, outputs, options, version=version)
    return OperatorCase(graph.model.finish(), [f for f in inputs if isinstance(f, Feed)], list(results), name,
                        dict(options or {}))


def reference(model: bytes) -> Any:
    """TensorFlow Lite Micro's interpreter."""
    try:
        from tflite_micro.python.tflite_micro import runtime  # noqa: PLC0415
    except ImportError:
        pytest.skip("KERNELS NOT CHECKED: the oracle, package tflite-micro, is not installed")
    return runtime.Interpreter.from_bytes(
        model, arena_size=1 << 20, intrepreter_config=runtime.InterpreterConfig.kPreserveAllTensors
    )


def assert_same(tested: OperatorCase, rng: np.random.Generator, note: str, *, steps: int = INPUTS,
                tolerance: float = 0) -> None:
    """Run both interpreters on random inputs, `steps` times without a reset, and compare all tensors bit for bit; with
    a tolerance, floats within it. Two more, one with each kernel set, share memory between tensors, as is normally done, and must
    agree."""
    ours, theirs = HostInterpreter(tested.model), reference(tested.model)
    sharing = [HostInterpreter(tested.model, preserve=False, kernels=kernels) for kernels in KERNELS]
    for step in range(steps):
        for index, values in enumerate(tested.random_inputs(rng)):
            theirs.set_input(values, index)
            for interpreter in (ours, *sharing):
                interpreter.set_input(index, values)
        for interpreter in (ours, *sharing, theirs):
            interpreter.invoke()
        place = f"{note}, step {step}"
        for index in sorted(set(range(ours.tensor_count)) - tested.hidden):
            wanted = np.asarray(theirs.GetTensor(index, 0)["tensor_data"])
            got = np.frombuffer(ours.tensor(index), wanted.dtype).reshape(wanted.shape)
            if tolerance and wanted.dtype == np.float32:
                np.testing.assert_allclose(got, wanted, tolerance, tolerance, err_msg=f"{place}, tensor {index}")
            else:
                assert got.tobytes() == wanted.tobytes(), f"{place}, tensor {index}: {got} is not {wanted}"
        for index, result in enumerate(tested.results):
            wanted = ours.output(index, result.dtype, result.count)
            for interpreter, kernels in zip(sharing, KERNELS, strict=True):
                got = interpreter.output(index, result.dtype, result.count)
                assert got.tobytes() == wanted.tobytes(), (
                    f"{place}, output {index}, {kernels} kernels where tensors share memory: {got} is not {wanted}")


def seeded(name: str, index: int) -> np.random.Generator:
    """A generator that depends on nothing else."""
    return np.random.default_rng([int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little"), index])


def scale(rng: np.random.Generator, low: float = -3, high: float = 0) -> float:
    """A float32 scale between 10^low and 10^high."""
    return float(np.float32(10 ** rng.uniform(low, high)))


def quantization(rng: np.random.Generator, dtype: str) -> Quantization | None:
    """Random for int8; for int16 with zero point 0; None for other types."""
    if dtype == "int8":
        return Quantization(scale(rng), int(rng.choice([-128, 127, 0, int(rng.integers(-128, 128))])))
    return Quantization(scale(rng), 0) if dtype == "int16" else None


def shape(rng: np.random.Generator, ranks: tuple[int, int] = (1, 4), longest: int = 6) -> Shape:
    """Random dimensions; `ranks` are the lowest and the highest number of them."""
    return tuple(int(v) for v in rng.integers(1, longest + 1, rng.integers(ranks[0], ranks[1] + 1)))


def choose(rng: np.random.Generator, *values: str) -> str:
    """One of them."""
    return values[int(rng.integers(0, len(values)))]
