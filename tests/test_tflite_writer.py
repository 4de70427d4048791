"""Models that the writer makes: they load and run in the TensorFlow Lite Micro wheel, and hold what was asked for."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import tflite

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "firmware/tools")]

from tflite_writer import NO_TENSOR, ModelWriter, Quantization


def interpreter(model: bytes):
    runtime = pytest.importorskip("tflite_micro").python.tflite_micro.runtime
    return runtime.Interpreter.from_bytes(model, arena_size=64 * 1024)


def run(model: bytes, *inputs: np.ndarray) -> np.ndarray:
    machine = interpreter(model)
    for index, values in enumerate(inputs):
        machine.set_input(values, index)
    machine.invoke()
    return np.array(machine.get_output(0))


def single(operator: str, inputs, output, options=None, **more) -> bytes:
    """A model of one operator: `inputs` are (shape, dtype, quantisation) or constant arrays, `output` the former."""
    writer = ModelWriter("test")
    graph = writer.subgraph()
    indices = []
    for number, one in enumerate(inputs):
        if isinstance(one, tuple) and isinstance(one[0], np.ndarray):
            indices.append(graph.constant(f"constant{number}", *one))
        elif isinstance(one, np.ndarray):
            indices.append(graph.constant(f"constant{number}", one))
        else:
            indices.append(graph.tensor(f"input{number}", *one))
            graph.inputs.append(indices[-1])
    graph.outputs = [graph.tensor("output", *output)]
    graph.operator(operator, indices, graph.outputs, options, **more)
    return writer.finish()


def test_file_identifier_and_version():
    model = ModelWriter("what it is")
    model.subgraph("first")
    data = model.finish()
    assert data[4:8] == b"TFL3"
    root = tflite.Model.GetRootAs(data)
    assert (root.Version(), root.Description(), root.Subgraphs(0).Name()) == (3, b"what it is", b"first")
    assert root.Buffers(0).DataLength() == 0


def test_fully_connected():
    weights = np.arange(12, dtype=np.int8).reshape(3, 4)
    model = single("FULLY_CONNECTED",
                   [((1, 4), "int8", Quantization(0.5, 1)), (weights, Quantization(0.25)),
                    (np.array([8, 0, -8], np.int32), Quantization(0.125))],
                   ((1, 3), "int8", Quantization(0.5, -3)), {"fused_activation_function": "RELU"}, version=4)
    x = np.array([[1, 3, 5, -7]], np.int8)
    real = np.maximum((x.astype(int) - 1) @ weights.T * 0.125 + np.array([1, 0, -1]), 0)
    assert run(model, x).tolist() == (np.floor(real / 0.5 + 0.5) - 3).astype(int).tolist()


def test_optional_input_is_left_out():
    writer = ModelWriter()
    graph = writer.subgraph()
    x = graph.tensor("x", (1, 2), "float32")
    y = graph.tensor("y", (1, 1), "float32")
    weights = graph.constant("w", np.array([[2.0, -1.0]], np.float32))
    graph.operator("FULLY_CONNECTED", [x, weights, NO_TENSOR], [y])
    graph.inputs, graph.outputs = [x], [y]
    assert run(writer.finish(), np.array([[3.0, 4.0]], np.float32)).tolist() == [[2.0]]


def test_conv_2d_per_channel():
    weights = np.array([[[[1], [2]]], [[[3], [-4]]]], np.int8)  # [out 2, height 1, width 2, in 1]
    model = single("CONV_2D",
                   [((1, 1, 4, 1), "int8", Quantization(1.0, 0)), (weights, Quantization([1.0, 0.5], [0, 0], axis=0)),
                    (np.array([1, 2], np.int32), Quantization([1.0, 0.5], [0, 0], axis=0))],
                   ((1, 1, 2, 2), "int8", Quantization(1.0, 0)),
                   {"padding": "VALID", "stride_w": 2, "stride_h": 1, "fused_activation_function": "NONE"}, version=3)
    got = run(model, np.array([1, 2, 3, 4], np.int8).reshape(1, 1, 4, 1))
    # Channel 0: 1x1+2x2+1, 1x3+2x4+1. Channel 1: (3x1-4x2+2)/2 = -1.5, (9-16+2)/2 = -2.5;
    # gemmlowp's doubling high multiply rounds ties up.
    assert got[0, 0, :, 0].tolist() == [6, 12]
    assert got[0, 0, :, 1].tolist() == [-1, -2]


def test_depthwise_conv_2d():
    weights = np.array([1, 10, 2, 20], np.float32).reshape(1, 2, 1, 2)
    model = single("DEPTHWISE_CONV_2D", [((1, 3, 1, 2), "float32"), weights, np.zeros(2, np.float32)],
                   ((1, 3, 1, 2), "float32"),
                   {"padding": "SAME", "stride_w": 1, "stride_h": 1, "depth_multiplier": 1})
    got = run(model, np.arange(1, 7, dtype=np.float32).reshape(1, 3, 1, 2))
    assert got[0, :, 0, :].tolist() == [[1 + 6, 20 + 80], [3 + 10, 40 + 120], [5, 60]]


@pytest.mark.parametrize(("operator", "expected"),
                         [("AVERAGE_POOL_2D", [[2.5], [6.5]]), ("MAX_POOL_2D", [[4.0], [8.0]])])
def test_pooling(operator, expected):
    model = single(operator, [((1, 4, 2, 1), "float32")], ((1, 2, 1, 1), "float32"),
                   {"padding": "VALID", "stride_w": 2, "stride_h": 2, "filter_width": 2, "filter_height": 2})
    assert run(model, np.arange(1, 9, dtype=np.float32).reshape(1, 4, 2, 1))[0, :, 0].tolist() == expected


def test_reshape_softmax():
    model = single("RESHAPE", [((2, 3), "float32"), np.array([3, 2], np.int32)], ((3, 2), "float32"),
                   {"new_shape": [3, 2]})
    assert run(model, np.arange(6, dtype=np.float32).reshape(2, 3)).tolist() == [[0, 1], [2, 3], [4, 5]]
    model = single("SOFTMAX", [((1, 2), "float32")], ((1, 2), "float32"), {"beta": 2.0})
    assert run(model, np.array([[0.0, np.log(3) / 2]], np.float32))[0] == pytest.approx([0.25, 0.75])


def test_quantize_dequantize():
    model = single("QUANTIZE", [((1, 4), "float32")], ((1, 4), "int8", Quantization(0.5, 10)))
    assert run(model, np.array([[0.0, 1.0, -3.5, 1e6]], np.float32)).tolist() == [[10, 12, 3, 127]]
    model = single("DEQUANTIZE", [((1, 3), "int8", Quantization(0.5, 10))], ((1, 3), "float32"), version=2)
    assert run(model, np.array([[10, 12, 3]], np.int8)).tolist() == [[0.0, 1.0, -3.5]]


@pytest.mark.parametrize(("operator", "options", "inputs", "output", "values", "expected"), [
    ("ADD", {"fused_activation_function": "RELU6"}, [(2,), (2,)], (2,), [[1, 5], [2, 4]], [3, 6]),
    ("MAXIMUM", {}, [(2,), (2,)], (2,), [[1, 5], [2, 4]], [2, 5]),
    ("RELU", None, [(2,)], (2,), [[-1, 5]], [0, 5]),
    ("LEAKY_RELU", {"alpha": 0.5}, [(2,)], (2,), [[-1, 5]], [-0.5, 5]),
    ("MEAN", {"keep_dims": True}, [(1, 2), np.array([1], np.int32)], (1, 1), [[[2, 4]]], [[3]]),
    ("SQUEEZE", {"squeeze_dims": [0]}, [(1, 2)], (2,), [[[2, 4]]], [2, 4]),
    ("CONCATENATION", {"axis": 0}, [(1,), (2,)], (3,), [[1], [2, 3]], [1, 2, 3]),
    ("PACK", {"axis": 0, "values_count": 2}, [(1,), (1,)], (2, 1), [[1], [2]], [[1], [2]]),
    ("STRIDED_SLICE", {"begin_mask": 1},
     [(4,), np.array([9], np.int32), np.array([4], np.int32), np.array([2], np.int32)], (2,), [[1, 2, 3, 4]], [1, 3]),
    ("BATCH_MATMUL", {"adj_y": True}, [(1, 2), (1, 2)], (1, 1), [[[1, 2]], [[3, 4]]], [[11]]),
    ("SPACE_TO_BATCH_ND", {}, [(1, 2, 1, 1), np.array([2, 1], np.int32), np.zeros((2, 2), np.int32)], (2, 1, 1, 1),
     [[[[[7]], [[8]]]]], [[[[7]]], [[[8]]]]),
])
def test_other_operators_by_name(operator, options, inputs, output, values, expected):
    model = single(operator, [one if isinstance(one, np.ndarray) else (one, "float32") for one in inputs],
                   (output, "float32"), options)
    assert run(model, *(np.array(value, np.float32) for value in values)).tolist() == expected


def test_every_builtin_operator_of_tflm_finds_its_table():
    """Operators with and without a table, spelt by the schema in three ways."""
    tables = {"CONV_2D": "Conv2DOptions", "SVDF": "SVDFOptions", "UNIDIRECTIONAL_SEQUENCE_LSTM":
              "UnidirectionalSequenceLSTMOptions", "RESIZE_NEAREST_NEIGHBOR": "ResizeNearestNeighborOptions",
              "ARG_MAX": "ArgMaxOptions", "CAST": "CastOptions", "VAR_HANDLE": "VarHandleOptions",
              "WHILE": "WhileOptions",
              "REDUCE_MAX": "ReducerOptions", "MIRROR_PAD": "MirrorPadOptions", "LOGISTIC": "NONE", "TANH": "NONE"}
    options = {"VAR_HANDLE": {"container": "c", "shared_name": "s"}, "CAST": {"in_data_type": "INT8"}}
    writer = ModelWriter()
    graph = writer.subgraph()
    for name in tables:
        graph.operator(name, [], [], options.get(name))
    root = tflite.Model.GetRootAs(writer.finish())
    for index, table in enumerate(tables.values()):
        assert root.Subgraphs(0).Operators(index).BuiltinOptionsType() == getattr(tflite.BuiltinOptions, table)
    handle = tflite.VarHandleOptions()
    union = root.Subgraphs(0).Operators(list(tables).index("VAR_HANDLE")).BuiltinOptions()
    handle.Init(union.Bytes, union.Pos)
    assert (handle.Container(), handle.SharedName()) == (b"c", b"s")


def test_operator_codes_are_shared_and_carry_versions():
    writer = ModelWriter()
    graph = writer.subgraph()
    for version in (1, 2, 1):
        graph.operator("BROADCAST_ARGS", [], [], version=version)  # code 145: beyond the old one-byte field
    root = tflite.Model.GetRootAs(writer.finish())
    codes = [root.OperatorCodes(index) for index in range(root.OperatorCodesLength())]
    assert [(c.DeprecatedBuiltinCode(), c.BuiltinCode(), c.Version()) for c in codes] == [(127, 145, 1), (127, 145, 2)]


def test_custom_operator_and_packed_constant():
    writer = ModelWriter()
    graph = writer.subgraph()
    constant = graph.packed_constant("w", (4,), "int4", b"\x21\x43", Quantization(1.0))
    graph.custom_operator("Mine", [constant], [], b"\x01\x02")
    root = tflite.Model.GetRootAs(writer.finish())
    operator = root.Subgraphs(0).Operators(0)
    assert root.OperatorCodes(0).CustomCode() == b"Mine"
    assert operator.CustomOptionsAsNumpy().tolist() == [1, 2]
    assert root.Subgraphs(0).Tensors(0).Type() == tflite.TensorType.INT4


def test_scalars_variables_and_several_subgraphs():
    writer = ModelWriter()
    first, second = writer.subgraph("one"), writer.subgraph("two")
    first.constant("scalar", np.float32(2.5))
    second.tensor("state", (3,), "int16", is_variable=True)
    root = tflite.Model.GetRootAs(writer.finish())
    scalar, state = root.Subgraphs(0).Tensors(0), root.Subgraphs(1).Tensors(0)
    assert (scalar.ShapeLength(), scalar.HasRank(), state.IsVariable()) == (0, True, True)
    assert root.Buffers(scalar.Buffer()).DataAsNumpy().view(np.float32).tolist() == [2.5]


@pytest.mark.parametrize("size", [1, 5, 16, 33])
def test_constants_are_aligned_to_16_bytes(size):
    writer = ModelWriter("x" * size)
    graph = writer.subgraph("y" * size)
    for number in range(3):
        graph.constant("c", np.full(size, 100 + number, np.uint8))
    data = writer.finish()
    root = tflite.Model.GetRootAs(data)
    for number in range(3):
        assert data.index(bytes([100 + number] * size)) % 16 == 0
        assert root.Buffers(number + 1).DataAsNumpy().tolist() == [100 + number] * size


def test_same_calls_same_bytes():
    def build() -> bytes:
        return single("SOFTMAX", [((1, 2), "int8", Quantization(0.1, 3))],
                      ((1, 2), "int8", Quantization(1 / 256, -128)), {"beta": 1.0})
    assert build() == build()


@pytest.mark.parametrize(("call", "message"), [
    (lambda w, g, x: g.operator("CONV_3", [x], [x]), "no builtin operator 'CONV_3'"),
    (lambda w, g, x: g.operator("RELU", [x], [x], {"alpha": 1}), "RELU: it has no option table"),
    (lambda w, g, x: g.operator("SOFTMAX", [x], [x], {"gamma": 1}), "SoftmaxOptions has no field 'gamma'; it has beta"),
    (lambda w, g, x: g.operator("CONV_2D", [x], [x], {"padding": "FULL"}), "no Padding 'FULL'; it knows SAME, VALID"),
    (lambda w, g, x: g.operator("SOFTMAX", [x, 7], [x]), "SOFTMAX: no tensor 7; the subgraph has 1"),
    (lambda w, g, x: g.tensor("t", (1,), "int7"), "tensor 't': no tensor type 'int7'"),
    (lambda w, g, x: g.tensor("t", (2, 3), "int8", Quantization([1.0, 2.0])), "2 scales do not fit axis None"),
    (lambda w, g, x: g.tensor("t", (2, 3), "int8", Quantization([1.0, 2.0], axis=1)), "2 scales do not fit axis 1"),
])
def test_errors(call, message):
    writer = ModelWriter()
    graph = writer.subgraph()
    x = graph.tensor("x", (2, 3), "int8", Quantization(1.0))

    def write() -> None:
        call(writer, graph, x)
        writer.finish()

    with pytest.raises(ValueError, match=message):
        write()
