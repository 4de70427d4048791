"""Writes `.tflite` model files (TensorFlow Lite schema version 3, file identifier `TFL3`) from Python.

A `ModelWriter` holds subgraphs; a `Subgraph` holds tensors and operators in execution order. Shapes, data types and
option names are the schema's own words: `operator("CONV_2D", ..., options={"padding": "VALID", "stride_w": 1})`.
Every builtin operator of the schema can be written, since the table of options and its fields are looked up by name in
the schema bindings; a name that does not exist is an error that lists those that do.

The same calls give the same bytes. Needs the development dependencies `flatbuffers` and `tflite` (the schema bindings).

Not written: sparse tensors, signatures, StableHLO operators (the schema's second option union).
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
import tflite

SCHEMA_VERSION = 3
FILE_IDENTIFIER = b"TFL3"
BUFFER_ALIGNMENT = 16  # the schema's force_align of Buffer.data: weights are read in place
NO_TENSOR = -1  # an optional input that is left out, such as a bias

OptionValue = bool | int | float | str | Sequence[int] | npt.NDArray[Any]

# Operators whose options table is not called after them.
_SHARED_TABLES = {
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "L2_POOL_2D": "Pool2DOptions",
    "L2_NORMALIZATION": "L2NormOptions",
    "MAXIMUM": "MaximumMinimumOptions",
    "MINIMUM": "MaximumMinimumOptions",
    "MEAN": "ReducerOptions",
    "SUM": "ReducerOptions",
    "REDUCE_PROD": "ReducerOptions",
    "REDUCE_MAX": "ReducerOptions",
    "REDUCE_MIN": "ReducerOptions",
    "REDUCE_ANY": "ReducerOptions",
    "REDUCE_ALL": "ReducerOptions",
    "LOCAL_RESPONSE_NORMALIZATION": "LocalResponseNormalizationOptions",
}

# Option fields that hold an enumeration: their values may be given by name.
_ENUM_FIELDS = {
    "padding": "Padding",
    "fusedactivationfunction": "ActivationFunctionType",
    "weightsformat": "FullyConnectedOptionsWeightsFormat",
    "quantizedbiastype": "TensorType",
    "indatatype": "TensorType",
    "outdatatype": "TensorType",
    "outputtype": "TensorType",
    "outtype": "TensorType",
    "idxouttype": "TensorType",
    "mode": "MirrorPadMode",
    "kerneltype": "LSTMKernelType",
}


@dataclass(frozen=True)
class Quantization:
    """Affine quantisation, real = scale * (q - zero_point).

    One scale for the whole tensor, or one for each index along dimension `axis` (per-axis: then all zero points are 0).
    """

    scale: float | Sequence[float] | npt.NDArray[Any]
    zero_point: int | Sequence[int] = 0
    axis: int | None = None

    def scales(self) -> npt.NDArray[np.float32]:
        """The scales as float32, shape [1] or [channels]."""
        return np.atleast_1d(np.asarray(self.scale, np.float32))

    def zero_points(self) -> npt.NDArray[np.int64]:
        """The zero points as int64, one for each scale."""
        return np.broadcast_to(np.asarray(self.zero_point, np.int64), self.scales().shape).copy()


@dataclass
class _Tensor:
    name: str
    shape: tuple[int, ...]
    type: int
    buffer: int
    quantization: Quantization | None
    is_variable: bool = False


@dataclass
class _Operator:
    opcode_index: int
    inputs: list[int]
    outputs: list[int]
    table: str | None
    options: dict[str, OptionValue]
    custom_options: bytes | None


@dataclass
class Subgraph:
    """Tensors and operators of one graph; made by `ModelWriter.subgraph`."""

    model: ModelWriter
    name: str
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    _tensors: list[_Tensor] = field(default_factory=list)
    _operators: list[_Operator] = field(default_factory=list)

    def tensor(self, name: str, shape: Sequence[int], dtype: npt.DTypeLike | str,
               quantization: Quantization | None = None, *, is_variable: bool = False) -> int:
        """Add a tensor without data (an activation) and return its index."""
        return self._add(_Tensor(name, tuple(shape), _tensor_type(name, dtype), 0, quantization, is_variable))

    def constant(self, name: str, values: npt.ArrayLike, quantization: Quantization | None = None) -> int:
        """Add a tensor with data (weights, a shape, ...), shape and type taken from the array, and return its index."""
        array = np.asarray(values)
        little_endian = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        return self._add(_Tensor(name, array.shape, _tensor_type(name, array.dtype),
                                 self.model._buffer(little_endian.tobytes()), quantization))

    def packed_constant(self, name: str, shape: Sequence[int], dtype: str, data: bytes,
                        quantization: Quantization | None = None) -> int:
        """Add a constant from raw bytes, for types that numpy lacks (`int4`, two values a byte; `string`)."""
        return self._add(_Tensor(name, tuple(shape), _tensor_type(name, dtype), self.model._buffer(data),
                                 quantization))

    def operator(self, name: str, inputs: Sequence[int], outputs: Sequence[int],
                 options: Mapping[str, OptionValue] | None = None, *, version: int = 1,
                 table: str | None = None) -> None:
        """Append a builtin operator.

        `inputs`, `outputs` are tensor indices (`NO_TENSOR` for one left out). `options` are fields of the operator's
        option table; what is not given keeps the schema's default. `table` overrides the table's name.
        """
        code = _member("BuiltinOperator", name, f"no builtin operator {name!r} in the schema")
        self._check(name, inputs, outputs)
        chosen = table or _options_table(name)
        if chosen is None and options:
            raise ValueError(f"operator {name}: it has no option table, but options {sorted(options)} were given")
        self._operators.append(_Operator(self.model._opcode(code, version, None), list(inputs), list(outputs), chosen,
                                         dict(options or {}), None))

    def custom_operator(self, custom_code: str, inputs: Sequence[int], outputs: Sequence[int],
                        custom_options: bytes = b"", *, version: int = 1) -> None:
        """Append a custom operator; `custom_options` are its bytes, usually a FlexBuffer."""
        self._check(custom_code, inputs, outputs)
        opcode = self.model._opcode(tflite.BuiltinOperator.CUSTOM, version, custom_code)
        self._operators.append(_Operator(opcode, list(inputs), list(outputs), None, {}, custom_options))

    def _add(self, tensor: _Tensor) -> int:
        quantization = tensor.quantization
        if quantization is not None and quantization.scales().size > 1:
            axis, count = quantization.axis, quantization.scales().size
            if axis is None or not 0 <= axis < len(tensor.shape) or tensor.shape[axis] != count:
                raise ValueError(f"tensor {tensor.name!r}: {count} scales do not fit axis {axis} of shape "
                                 f"{tensor.shape}")
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def _check(self, name: str, inputs: Sequence[int], outputs: Sequence[int]) -> None:
        for index in [*inputs, *outputs]:
            if index != NO_TENSOR and not 0 <= index < len(self._tensors):
                raise ValueError(f"operator {name}: no tensor {index}; the subgraph has {len(self._tensors)}")


class ModelWriter:
    """A model under construction: `subgraph()`, fill it, then `finish()` for the bytes of the file."""

    def __init__(self, description: str = "") -> None:
        self.description = description
        self._subgraphs: list[Subgraph] = []
        self._buffers: list[bytes] = [b""]  # buffer 0 is empty by convention: "no data"
        self._opcodes: list[tuple[int, int, str | None]] = []
        self._metadata: list[tuple[str, int]] = []

    def subgraph(self, name: str = "main") -> Subgraph:
        """Add a subgraph; the first one is the model's entry."""
        self._subgraphs.append(Subgraph(self, name))
        return self._subgraphs[-1]

    def metadata(self, name: str, data: bytes) -> None:
        """Attach bytes under a name, such as a memory plan (`OfflineMemoryAllocation`)."""
        self._metadata.append((name, self._buffer(data)))

    def finish(self) -> bytes:
        """The bytes of the `.tflite` file."""
        builder = flatbuffers.Builder(1024)
        codes = _offsets(builder, [self._write_opcode(builder, *opcode) for opcode in self._opcodes])
        graphs = _offsets(builder, [_write_subgraph(builder, graph) for graph in self._subgraphs])
        buffers = _offsets(builder, [_write_buffer(builder, data) for data in self._buffers])
        description = builder.CreateString(self.description)
        metadata = None
        if self._metadata:
            metadata = _offsets(builder, [_write_metadata(builder, *entry) for entry in self._metadata])
        tflite.ModelStart(builder)
        tflite.ModelAddVersion(builder, SCHEMA_VERSION)
        tflite.ModelAddOperatorCodes(builder, codes)
        tflite.ModelAddSubgraphs(builder, graphs)
        tflite.ModelAddDescription(builder, description)
        tflite.ModelAddBuffers(builder, buffers)
        if metadata is not None:
            tflite.ModelAddMetadata(builder, metadata)
        builder.Finish(tflite.ModelEnd(builder), file_identifier=FILE_IDENTIFIER)
        return bytes(builder.Output())

    def _buffer(self, data: bytes) -> int:
        self._buffers.append(data)
        return len(self._buffers) - 1

    def _opcode(self, code: int, version: int, custom: str | None) -> int:
        key = (code, version, custom)
        if key not in self._opcodes:
            self._opcodes.append(key)
        return self._opcodes.index(key)

    @staticmethod
    def _write_opcode(builder: Any, code: int, version: int, custom: str | None) -> int:
        name = builder.CreateString(custom) if custom is not None else None
        tflite.OperatorCodeStart(builder)
        # Readers older than the 32-bit field look at this byte, whose 127 means "see the other field".
        tflite.OperatorCodeAddDeprecatedBuiltinCode(builder, min(code, 127))
        if name is not None:
            tflite.OperatorCodeAddCustomCode(builder, name)
        tflite.OperatorCodeAddVersion(builder, version)
        tflite.OperatorCodeAddBuiltinCode(builder, code)
        return int(tflite.OperatorCodeEnd(builder))


def _member(enum: str, name: str, complaint: str) -> int:
    value = getattr(getattr(tflite, enum), name, None)
    if not isinstance(value, int):
        known = ", ".join(_names(enum))
        raise ValueError(f"{complaint}; it knows {known}")
    return value


def _tensor_type(tensor: str, dtype: npt.DTypeLike | str) -> int:
    name = dtype if isinstance(dtype, str) else np.dtype(dtype).name
    return _member("TensorType", name.upper(), f"tensor {tensor!r}: no tensor type {name!r}")


def _names(enum: str) -> list[str]:
    return sorted(name for name in vars(getattr(tflite, enum)) if not name.startswith("_"))


def _plain(name: str) -> str:
    """A name without the differences between the schema's spellings: CONV_2D, Conv2D and conv_2d are one."""
    return name.replace("_", "").lower()


def _options_table(operator: str) -> str | None:
    if operator in _SHARED_TABLES:
        return _SHARED_TABLES[operator]
    wanted = _plain(operator) + "options"
    return next((table for table in _names("BuiltinOptions") if table.lower() == wanted), None)


def _offsets(builder: Any, offsets: Sequence[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _write_buffer(builder: Any, data: bytes) -> int:
    vector = None
    if data:
        builder.StartVector(1, len(data), BUFFER_ALIGNMENT)
        builder.head -= len(data)
        builder.Bytes[builder.head : builder.head + len(data)] = data
        vector = builder.EndVector()
    tflite.BufferStart(builder)
    if vector is not None:
        tflite.BufferAddData(builder, vector)
    return int(tflite.BufferEnd(builder))


def _write_metadata(builder: Any, name: str, buffer: int) -> int:
    text = builder.CreateString(name)
    tflite.MetadataStart(builder)
    tflite.MetadataAddName(builder, text)
    tflite.MetadataAddBuffer(builder, buffer)
    return int(tflite.MetadataEnd(builder))


def _write_quantization(builder: Any, quantization: Quantization) -> int:
    scale = builder.CreateNumpyVector(quantization.scales())
    zero_point = builder.CreateNumpyVector(quantization.zero_points())
    tflite.QuantizationParametersStart(builder)
    tflite.QuantizationParametersAddScale(builder, scale)
    tflite.QuantizationParametersAddZeroPoint(builder, zero_point)
    tflite.QuantizationParametersAddQuantizedDimension(builder, quantization.axis or 0)
    return int(tflite.QuantizationParametersEnd(builder))


def _write_tensor(builder: Any, tensor: _Tensor) -> int:
    name = builder.CreateString(tensor.name)
    shape = builder.CreateNumpyVector(np.asarray(tensor.shape, np.int32))
    quantization = None if tensor.quantization is None else _write_quantization(builder, tensor.quantization)
    tflite.TensorStart(builder)
    tflite.TensorAddShape(builder, shape)
    tflite.TensorAddType(builder, tensor.type)
    tflite.TensorAddBuffer(builder, tensor.buffer)
    tflite.TensorAddName(builder, name)
    if quantization is not None:
        tflite.TensorAddQuantization(builder, quantization)
    tflite.TensorAddIsVariable(builder, tensor.is_variable)
    # A scalar has an empty shape; only this flag tells it from a tensor of unknown rank.
    tflite.TensorAddHasRank(builder, True)
    return int(tflite.TensorEnd(builder))


def _write_options(builder: Any, table: str, options: Mapping[str, OptionValue]) -> int:
    module = importlib.import_module(f"tflite.{table}")
    prefix = f"{table}Add"
    adders = {_plain(name[len(prefix):]): getattr(module, name) for name in vars(module) if name.startswith(prefix)}
    values: list[tuple[Any, Any]] = []
    for name, value in options.items():
        key = _plain(name)
        if key not in adders:
            raise ValueError(f"{table} has no field {name!r}; it has {', '.join(sorted(adders)) or 'none'}")
        values.append((adders[key], _option_value(builder, table, key, value)))
    getattr(module, f"{table}Start")(builder)
    for add, value in values:
        add(builder, value)
    return int(getattr(module, f"{table}End")(builder))


def _option_value(builder: Any, table: str, key: str, value: OptionValue) -> bool | int | float:
    """A scalar as it is, or the offset of a vector or string, which must be written before its table is started."""
    if isinstance(value, str):
        if key in _ENUM_FIELDS:
            return _member(_ENUM_FIELDS[key], value, f"{table}.{key}: no {_ENUM_FIELDS[key]} {value!r}")
        return int(builder.CreateString(value))
    if isinstance(value, bool | int | float):
        return value
    array = value if isinstance(value, np.ndarray) else np.asarray(value, np.int32)
    return int(builder.CreateNumpyVector(array))


def _write_operator(builder: Any, operator: _Operator) -> int:
    inputs = builder.CreateNumpyVector(np.asarray(operator.inputs, np.int32))
    outputs = builder.CreateNumpyVector(np.asarray(operator.outputs, np.int32))
    options = None if operator.table is None else _write_options(builder, operator.table, operator.options)
    custom = None if operator.custom_options is None else builder.CreateByteVector(operator.custom_options)
    tflite.OperatorStart(builder)
    tflite.OperatorAddOpcodeIndex(builder, operator.opcode_index)
    tflite.OperatorAddInputs(builder, inputs)
    tflite.OperatorAddOutputs(builder, outputs)
    if operator.table is not None:
        kind = _member("BuiltinOptions", operator.table, f"no option table {operator.table!r}")
        tflite.OperatorAddBuiltinOptionsType(builder, kind)
        tflite.OperatorAddBuiltinOptions(builder, options)
    if custom is not None:
        tflite.OperatorAddCustomOptions(builder, custom)
    return int(tflite.OperatorEnd(builder))


def _write_subgraph(builder: Any, graph: Subgraph) -> int:
    tensors = _offsets(builder, [_write_tensor(builder, tensor) for tensor in graph._tensors])
    operators = _offsets(builder, [_write_operator(builder, operator) for operator in graph._operators])
    inputs = builder.CreateNumpyVector(np.asarray(graph.inputs, np.int32))
    outputs = builder.CreateNumpyVector(np.asarray(graph.outputs, np.int32))
    name = builder.CreateString(graph.name)
    tflite.SubGraphStart(builder)
    tflite.SubGraphAddTensors(builder, tensors)
    tflite.SubGraphAddInputs(builder, inputs)
    tflite.SubGraphAddOutputs(builder, outputs)
    tflite.SubGraphAddOperators(builder, operators)
    tflite.SubGraphAddName(builder, name)
    return int(tflite.SubGraphEnd(builder))
