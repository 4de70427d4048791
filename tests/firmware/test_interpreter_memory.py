"""The arena: planning, in-place operators, offline plans, several models in one arena, what is reported of its use."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent / "host"))
import control_cases
import memory_cases
from host_interpreter import FIRMWARE, Arena, HostInterpreter, InterpreterError, library
from support.tflite_micro import reference_arena
from tflite_writer import ModelWriter, Quantization

GESTURE = (FIRMWARE / "apps/gesture/gesture.tflite").read_bytes()
NONE, TO_BE_PLANNED = 0xFFFF, 0xFFFFFFFF
ALIGNMENT = 16


def used(model: bytes, **options: Any) -> int:
    return HostInterpreter(model, preserve=False, **options).arena_used


def plan(blocks: list[tuple[int, int, int, int, int]]) -> tuple[int, list[int]]:
    """Blocks are bytes, first, last, share, place; gives the bytes needed and the places."""
    rows = (ctypes.c_uint32 * (5 * len(blocks)))(*[value for block in blocks for value in block])
    size = library().cmsim_plan(rows, len(blocks), ALIGNMENT)
    return size, [int(rows[5 * i + 4]) for i in range(len(blocks))]


def block(size: int, first: int, last: int, share: int = NONE, place: int = TO_BE_PLANNED) -> tuple[int, int, int, int, int]:
    return size, first, last, share, place


# --- The planner ---


def test_blocks_that_live_apart_share_memory() -> None:
    assert plan([block(100, 0, 1), block(60, 2, 3)]) == (112, [0, 0])


def test_blocks_that_live_at_the_same_step_do_not() -> None:
    assert plan([block(100, 0, 2), block(60, 2, 3)]) == (176, [0, 112])


def test_small_block_goes_into_a_gap() -> None:
    assert plan([block(64, 0, 9), block(48, 0, 1), block(32, 1, 9), block(48, 2, 9)]) == (144, [0, 64, 112, 64])


def test_output_lies_over_its_input_where_the_operator_allows_it() -> None:
    assert plan([block(100, 0, 1), block(100, 1, 2, share=0), block(100, 2, 3, share=1)]) == (112, [0, 0, 0])


def test_smaller_output_too_but_not_beside() -> None:
    assert plan([block(100, 0, 1), block(30, 1, 2, share=0)]) == (112, [0, 0])


def test_fixed_places_are_kept_and_planned_around() -> None:
    assert plan([block(64, 0, 1, place=32), block(32, 0, 1), block(48, 0, 1)]) == (144, [32, 0, 96])


def test_fixed_places_that_overlap_are_refused() -> None:
    assert plan([block(64, 0, 1, place=32), block(64, 1, 2, place=64)])[0] == ctypes.c_size_t(-1).value


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 12), st.integers(0, 6), st.integers(-1, 40)), max_size=40))
def test_no_two_blocks_that_live_together_overlap(drawn: list[tuple[int, int, int, int]]) -> None:
    blocks = [block(size, first, first + length, share if 0 <= share < index else NONE)
              for index, (size, first, length, share) in enumerate(drawn)]
    size, places = plan(blocks)
    most = 0
    for i, (bytes_i, first, last, share, _) in enumerate(blocks):
        assert places[i] % ALIGNMENT == 0 and places[i] + bytes_i <= size
        for j in range(i):
            together = blocks[j][1] <= last and first <= blocks[j][2]
            apart = places[j] + blocks[j][0] <= places[i] or places[i] + bytes_i <= places[j]
            shares = places[i] == places[j] and (share == j or blocks[j][3] == i)
            assert apart or shares or not together
    for step in range(20):
        most = max(most, max((b[0] for b in blocks if b[1] <= step <= b[2]), default=0))
    assert size >= most


# --- Models ---


@pytest.mark.parametrize("count", [1, 2, 7])
def test_chain_in_place_needs_one_activation(count: int) -> None:
    interpreter = HostInterpreter(memory_cases.chain(count), preserve=False)
    assert interpreter.arena_use.activations == 112
    assert {interpreter.address(index) for index in range(count + 1)} == {0}


def test_input_that_is_needed_later_is_not_overwritten() -> None:
    interpreter = HostInterpreter(memory_cases.residual(), preserve=False)
    assert interpreter.arena_use.activations == 224
    values = np.arange(-50, 50, dtype=np.int8)[None]
    interpreter.set_input(0, values)
    interpreter.invoke()
    wanted = np.clip(np.maximum(values.astype(int), 0) + values, -128, 127)
    assert interpreter.output(0, np.int8, 100).tolist() == wanted[0].tolist()


def test_model_output_is_not_overwritten_by_the_last_operator() -> None:
    graph = ModelWriter().subgraph()
    tensors = [graph.tensor(f"t{i}", (1, 25), "float32") for i in range(3)]
    graph.operator("RELU", tensors[:1], tensors[1:2])
    graph.operator("NEG", tensors[1:2], tensors[2:])
    graph.inputs, graph.outputs = tensors[:1], tensors[1:]
    interpreter = HostInterpreter(graph.model.finish(), preserve=False)
    interpreter.set_input(0, np.full((1, 25), 9, np.float32))
    interpreter.invoke()
    assert (interpreter.output(0, np.float32, 25)[24], interpreter.output(1, np.float32, 25)[24]) == (9, -9)


@pytest.mark.parametrize("name", control_cases.CASES | memory_cases.CASES)
def test_planned_memory_gives_the_same_results_as_preserved_tensors(name: str) -> None:
    model = (control_cases.CASES | memory_cases.CASES)[name]
    results = []
    for preserve in (False, True):
        interpreter = HostInterpreter(model, preserve=preserve)
        for _ in range(2):
            for index in range(interpreter.input_count):
                # 1 as float32, and some int8
                interpreter.set_input(index, np.ones(interpreter.input_bytes(index) // 4 + 1, np.float32))
            interpreter.invoke()
        results.append(interpreter.output(0, np.uint8, 1).tobytes())
    assert results[0] == results[1]


@pytest.mark.parametrize("model", [GESTURE, *control_cases.CASES.values(), *memory_cases.CASES.values()])
def test_parts_add_up_and_the_size_used_suffices_but_no_less(model: bytes) -> None:
    interpreter = HostInterpreter(model, preserve=False)
    use = interpreter.arena_use
    parts = use.activations + use.tensors + use.nodes + use.operators + use.variables + use.planning + use.padding
    assert parts == interpreter.arena_used
    assert use.scratch <= use.activations
    assert used(model, arena_size=interpreter.arena_used) == interpreter.arena_used
    with pytest.raises(InterpreterError) as caught:
        HostInterpreter(model, interpreter.arena_used - 16, preserve=False)
    assert (caught.value.status, caught.value.missing_bytes) == ("arena is too small", 16)


@pytest.mark.parametrize("size", range(0, 3000, 176))
def test_missing_bytes_lead_to_an_arena_that_suffices(size: int) -> None:
    tries = 0
    while True:
        try:
            assert used(GESTURE, arena_size=size) <= size
            return
        except InterpreterError as error:
            assert error.status == "arena is too small"
            size += error.missing_bytes
            tries += 1
            assert tries < 7


def test_prepare_may_be_called_again_after_a_failure() -> None:
    arena = Arena(1024)
    with pytest.raises(InterpreterError):
        HostInterpreter(GESTURE, preserve=False, arena=arena)
    assert used(memory_cases.chain(2), arena=arena) == used(memory_cases.chain(2))


def test_nothing_is_written_outside_the_arena_used() -> None:
    size = used(GESTURE)
    arena = Arena(size + 64)
    arena.memory[:] = 0xA5
    interpreter = HostInterpreter(GESTURE, preserve=False, arena=arena)
    interpreter.invoke()
    use = interpreter.arena_use
    free = arena.memory[use.activations + use.planning : size + 64 - (size - use.activations - use.planning)]
    assert len(free) >= 64
    assert (free == 0xA5).all()


# --- Offline plan ---


def test_offline_plan_is_honoured() -> None:
    interpreter = HostInterpreter(memory_cases.planned([0, 64, 128, -1, -1]), preserve=False)
    assert [interpreter.address(index) for index in range(3)] == [0, 64, 128]
    assert interpreter.arena_use.activations == 144


def test_tensors_left_out_of_the_offline_plan_are_planned_around_it() -> None:
    interpreter = HostInterpreter(memory_cases.planned([-1, 16, -1, -1, -1]), preserve=False)
    assert interpreter.address(1) == 16
    assert {interpreter.address(0), interpreter.address(2)} == {64, 0}


def test_metadata_of_another_name_is_no_plan() -> None:
    interpreter = HostInterpreter(memory_cases.planned([512, 64, 0, -1, -1], name="min_runtime_version"), preserve=False)
    assert interpreter.arena_use.activations == 80


@pytest.mark.parametrize(("places", "count", "reason"), [
    ([0, 64, 128], None, "offline memory plan of another model"),
    ([0, 64, 128], 5, "offline memory plan of another model"),
    ([0, 64, 128, -1, -1], -1, "offline memory plan of another model"),
    ([0, 30, 128, -1, -1], None, "place in the offline memory plan"),
    ([0, -16, 128, -1, -1], None, "place in the offline memory plan"),
    ([0, 0x7FFFFFF0, 128, -1, -1], None, "place in the offline memory plan"),
    ([0, 16, 128, -1, -1], None, "overlapping place in the offline memory plan"),
])
def test_offline_plan_that_is_wrong_is_refused(places: list[int], count: int | None, reason: str) -> None:
    with pytest.raises(InterpreterError) as caught:
        HostInterpreter(memory_cases.planned(places, count=count), preserve=False)
    assert (caught.value.status, caught.value.reason) == ("model is damaged or not a .tflite file", reason)


def test_offline_plan_beyond_the_arena_says_what_is_missing() -> None:
    with pytest.raises(InterpreterError) as caught:
        HostInterpreter(memory_cases.planned([0, 64, 1 << 20, -1, -1]), 4096, preserve=False)
    assert caught.value.missing_bytes > (1 << 20) - 4096


# --- Several models in one arena ---


def test_models_share_activations_and_stack_the_rest() -> None:
    arena = Arena(16384)
    small, large = memory_cases.chain(2, width=200), GESTURE
    first = HostInterpreter(small, preserve=False, arena=arena)
    second = HostInterpreter(large, preserve=False, arena=arena)
    alone = [HostInterpreter(model, preserve=False) for model in (small, large)]
    persistent = sum(a.arena_used - a.arena_use.activations for a in alone)
    assert second.arena_used == persistent + max(a.arena_use.activations for a in alone)

    rng = np.random.default_rng(3)
    for _ in range(3):
        for shared, own, shape, dtype in ((first, alone[0], (1, 200), "int8"), (second, alone[1], (1, 40, 1, 6), "float32")):
            values = (rng.normal(0, 30, shape)).astype(dtype)
            for interpreter in (shared, own):
                interpreter.set_input(0, values)
                interpreter.invoke()
            assert shared.output(0, np.uint8, 4).tobytes() == own.output(0, np.uint8, 4).tobytes()


def test_variables_of_two_models_are_their_own() -> None:
    arena = Arena(8192)
    model = control_cases.accumulator()
    one, two = (HostInterpreter(model, preserve=False, arena=arena) for _ in range(2))
    for interpreter, step, times in ((one, 1, 3), (two, 10, 2), (one, 1, 1)):
        for _ in range(times):
            interpreter.set_input(0, np.full((1, 4), step, np.int8))
            interpreter.invoke()
        total = interpreter.output(0, np.int8, 1)[0]
    assert total == 4


def test_failed_model_leaves_the_others_alone() -> None:
    arena = Arena(used(GESTURE) + 64)
    interpreter = HostInterpreter(GESTURE, preserve=False, arena=arena)
    with pytest.raises(InterpreterError) as caught:
        HostInterpreter(memory_cases.chain(5), preserve=False, arena=arena)
    assert caught.value.missing_bytes > 0
    assert interpreter.arena_used == used(GESTURE)
    values = np.random.default_rng(0).normal(0, 1, (1, 40, 1, 6)).astype(np.float32)
    own = HostInterpreter(GESTURE, preserve=False)
    for each in (interpreter, own):
        each.set_input(0, values)
        each.invoke()
    assert interpreter.output(0, np.float32, 4).tobytes() == own.output(0, np.float32, 4).tobytes()


def test_variable_tensor_is_zeroed_by_prepare_and_reset() -> None:
    graph = ModelWriter().subgraph()
    state = graph.tensor("state", (1, 4), "int8", Quantization(1.0, -3), is_variable=True)
    result = graph.tensor("output", (1, 4), "int8", Quantization(1.0, -3))
    graph.outputs = [result]
    graph.operator("RESHAPE", [state], [result])
    interpreter = HostInterpreter(graph.model.finish(), preserve=False)
    assert interpreter.arena_use.variables == 4
    assert interpreter.tensor(state) == np.full(4, -3, np.int8).tobytes()
    ctypes.memset(interpreter.arena.ctypes.data + interpreter.address(state), 9, 4)
    interpreter.invoke()
    assert interpreter.tensor(result) == bytes([9] * 4)
    interpreter.reset()
    assert interpreter.tensor(state) == np.full(4, -3, np.int8).tobytes()


# --- Against TensorFlow Lite Micro ---


@pytest.mark.parametrize("model", [GESTURE, *control_cases.CASES.values(), *memory_cases.CASES.values()])
def test_arena_is_at_most_that_of_tensorflow_lite_micro(model: bytes) -> None:
    assert used(model) <= reference_arena(model)
