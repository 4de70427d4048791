"""A model as plain data: subgraphs of tensors and operators (TensorFlow Lite schema, version 3)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import UsageError
from .flatbuffer import DamagedError, Reader, Table
from .names import CUSTOM, ELEMENT_BITS, NUMPY_TYPES, enumerator, operator_name
from .options import Value, read_options

FILE_IDENTIFIER = b"TFL3"
SCHEMA_VERSION = 3
LARGEST_FLATBUFFER = 1 << 31
NO_TENSOR = -1


class ModelError(UsageError):
    """The model file cannot be used; one line: the file, what is wrong, what to do."""


@dataclass(frozen=True)
class Quantization:
    """Affine quantisation, real = scale * (q - zero_point): one pair, or one for each index along dimension `axis`."""

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int

    @property
    def scale(self) -> float:
        """The first scale."""
        return self.scales[0]

    @property
    def zero_point(self) -> int:
        """The first zero point."""
        return self.zero_points[0] if self.zero_points else 0


@dataclass(frozen=True)
class Tensor:
    """A tensor. `data` is its content in the file where it is a constant (bytes, a view), None for an activation."""

    index: int
    name: str
    shape: tuple[int, ...]
    type: str
    quantization: Quantization | None
    is_variable: bool
    buffer: int
    data: npt.NDArray[np.uint8] | None

    @property
    def elements(self) -> int:
        """How many elements it has."""
        return prod(self.shape)

    @property
    def bytes(self) -> int | None:
        """Its size; None for a type without a fixed one."""
        bits = ELEMENT_BITS.get(self.type)
        return None if bits is None else (self.elements * bits + 7) // 8

    @property
    def numpy_type(self) -> np.dtype[Any]:
        """The type of its elements; ModelError where numpy has none."""
        if self.type not in NUMPY_TYPES:
            raise ModelError(f"tensor {self.index} ({self.name!r}) is {self.type}, which cannot be read or filled")
        return np.dtype(NUMPY_TYPES[self.type])


@dataclass(frozen=True)
class Operator:
    """One operator of a subgraph. `inputs` and `outputs` are tensor indices, -1 for one left out."""

    index: int
    code: int
    name: str
    """TFLite's name; of a custom operator its custom code."""
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Value]
    custom_options: int
    """Bytes of a custom operator's options."""

    @property
    def is_custom(self) -> bool:
        """Whether the application must bring it."""
        return self.code == CUSTOM


@dataclass(frozen=True)
class Subgraph:
    """A graph: `operators` in the order in which they run."""

    index: int
    name: str
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    input_indices: tuple[int, ...]
    output_indices: tuple[int, ...]

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """Its input tensors."""
        return tuple(self.tensors[index] for index in self.input_indices)

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """Its output tensors."""
        return tuple(self.tensors[index] for index in self.output_indices)


@dataclass(frozen=True)
class Model:
    """A whole model; the first subgraph is the one that an inference runs."""

    path: str
    content: bytes
    description: str
    subgraphs: tuple[Subgraph, ...]
    metadata: tuple[tuple[str, int], ...]
    """Names and sizes of what else is stored with it."""

    @property
    def name(self) -> str:
        """The file's name."""
        return Path(self.path).name

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The input tensors of an inference."""
        return self.subgraphs[0].inputs

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """The output tensors of an inference."""
        return self.subgraphs[0].outputs

    @property
    def operators(self) -> tuple[Operator, ...]:
        """The operators of the first subgraph."""
        return self.subgraphs[0].operators

    def operator_versions(self) -> dict[tuple[str, bool], int]:
        """(name, whether it is custom) of all operators in all subgraphs, sorted -> the highest version asked for."""
        found: dict[tuple[str, bool], int] = {}
        for subgraph in self.subgraphs:
            for operator in subgraph.operators:
                key = operator.name, operator.is_custom
                found[key] = max(found.get(key, 0), operator.version)
        return dict(sorted(found.items()))

    @property
    def constant_bytes(self) -> int:
        """Bytes of weights and other constants; a buffer that several tensors share is counted once."""
        sizes = {t.buffer: t.data.nbytes for s in self.subgraphs for t in s.tensors if t.data is not None}
        return sum(sizes.values())


def load(path: str | os.PathLike[str]) -> Model:
    """Read a model file; ModelError, one line, where it cannot be read or is damaged."""
    name = os.fspath(path)
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ModelError(f"{name}: cannot read the model: {error.strerror or error}") from None
    return parse(content, name)


def parse(content: bytes, path: str) -> Model:
    """`load` for a file's content that is in memory; `path` only names it in messages."""
    if len(content) < 8 or content[4:8] != FILE_IDENTIFIER:
        if content.startswith(b"\x7fELF"):
            raise ModelError(f"{path}: not a TensorFlow Lite model but an ELF file: `cmsim run` takes it")
        found = content[4:8].decode("ascii", "replace")
        raise ModelError(f"{path}: not a TensorFlow Lite model: the file identifier is {found!r}, not 'TFL3'")
    if len(content) >= LARGEST_FLATBUFFER:
        raise ModelError(f"{path}: {len(content):,} bytes are more than a flatbuffer can hold")
    try:
        return _model(content, path)
    except DamagedError as error:
        raise ModelError(f"{path}: damaged model: {error}; convert or copy it again") from None
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None


def _model(content: bytes, path: str) -> Model:
    root = Reader(content).root()
    version = root.scalar(0, "I")
    if version != SCHEMA_VERSION:
        raise ModelError(f"schema version {version} is not supported, only {SCHEMA_VERSION}")
    buffers = [_buffer(table, content) for table in root.tables(4)]
    codes = [_code(table) for table in root.tables(1)]
    subgraphs = tuple(_subgraph(n, table, buffers, codes) for n, table in enumerate(root.tables(2)))
    if not subgraphs:
        raise ModelError("the model has no subgraph")
    metadata = []
    for table in root.tables(6):
        buffer = _at(buffers, table.scalar(1, "I"), "metadata's buffer")
        metadata.append((table.string(0), 0 if buffer is None else buffer.nbytes))
    return Model(path, content, root.string(3), subgraphs, tuple(metadata))


def _at(items: Any, index: int, what: str) -> Any:
    if not 0 <= index < len(items):
        raise DamagedError(f"{what} {index} does not exist; there are {len(items)}")
    return items[index]


def _buffer(table: Table, content: bytes) -> npt.NDArray[np.uint8] | None:
    """A buffer's bytes; they may also lie behind the flatbuffer, at an offset from the file's begin."""
    offset, size = table.scalar(1, "Q"), table.scalar(2, "Q")
    if offset > 1:
        table.reader.check(offset, size)
        return np.frombuffer(content, np.uint8, size, offset)
    data = table.vector(0, "|u1")
    return data if data.size else None


def _code(table: Table) -> tuple[int, str, int]:
    """Number, name and version. The first field is all that old files have, and is cut off at 127 in new ones."""
    code = max(table.scalar(0, "b"), table.scalar(3, "i"))
    if code < 0:
        raise DamagedError(f"operator code {code} is negative")
    name = table.string(1) if code == CUSTOM else operator_name(code)
    return code, name, table.scalar(2, "i", 1)


def _subgraph(index: int, table: Table, buffers: list[Any], codes: list[tuple[int, str, int]]) -> Subgraph:
    tensors = tuple(_tensor(n, item, buffers) for n, item in enumerate(table.tables(0)))
    operators = tuple(_operator(n, item, codes, len(tensors)) for n, item in enumerate(table.tables(3)))
    inputs, outputs = (_indices(table, field, len(tensors), 0, f"subgraph {index}") for field in (1, 2))
    return Subgraph(index, table.string(4), tensors, operators, inputs, outputs)


def _indices(table: Table, field: int, count: int, lowest: int, where: str) -> tuple[int, ...]:
    indices = tuple(int(value) for value in table.vector(field, "<i4"))
    wrong = next((value for value in indices if not lowest <= value < count), None)
    if wrong is not None:
        raise DamagedError(f"{where} uses tensor {wrong}; there are {count}")
    return indices


def _tensor(index: int, table: Table, buffers: list[Any]) -> Tensor:
    shape = tuple(int(size) for size in table.vector(0, "<i4"))
    name, type_ = table.string(3), enumerator("TensorType", table.scalar(1, "b"))
    if any(size < 0 for size in shape):
        raise DamagedError(f"tensor {index} ({name!r}) has shape {list(shape)}")
    number = table.scalar(2, "I")
    data = _at(buffers, number, f"tensor {index}'s buffer")
    tensor = Tensor(index, name, shape, type_, _quantization(table.table(4)), bool(table.scalar(5, "B")), number, data)
    if data is not None and tensor.bytes is not None and data.nbytes < tensor.bytes:
        raise DamagedError(f"tensor {index} ({name!r}) has {data.nbytes:,} bytes of data, not {tensor.bytes:,}")
    return tensor


def _quantization(table: Table | None) -> Quantization | None:
    if table is None:
        return None
    scales = tuple(float(value) for value in table.vector(2, "<f4"))
    zero_points = tuple(int(value) for value in table.vector(3, "<i8"))
    return Quantization(scales, zero_points, table.scalar(6, "i")) if scales else None


def _operator(index: int, table: Table, codes: list[tuple[int, str, int]], tensors: int) -> Operator:
    code, name, version = _at(codes, table.scalar(0, "I"), f"operator {index}'s code")
    inputs = _indices(table, 1, tensors, NO_TENSOR, f"operator {index} ({name})")
    outputs = _indices(table, 2, tensors, NO_TENSOR, f"operator {index} ({name})")
    options = read_options(table.scalar(3, "B"), table.table(4))
    return Operator(index, code, name, version, inputs, outputs, options, table.vector(5, "|u1").size)
