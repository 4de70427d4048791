"""The reader of `.tflite` files, against the writer, the schema's bindings, and damage."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import tflite as schema
from hypothesis import given, settings
from hypothesis import strategies as st

from cmsim.tflite import ModelError, load, macs, parse
from cmsim.tflite.describe import describe, tensor_text
from cmsim.tflite.embed import embed, identifier
from cmsim.tflite.names import ENUMERATIONS, OPERATORS, TENSOR_TYPES, operator_name
from cmsim.tflite.options import TABLES

FIRMWARE = Path(__file__).resolve().parents[1] / "firmware"
sys.path.insert(0, str(FIRMWARE / "tools"))
from tflite_writer import NO_TENSOR, ModelWriter, Quantization

GESTURE = FIRMWARE / "apps" / "gesture" / "gesture.tflite"


def members(enumeration: str) -> dict[int, str]:
    return {value: name for name, value in vars(getattr(schema, enumeration)).items() if not name.startswith("_")}


# --- the schema ---------------------------------------------------------------------------------------------


def test_names_are_the_schemas():
    known = members("BuiltinOperator")
    assert [OPERATORS[code] for code in known] == list(known.values())
    assert list(members("TensorType").values()) == [TENSOR_TYPES[code] for code in members("TensorType")]
    for ours, theirs in (("Activation", "ActivationFunctionType"), ("Padding", "Padding"),
                         ("MirrorPadMode", "MirrorPadMode"), ("LstmKernel", "LSTMKernelType")):
        assert dict(enumerate(ENUMERATIONS[ours])) == members(theirs)
    assert operator_name(4711) == "BUILTIN_4711"


def slots_of(table: str) -> list[tuple[str, str, str]]:
    """(name, type, default) of a table's fields as the bindings write them; "-" for slots no longer used."""
    source = inspect.getsource(importlib.import_module(f"tflite.{table}"))
    found = {}
    for type_, slot, name, default in re.findall(r"Prepend(\w+)Slot\((\d+), (.*?), ([^,()]*)\)", source):
        plain = re.sub(r".*\((\w+)\)", r"\1", name).lower()
        found[int(slot)] = (plain, type_, default)
    return [found.get(slot, ("-", "", "")) for slot in range(max(found, default=-1) + 1)]


ABBREVIATIONS = {"fusedactivationfunction": "activation", "dilationwfactor": "dilationw",
                 "dilationhfactor": "dilationh", "dilationdfactor": "dilationd",
                 "filterwidth": "filterw", "filterheight": "filterh", "quantizedbiastype": "biastype"}
TYPES = {"int": "Int32", "float": "Float32", "bool": "Bool", "long": "Int64", "ints": "UOffsetTRelative",
         "str": "UOffsetTRelative"}


@pytest.mark.parametrize("kind", sorted(members("BuiltinOptions")))
def test_option_tables_are_the_schemas(kind):
    name = members("BuiltinOptions")[kind]
    theirs = slots_of(name) if name != "NONE" else []
    if kind not in TABLES:
        not_shown = {"ConcatEmbeddingsOptions", "LSHProjectionOptions", "SkipGramOptions", "BucketizeOptions",
                     "EmbeddingLookupSparseOptions"}
        assert not theirs or name in not_shown
        return
    ours = TABLES[kind].split()
    assert len(ours) == len(theirs)
    for text, (field, type_, default) in zip(ours, theirs, strict=True):
        own_name, _, own_type = text.partition(":")
        own_type, _, own_default = own_type.partition("=")
        assert own_name.replace("_", "") == ABBREVIATIONS.get(field, field)
        if own_name == "-":
            continue
        expected = "Uint32" if name == "CallOptions" else TYPES.get(own_type, "Int8")
        assert type_ == expected
        if type_ != "UOffsetTRelative":
            assert float(own_default or 0) == float(default)


# --- reading ------------------------------------------------------------------------------------------------


def test_gesture_model():
    model = load(GESTURE)
    assert model.name == "gesture.tflite"
    assert [(t.name, t.shape, t.type) for t in model.inputs] == [("motion", (1, 40, 1, 6), "FLOAT32")]
    assert [(t.name, t.shape, t.type) for t in model.outputs] == [("probabilities", (1, 4), "FLOAT32")]
    assert [operator.name for operator in model.operators] == [
        "QUANTIZE", "CONV_2D", "MAX_POOL_2D", "DEPTHWISE_CONV_2D", "CONV_2D", "AVERAGE_POOL_2D", "RESHAPE",
        "FULLY_CONNECTED", "SOFTMAX", "DEQUANTIZE"]
    conv = model.operators[1]
    assert conv.options["padding"] == "VALID"
    assert conv.options["activation"] == "RELU"
    weights = model.subgraphs[0].tensors[conv.inputs[1]]
    assert weights.quantization is not None
    assert len(weights.quantization.scales) == weights.shape[weights.quantization.axis] == 8
    assert weights.bytes == weights.data.nbytes == 240
    assert model.operator_versions()["CONV_2D", False] == 3
    assert model.constant_bytes == 624
    # 36 x 8 outputs of 5 x 6 taps, and so on
    assert [macs(model.subgraphs[0], operator) for operator in model.operators] == [
        0, 36 * 8 * 30, 0, 18 * 8 * 5, 18 * 16 * 8, 0, 0, 64, 0, 0]


def small_model(**fields: object) -> bytes:
    writer = ModelWriter("two layers")
    graph = writer.subgraph("main")
    scale = Quantization(0.5, 3)
    source = graph.tensor("in", (2, 8), "int8", scale)
    weights = graph.constant("weights", np.arange(32, dtype=np.int8).reshape(4, 8), Quantization(0.25))
    middle = graph.tensor("middle", (2, 4), "int8", scale)
    graph.operator("FULLY_CONNECTED", [source, weights, NO_TENSOR], [middle], {"fused_activation_function": "RELU6"},
                   version=4)
    result = graph.tensor("out", (2, 4), "int8", scale)
    graph.custom_operator("My op-1", [middle], [result], b"abc", version=2)
    graph.inputs, graph.outputs = [source], [result]
    return writer.finish()


def test_custom_operator_and_left_out_tensor():
    model = parse(small_model(), "small.tflite")
    dense, custom = model.operators
    assert dense.inputs == (0, 1, -1)
    assert dense.options["activation"] == "RELU6"
    assert dense.options["keep_num_dims"] is False
    assert (custom.name, custom.version, custom.is_custom, custom.custom_options) == ("My op-1", 2, True, 3)
    assert macs(model.subgraphs[0], dense) == 2 * 4 * 8
    assert macs(model.subgraphs[0], custom) == 0
    assert model.operator_versions() == {("FULLY_CONNECTED", False): 4, ("My op-1", True): 2}
    assert bytes(model.subgraphs[0].tensors[1].data) == bytes(range(32))
    assert model.description == "two layers"


MAC_CASES = [
    ("CONV_2D", [(1, 9, 9, 4), (16, 3, 3, 4)], (1, 7, 7, 16), 7 * 7 * 16 * 36),
    ("CONV_2D", [(1, 9, 9, 4), (16, 3, 3, 2)], (1, 7, 7, 16), 7 * 7 * 16 * 18),  # two groups
    ("DEPTHWISE_CONV_2D", [(1, 9, 9, 4), (1, 3, 3, 8)], (1, 9, 9, 8), 81 * 8 * 9),
    ("FULLY_CONNECTED", [(3, 10), (5, 10)], (3, 5), 150),
    ("BATCH_MATMUL", [(2, 3, 4), (2, 4, 5)], (2, 3, 5), 2 * 3 * 5 * 4),
    ("BATCH_MATMUL", [(2, 4, 3), (2, 5, 4)], (2, 3, 5), 2 * 3 * 5 * 4),  # both transposed
    ("ADD", [(2, 4), (2, 4)], (2, 4), 0),
]


@pytest.mark.parametrize(("name", "inputs", "output", "expected"), MAC_CASES)
def test_macs(name, inputs, output, expected):
    graph = ModelWriter().subgraph()
    tensors = [graph.tensor(str(number), shape, "int8") for number, shape in enumerate((*inputs, output))]
    graph.operator(name, tensors[:-1], tensors[-1:])
    model = parse(graph.model.finish(), "macs.tflite")
    assert macs(model.subgraphs[0], model.operators[0]) == expected


def test_macs_of_transpose_conv_svdf_and_lstm():
    graph = ModelWriter().subgraph()

    def tensor(*shape: int) -> int:
        return graph.tensor("t", shape, "int8")

    graph.operator("TRANSPOSE_CONV", [tensor(4), tensor(8, 3, 3, 2), tensor(1, 5, 5, 2)], [tensor(1, 10, 10, 8)])
    graph.operator("SVDF", [tensor(2, 16), tensor(12, 16), tensor(12, 5)], [tensor(2, 12)])
    gates = [tensor(6, 4) for _ in range(4)] + [tensor(6, 6) for _ in range(4)]
    rest = [NO_TENSOR] * 15
    graph.operator("UNIDIRECTIONAL_SEQUENCE_LSTM", [tensor(1, 7, 4), *gates, *rest], [tensor(1, 7, 6)])
    model = parse(graph.model.finish(), "macs.tflite")
    counts = [macs(model.subgraphs[0], operator) for operator in model.operators]
    assert counts == [25 * 2 * 9 * 8, 2 * (12 * 16 + 12 * 5), 7 * 4 * (6 * 4 + 6 * 6)]


# --- text ---------------------------------------------------------------------------------------------------


def test_describe():
    lines = list(describe(parse(small_model(), "small.tflite")))
    assert lines[0] == "small.tflite: two layers"
    assert "MACs         64 an inference" in lines
    assert "  0 FULLY_CONNECTED (version 4, 64 MACs)" in lines
    assert "  1 custom My op-1 (version 2)" in lines
    assert "    <- none" in lines
    assert "      3 bytes of custom options" in lines
    assert "input 0      #0 in: INT8[2,8], 16 bytes, scale 0.5, zero point 3" in lines


def test_per_channel_quantisation_in_words():
    model = load(GESTURE)
    weights = model.subgraphs[0].tensors[model.operators[1].inputs[1]]
    assert re.search(r"240 bytes constant, 8 scales [\d.]+ to [\d.]+ along axis 0$", tensor_text(weights))


def test_embed_names():
    source = embed(parse(small_model(), "sm\nall.tflite"), "net")
    assert source.startswith("// sm_all.tflite, made into C++")
    assert "const cmsim::OpResolver<2> g_net_operators = cmsim::op_resolver(" in source
    assert "extern const cmsim::Registration My_op_1;" in source
    assert "    My_op_1);  // custom operator 'My op-1'" in source
    assert identifier("7up") == "operator_7up"


def test_embed_without_operators():
    with pytest.raises(ModelError, match=r"^empty\.tflite: the model has no operators: nothing would run$"):
        embed(parse(ModelWriter().subgraph().model.finish(), "empty.tflite"))


# --- damage -------------------------------------------------------------------------------------------------


def test_missing_file(tmp_path):
    with pytest.raises(ModelError, match=r"nothing\.tflite: cannot read the model: No such file"):
        load(tmp_path / "nothing.tflite")


@pytest.mark.parametrize(("content", "message"), [
    (b"", "not a TensorFlow Lite model"),
    (b"\x7fELF" + bytes(60), "not a TensorFlow Lite model but an ELF file"),
    (bytes(64), r"not a TensorFlow Lite model: the file identifier is '\\x00\\x00\\x00\\x00', not 'TFL3'"),
    (b"\xff\xff\xff\xffTFL3", "damaged model: 4 bytes at offset"),
    (b"\x00\x00\x00\x00TFL3" + bytes(8), "damaged model: the offset at 0 is zero"),
])
def test_not_a_model(content, message):
    with pytest.raises(ModelError, match=message):
        parse(content, "x.tflite")


def test_schema_version():
    content = bytearray(GESTURE.read_bytes())
    root = int.from_bytes(content[:4], "little")
    vtable = root - int.from_bytes(content[root : root + 4], "little", signed=True)
    field = root + int.from_bytes(content[vtable + 4 : vtable + 6], "little")
    content[field] = 9
    with pytest.raises(ModelError, match="schema version 9 is not supported, only 3"):
        parse(bytes(content), "x.tflite")


def test_control_characters_in_names_are_replaced():
    graph = ModelWriter().subgraph()
    source = graph.tensor("a\x1b[31mb", (1,), "int8")
    graph.inputs = [source]
    assert parse(graph.model.finish(), "x.tflite").inputs[0].name == "a\ufffd[31mb"


def test_constant_that_is_cut_off():
    graph = ModelWriter().subgraph()
    graph.packed_constant("short", (4, 4), "int8", bytes(15))
    with pytest.raises(ModelError, match=r"tensor 0 \('short'\) has 15 bytes of data, not 16"):
        parse(graph.model.finish(), "x.tflite")


CONTENT = GESTURE.read_bytes()


def survives(content: bytes) -> None:
    """Either a model that can be described, or an error."""
    try:
        model = parse(content, "x.tflite")
    except ModelError as error:
        lines = str(error).splitlines()
    else:
        lines = list(describe(model))
    assert lines
    assert not any("\n" in line for line in lines)


@given(st.integers(0, len(CONTENT) - 1))
@settings(max_examples=60, deadline=None)
def test_truncated(length):
    survives(CONTENT[:length])


@given(st.lists(st.tuples(st.integers(0, len(CONTENT) - 1), st.integers(0, 255)), min_size=1, max_size=8))
@settings(max_examples=300, deadline=None)
def test_mutated(changes):
    content = bytearray(CONTENT)
    for position, value in changes:
        content[position] = value
    survives(bytes(content))


@given(st.integers(0, len(CONTENT) // 4 - 1), st.sampled_from([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]))
@settings(max_examples=300, deadline=None)
def test_extreme_words(index, value):
    content = bytearray(CONTENT)
    content[4 * index : 4 * index + 4] = value.to_bytes(4, "little")
    survives(bytes(content))
