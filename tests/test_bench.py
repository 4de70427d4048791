"""`cmsim bench` on real runs of the prebuilt interpreter: figures, limits, errors, comparison."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmsim.bench import Options, bench
from cmsim.bench.check import check
from cmsim.bench.firmware import load_firmware
from cmsim.bench.session import ARENA_TOO_SMALL, ModelFailedError, Session
from cmsim.cli import main
from cmsim.errors import RunError, UsageError
from cmsim.record import to_json
from cmsim.tflite import ModelError, load, parse

FIRMWARE = Path(__file__).resolve().parents[1] / "firmware"
sys.path.insert(0, str(FIRMWARE / "tools"))
from tflite_writer import ModelWriter, Quantization, Subgraph

GESTURE = FIRMWARE / "apps" / "gesture" / "gesture.tflite"
SCALE = Quantization(0.5, 0)


def dense_graph(units: int = 4, depth: int = 8, *, version: int = 4) -> Subgraph:
    graph = ModelWriter().subgraph()
    source = graph.tensor("in", (1, depth), "int8", SCALE)
    weights = np.random.default_rng(1).integers(-127, 128, (units, depth)).astype(np.int8)
    result = graph.tensor("out", (1, units), "int8", SCALE)
    graph.operator("FULLY_CONNECTED", [source, graph.constant("w", weights, Quantization(0.01))], [result],
                   version=version)
    graph.inputs, graph.outputs = [source], [result]
    return graph


def pooled(size: int) -> bytes:
    """A model with two activations of `size` x `size` bytes at a time."""
    graph = ModelWriter().subgraph()
    source, result = (graph.tensor(name, (1, size, size, 1), "int8", SCALE) for name in ("in", "out"))
    graph.operator("MAX_POOL_2D", [source], [result],
                   {"padding": "VALID", "stride_w": 1, "stride_h": 1, "filter_width": 1, "filter_height": 1})
    graph.inputs, graph.outputs = [source], [result]
    return graph.model.finish()


@pytest.fixture
def write(tmp_path):
    def write(name: str, content: bytes) -> str:
        path = tmp_path / name
        path.write_bytes(content)
        return str(path)

    return write


@pytest.fixture(scope="module")
def gesture():
    return bench([str(GESTURE)], Options(kernels="reference", inferences=2))


# --- figures ------------------------------------------------------------------------------------------------


def test_operators_of_gesture(gesture):
    (model,) = gesture["models"]
    assert model["model"] == {"name": "gesture.tflite", "bytes": 4560, "constants": 624, "operators": 10, "macs": 11728}
    rows = model["operators"]
    assert [row["name"] for row in rows] == [*model["steps"], "between operators"]
    assert sum(row["cycles"] for row in rows) == model["cycles"]
    assert sum(row["share"] for row in rows) == pytest.approx(1)
    conv = rows[1]
    assert conv["shapes"] == "40x1x6 > 36x1x8"
    assert conv["inputs"] == ["INT8[1,40,1,6]", "INT8[8,5,1,6]", "INT32[8]"]
    assert conv["cycles_per_mac"] == conv["cycles"] / 8640
    assert conv["milliseconds"] == conv["cycles"] / 64_000
    assert 0 < rows[-1]["cycles"] < 2000
    assert all(inference["cycles"] > 100_000 for inference in model["inferences"])
    assert model["cycles"] == round(sum(i["cycles"] for i in model["inferences"]) / 2)


def test_result_is_the_models(gesture):
    (output,) = gesture["models"][0]["outputs"]
    assert output["name"] == "probabilities"
    assert sum(output["values"]) == pytest.approx(1, abs=0.02)


def test_flash_of_gesture(gesture):
    flash = gesture["models"][0]["flash"]
    assert flash["model"] == 4560
    assert flash["total"] == flash["model"] + flash["kernels"] + flash["interpreter"]
    assert flash["fits"]
    assert 3_000 < flash["interpreter"] < 20_000
    assert flash["kernels"] < load_firmware("reference").image.flash_used - flash["interpreter"]


def test_kernels_are_counted_once():
    firmware = load_firmware("reference")
    one = firmware.flash_needs(parse(dense_graph().model.finish(), "one"))
    assert 500 < one["kernels"] < firmware.flash_needs(load(GESTURE))["kernels"]


def test_arena_of_gesture(gesture):
    arena = gesture["models"][0]["arena"]
    assert sum(arena["use"].values()) == arena["used"]
    assert arena["minimum"] <= arena["used"] <= arena["size"]
    assert arena["minimum"] % 16 == 0


@pytest.mark.parametrize("kernels", ["dsp", "reference"])
def test_minimum_is_the_minimum(kernels):
    firmware, model = load_firmware(kernels), load(GESTURE)
    minimum = bench([str(GESTURE)], Options(kernels=kernels))["models"][0]["arena"]["minimum"]
    session = Session(firmware, model, arena=minimum)
    session.run()
    assert session.prepared is not None
    assert session.prepared.arena_size == minimum
    with pytest.raises(ModelFailedError, match="at least 16 bytes are missing") as caught:
        Session(firmware, model, arena=minimum - 16).run()
    assert (caught.value.status, caught.value.missing) == (ARENA_TOO_SMALL, 16)


def test_plan_of_gesture(gesture):
    model = gesture["models"][0]
    plan = model["plan"]
    assert max(block["place"] + block["bytes"] for block in plan) <= model["arena"]["use"]["activations"]
    by_name = {block["name"]: block for block in plan}
    assert by_name["motion"]["bytes"] == 960
    assert (by_name["conv"]["first"], by_name["conv"]["last"]) == (1, 2)
    for a in plan:
        for b in plan:
            if a is b or a["last"] is None or b["last"] is None or a["last"] <= b["first"] or b["last"] <= a["first"]:
                continue
            assert a["place"] >= b["place"] + b["bytes"] or b["place"] >= a["place"] + a["bytes"]


def test_clock_changes_milliseconds_only(gesture):
    slow = bench([str(GESTURE)], Options(kernels="reference", inferences=2, clock_mhz=16))["models"][0]
    fast = gesture["models"][0]
    assert slow["cycles"] == fast["cycles"]
    assert slow["milliseconds"] == 4 * fast["milliseconds"]
    assert slow["energy_microjoules"] == fast["energy_microjoules"]


def test_timing_and_cache():
    def cycles(**options: str | bool) -> int:
        record = bench([str(GESTURE)], Options(**options))
        assert record["timing"] == options.get("timing", "silicon")
        assert record["instruction_cache"] is options.get("cache", True)
        return record["models"][0]["cycles"]

    assert cycles(timing="manual") == cycles(timing="manual", cache=False)
    assert cycles(timing="instructions") < cycles() < cycles(cache=False)


def test_same_bytes_again(gesture):
    assert to_json(bench([str(GESTURE)], Options(kernels="reference", inferences=2))) == to_json(gesture)


def test_kernel_sets_agree():
    outputs = [bench([str(GESTURE)], Options(kernels=kernels, seed=7))["models"][0]["outputs"]
               for kernels in ("dsp", "reference")]
    assert outputs[0] == outputs[1]


def test_inputs_are_used_in_turn(write, tmp_path):
    graph = ModelWriter().subgraph()
    source, result = (graph.tensor(name, (1, 3), "int8", SCALE) for name in ("in", "out"))
    graph.operator("RELU", [source], [result])
    graph.inputs, graph.outputs = [source], [result]
    np.save(tmp_path / "in.npy", np.array([[-1, 2, -3], [4, -5, 6]], np.int8))
    path = write("relu.tflite", graph.model.finish())
    for inferences, expected in ((1, [0, 2, 0]), (2, [4, 0, 6]), (3, [0, 2, 0])):
        record = bench([path], Options(inferences=inferences, input=str(tmp_path / "in.npy")))["models"][0]
        assert record["outputs"][0]["values"] == expected
        assert record["input"] == "in.npy"


def test_branches_run_within_their_operator(write):
    writer = ModelWriter()
    graph = writer.subgraph("main")
    condition = graph.tensor("condition", (1,), "bool")
    source, result = (graph.tensor(name, (1, 4), "int8", SCALE) for name in ("in", "out"))
    graph.operator("IF", [condition, source], [result], {"then_subgraph_index": 1, "else_subgraph_index": 2})
    graph.inputs, graph.outputs = [condition, source], [result]
    for name in ("then", "else"):
        branch = writer.subgraph(name)
        inner, outer = (branch.tensor(name, (1, 4), "int8", SCALE) for name in ("a", "b"))
        branch.operator("RELU" if name == "then" else "RELU6", [inner], [outer])
        branch.inputs, branch.outputs = [inner], [outer]
    record = bench([write("if.tflite", writer.finish())], Options(inferences=6))["models"][0]
    rows = {(row["subgraph"], row["index"]): row for row in record["operators"]}
    assert rows[0, 0]["name"] == "IF"
    assert rows[1, 0]["calls"] + rows[2, 0]["calls"] == pytest.approx(1)
    assert rows[0, 0]["cycles"] > rows[1, 0]["cycles"] + rows[2, 0]["cycles"]
    assert rows[0, 0]["cycles"] + rows[None, None]["cycles"] == record["cycles"]
    assert record["steps"] is None


# --- what does not fit or does not run ----------------------------------------------------------------------


def error_of(path: str, **options) -> str:
    (model,) = bench([path], Options(**options))["models"]
    assert "\n" not in model["error"]
    return model["error"]


def test_too_small_an_arena(gesture):
    used = gesture["models"][0]["arena"]["used"]
    text = error_of(str(GESTURE), arena=1024, kernels="reference")
    assert text == f"{GESTURE}: the arena needs {used:,} bytes, {used - 1024:,} more than the 1,024 of --arena"


def test_too_much_ram(write):
    firmware = load_firmware("dsp")
    text = error_of(write("large.tflite", pooled(400)))
    assert "does not fit: the arena needs " in text
    missing = int(text.partition("needs ")[2].partition(" ")[0].replace(",", ""))
    room = firmware.arena_room[1]
    assert 2 * 400 * 400 - room < missing < 2 * 400 * 400 - room + 1024
    assert text.endswith(f"more than the {room:,} that the 262,144 bytes of RAM leave beside the stack")


def test_missing_operators_are_all_named(write):
    graph = ModelWriter().subgraph()
    tensors = [graph.tensor(str(n), (1, 4), "int8", SCALE) for n in range(4)]
    graph.operator("RELU", tensors[0:1], tensors[1:2])
    graph.custom_operator("Magic", tensors[1:2], tensors[2:3], version=2)
    graph.operator("HASHTABLE_SIZE", tensors[2:3], tensors[3:4], version=3)
    graph.inputs, graph.outputs = tensors[:1], tensors[3:]
    text = error_of(write("magic.tflite", graph.model.finish()))
    assert "operator 1 Magic (version 2): operator is missing" in text
    assert text.endswith("; also missing: 2 HASHTABLE_SIZE (version 3)")


def test_operator_version(write):
    text = error_of(write("new.tflite", dense_graph(version=99).model.finish()))
    assert "operator 0 FULLY_CONNECTED (version 99): operator version is not supported" in text


def test_too_much_flash_is_measured_all_the_same(write, capsys):
    path = write("wide.tflite", dense_graph(1100, 1000).model.finish())
    assert main(["bench", path]) == 1
    out, err = capsys.readouterr()
    assert "does not fit: " in out
    flash = bench([path], Options())["models"][0]["flash"]
    assert not flash["fits"]
    over = flash["total"] - 1024 * 1024
    assert err == f"cmsim: error: wide.tflite: does not fit: {over:,} bytes more flash than the chip's 1,048,576\n"


def test_far_too_much_flash(write):
    text = error_of(write("huge.tflite", dense_graph(9000, 1000).model.finish()))
    assert "does not fit: it needs 7,9" in text
    assert "bytes more flash than the 1,048,576 of the Nordic nRF52840" in text


def test_input_that_cannot_be_filled(write):
    graph = ModelWriter().subgraph()
    graph.inputs = graph.outputs = [graph.tensor("text", (1,), "string")]
    text = error_of(write("text.tflite", graph.model.finish()))
    assert text.endswith("input 'text' is STRING, which cannot be filled")


def test_unknown_kernels():
    with pytest.raises(UsageError, match="kernels 'fast' are not known; choose dsp or reference"):
        bench([str(GESTURE)], Options(kernels="fast"))


def test_missing_firmware(tmp_path):
    with pytest.raises(UsageError, match=r"bench-dsp\.json: cannot read the sizes of the bench firmware"):
        load_firmware("dsp", directory=tmp_path)


CONTENT = GESTURE.read_bytes()


@given(st.lists(st.tuples(st.integers(0, len(CONTENT) - 1), st.integers(0, 255)), min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_damaged_models_end_in_one_line(changes):
    content = bytearray(CONTENT)
    for position, value in changes:
        content[position] = value
    try:
        model = parse(bytes(content), "x.tflite")
        session = Session(load_firmware("reference"), model, measure=False)
        session.run()
    except (ModelError, ModelFailedError) as error:
        message = str(error)
    else:
        message = "fine"
    assert "\n" not in message


# --- comparison with TensorFlow Lite Micro ------------------------------------------------------------------


def test_all_tensors_are_equal():
    pytest.importorskip("tflite_micro")
    record = bench([str(GESTURE)], Options(inferences=3, check=True))["models"][0]
    assert record["check"] == {"tensors": 30, "equal": True, "difference": None}


def test_first_difference_is_named():
    pytest.importorskip("tflite_micro")
    model = load(GESTURE)
    values = [np.zeros((1, 40, 1, 6), np.float32)]
    session = Session(load_firmware("dsp"), model, feed=lambda inference: values)
    session.keep_tensors()
    session.run()
    computed = dict(session.computed[0])
    assert len(computed) == 10
    assert check(model, [values], [computed]).difference is None
    for index in (3, 5):
        changed = bytearray(computed[0, index])
        changed[7] ^= 1
        computed[0, index] = bytes(changed)
    result = check(model, [values], [computed])
    assert result.tensors == 3
    assert result.difference is not None
    assert result.difference.element == 7
    text = str(result.difference)
    assert text.startswith("inference 0, operator 2 MAX_POOL_2D: tensor 3 'pooled' (INT8[1,18,1,8]) differs in 1 ")


def test_model_that_the_wheel_refuses():
    pytest.importorskip("tflite_micro")
    graph = ModelWriter().subgraph()
    tensors = [graph.tensor(str(n), (1, 4), "int8", SCALE) for n in range(2)]
    graph.custom_operator("Magic", tensors[:1], tensors[1:])
    graph.inputs, graph.outputs = tensors[:1], tensors[1:]
    model = parse(graph.model.finish(), "x.tflite")
    with pytest.raises(RunError, match=r"x\.tflite: TensorFlow Lite Micro cannot"):
        check(model, [[np.zeros((1, 4), np.int8)]], [{(0, 1): b"1234"}])


def test_check_without_the_wheel(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tflite_micro", None)
    assert main(["bench", str(GESTURE), "--check"]) == 2
    assert "--check needs TensorFlow Lite Micro's Python package: pip install 'cmsim[check]'" in capsys.readouterr().err


# --- the command --------------------------------------------------------------------------------------------


def test_command(capsys, tmp_path):
    target, page = tmp_path / "record.json", tmp_path / "page.html"
    assert main(["bench", str(GESTURE), "--json", str(target), "--html", str(page)]) == 0
    out = capsys.readouterr().out
    record = json.loads(target.read_text())
    model = record["models"][0]
    assert out.startswith("gesture.tflite: 4,560 bytes, 10 operators, 11,728 MACs; dsp kernels\n")
    assert f"{model['cycles']:,} an inference" in out
    assert f"{model['arena']['minimum']:,} bytes at least" in out
    assert "energy: nRF52840 data-sheet currents at 3 V" in out
    assert max(map(len, out.splitlines())) < 110
    assert page.read_text().startswith("<!DOCTYPE html>")


def test_header_says_what_is_not_default(capsys):
    assert main(["bench", str(GESTURE), "--timing", "manual", "--cache", "off"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.endswith("; dsp kernels, timing manual, instruction cache off")


def test_energy_says_that_the_currents_are_those_with_the_cache(capsys):
    for cache, said in (("on", False), ("off", True)):
        assert main(["bench", str(GESTURE), "--cache", cache]) == 0
        assert ("the cache was off" in " ".join(capsys.readouterr().out.split())) is said


def test_unknown_timing(capsys):
    assert main(["bench", str(GESTURE), "--timing", "guess"]) == 2
    err = capsys.readouterr().err
    assert "--timing guess: not known; choose one of silicon, manual, cortex-m3, instructions" in err


def test_several_models_side_by_side(capsys, write):
    dense = write("dense.tflite", dense_graph().model.finish())
    broken = write("broken.tflite", b"nothing at all")
    assert main(["bench", dense, str(GESTURE), broken]) == 2
    out, err = capsys.readouterr()
    lines = out.splitlines()
    header = next(line for line in lines if "gesture" in line)
    assert header.split() == ["dense", "gesture"]
    macs = next(line for line in lines if line.startswith("MACs"))
    assert macs.split() == ["MACs", "32", "11,728"]
    assert err.count("\n") == 1
    assert "broken.tflite: not a TensorFlow Lite model" in err


@pytest.mark.parametrize("arguments", [
    ["--arena", "8"], ["--arena", "x"], ["--inferences", "0"], ["--clock", "0"], ["--clock", "nan"],
    ["--kernels", "no"], ["--cache", "maybe"],
])
def test_usage_errors(arguments, capsys):
    with pytest.raises(SystemExit) as leaving:
        main(["bench", str(GESTURE), *arguments])
    assert leaving.value.code == 2
    assert capsys.readouterr().err.startswith("cmsim: error: argument ")


def test_nothing_can_be_written_there(capsys, tmp_path):
    assert main(["bench", str(GESTURE), "--json", str(tmp_path / "no" / "x.json")]) == 2
    assert "x.json: cannot write there: No such file or directory" in capsys.readouterr().err
