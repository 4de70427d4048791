"""Subgraphs and variables: IF, WHILE, CALL_ONCE, VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE against TensorFlow Lite Micro."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

sys.path.insert(0, str(Path(__file__).parent / "host"))
from control_cases import accumulator, branches, counting, nested
from control_generated import CASES
from host_interpreter import HostInterpreter, InterpreterError
from operator_cases import assert_same, seeded
from tflite_writer import ModelWriter, Quantization

Values = npt.NDArray[Any]
MODELS = 60


def reference(model: bytes) -> Any:
    package = pytest.importorskip("tflite_micro", reason="CONTROL FLOW NOT CHECKED: tflite-micro is not installed")
    return package.runtime.Interpreter.from_bytes(model, arena_size=1 << 20)


def run(model: bytes, steps: list[list[Values]], *, preserve: bool) -> list[bytes]:
    """Output 0 after each of `steps`, ours; it must equal the oracle's."""
    ours, theirs = HostInterpreter(model, preserve=preserve), reference(model)
    results = []
    for values in steps:
        for index, value in enumerate(values):
            ours.set_input(index, value)
            theirs.set_input(value, index)
        ours.invoke()
        theirs.invoke()
        wanted = theirs.get_output(0)
        got = ours.output(0, wanted.dtype, wanted.size)
        assert got.tobytes() == wanted.tobytes(), f"{got} is not {wanted}"
        results.append(got.tobytes())
    return results


@pytest.mark.parametrize("name", CASES)
def test_generated_models_equal_tensorflow_lite_micro(name: str) -> None:
    for index in range(MODELS):
        rng = seeded(name, index)
        assert_same(CASES[name](rng), rng, f"{name} case {index}")


def row(*values: float) -> Values:
    return np.array([values], np.float32)


@pytest.mark.parametrize("preserve", [True, False])
def test_if_runs_the_branch_that_the_condition_says(preserve: bool) -> None:
    values = row(-1.5, 2, 0, 3)
    yes, no = np.array([True]), np.array([False])
    first, second, third = run(branches(), [[yes, values], [no, values], [yes, values]], preserve=preserve)
    doubled = 2 * values
    assert np.array_equal(np.frombuffer(first, np.float32), (np.maximum(doubled, 0) + doubled)[0])
    assert np.array_equal(np.frombuffer(second, np.float32), np.zeros(4))
    assert third == first


@pytest.mark.parametrize("preserve", [True, False])
def test_while_runs_until_the_condition_is_false(preserve: bool) -> None:
    one = np.ones(1, np.float32)
    steps = [[0 * one, 3 * one], [20 * one, one], [-5 * one, 0.25 * one]]
    assert run(counting(), steps, preserve=preserve) == [b.tobytes() for b in (12 * one, 20 * one, 10 * one)]


@pytest.mark.parametrize("preserve", [True, False])
def test_variable_keeps_its_value_between_inferences(preserve: bool) -> None:
    step = [np.array([[1, 2, 3, -4]], np.int8)]
    assert run(accumulator(), [step] * 3, preserve=preserve)[-1] == np.array([3, 6, 9, -12], np.int8).tobytes()


def test_variable_begins_at_the_zero_point() -> None:
    step = [np.array([[-7, -6, -5, 0]], np.int8)]
    assert run(accumulator(zero_point=-7), [step], preserve=False)[0] == np.array([-7, -6, -5, 0], np.int8).tobytes()


def test_call_once_runs_in_the_first_inference_only() -> None:
    step = [np.array([[1, 1, 1, 1]], np.int8)]
    assert run(accumulator([5, -6, 7, -8]), [step] * 4, preserve=False)[-1] == np.array([9, -2, 11, -4], np.int8).tobytes()


@pytest.mark.parametrize("initial", [None, [5, -6, 7, -8]])
def test_reset_sets_variables_to_zero_and_does_not_call_once_again(initial: list[int] | None) -> None:
    model, step = accumulator(initial), np.array([[1, 2, 3, 4]], np.int8)
    ours, theirs = HostInterpreter(model, preserve=False), reference(model)
    for _ in range(2):
        for _ in range(2):
            ours.set_input(0, step)
            ours.invoke()
            theirs.set_input(step, 0)
            theirs.invoke()
            assert ours.output(0, np.int8, 4).tobytes() == theirs.get_output(0).tobytes()
        ours.reset()
        theirs.reset()
    assert ours.output(0, np.int8, 4).tolist() == [2, 4, 6, 8]


def test_subgraphs_nest() -> None:
    run(nested(8), [[np.array([[2]], np.float32)]], preserve=False)


@pytest.mark.parametrize("model", [nested(9), nested(0, recursive=True), nested(2, recursive=True)])
def test_recursion_and_deep_nesting_are_refused(model: bytes) -> None:
    with pytest.raises(InterpreterError) as caught:
        HostInterpreter(model)
    assert caught.value.reason == "subgraphs run themselves, or nest too deeply"


def test_branches_that_do_not_fit_are_refused() -> None:
    writer = ModelWriter()
    main, other = writer.subgraph(), writer.subgraph()
    condition, source = main.tensor("condition", (1,), "bool"), main.tensor("input", (1, 4), "float32")
    result = main.tensor("output", (1, 4), "float32")
    main.inputs, main.outputs = [condition, source], [result]
    main.operator("IF", [condition, source], [result], {"then_subgraph_index": 1, "else_subgraph_index": 1})
    a, b = other.tensor("input", (1, 5), "float32"), other.tensor("output", (1, 5), "float32")
    other.inputs, other.outputs = [a], [b]
    other.operator("NEG", [a], [b])
    with pytest.raises(InterpreterError) as caught:
        HostInterpreter(writer.finish())
    assert (caught.value.operator, caught.value.reason) == ("IF", "inputs or outputs are not those of the subgraphs")


def test_subgraph_that_does_not_exist_is_refused() -> None:
    writer = ModelWriter()
    writer.subgraph().operator("CALL_ONCE", [], [], {"init_subgraph_index": 1})
    with pytest.raises(InterpreterError) as caught:
        HostInterpreter(writer.finish())
    assert (caught.value.index, caught.value.reason) == (0, "subgraph that does not exist")


def test_failure_in_a_subgraph_names_it() -> None:
    with pytest.raises(InterpreterError) as caught:
        HostInterpreter(branches("RNN"))
    assert (caught.value.subgraph, caught.value.index, caught.value.operator) == (1, 0, "RNN")


def test_variable_that_is_never_assigned_is_refused_when_it_is_read() -> None:
    writer = ModelWriter()
    graph = writer.subgraph()
    handle, value = graph.tensor("handle", (), "resource"), graph.tensor("value", (1,), "int8", Quantization(1.0))
    graph.operator("VAR_HANDLE", [], [handle], {"shared_name": "x"})
    graph.operator("READ_VARIABLE", [handle], [value])
    graph.outputs = [value]
    interpreter = HostInterpreter(writer.finish())
    with pytest.raises(InterpreterError) as caught:
        interpreter.invoke()
    assert (caught.value.operator, caught.value.index) == ("READ_VARIABLE", 1)
    assert caught.value.reason == "variable is unknown, never assigned, or has another size"


@pytest.mark.parametrize("factor", [3, 200])
def test_custom_operator_gets_its_options_and_several_outputs(factor: int) -> None:
    writer = ModelWriter()
    graph = writer.subgraph()
    source, result = (graph.tensor(name, (1, 5), "int8", Quantization(1.0)) for name in ("input", "output"))
    total = graph.tensor("sum", (1,), "int32")
    graph.inputs, graph.outputs = [source], [result, total]
    graph.custom_operator("Scale", [source], [result, total], bytes([factor]))
    interpreter = HostInterpreter(writer.finish(), preserve=False)
    values = np.array([[1, -2, 30, 4, -128]], np.int8)
    interpreter.set_input(0, values)
    interpreter.invoke()
    wanted = values.astype(np.int32) * factor
    assert interpreter.output(0, np.int8, 5).tolist() == wanted.astype(np.int8)[0].tolist()
    assert interpreter.output(1, np.int32, 1)[0] == wanted.sum()
    assert interpreter.arena_use.scratch == 32  # 5 products of 4 bytes


def test_custom_operator_refuses_wrong_options() -> None:
    writer = ModelWriter()
    graph = writer.subgraph()
    tensors = [graph.tensor(name, (1, 5), "int8", Quantization(1.0)) for name in ("input", "output")]
    graph.inputs, graph.outputs = tensors[:1], tensors[1:]
    graph.custom_operator("Scale", tensors[:1], tensors[1:], b"12")
    with pytest.raises(InterpreterError) as caught:
        HostInterpreter(writer.finish())
    assert (caught.value.operator, caught.value.reason) == ("Scale", "options must be one byte")
