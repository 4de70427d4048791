"""Inferences and operators of small programs that have the symbols of an interpreter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.assembler import machine

from cmsim import Machine
from cmsim.errors import UsageError
from cmsim.measure.points import Point

INVOKE = "_ZN5cmsim11Interpreter6invokeEv"
TFLM_INVOKE = "_ZN6tflite16MicroInterpreter6InvokeEv"
TFLM_SUBGRAPH = "_ZN6tflite21MicroInterpreterGraph14InvokeSubgraphEi"
RUN_OPERATOR = "_ZN5cmsim12run_operatorERKNS_12RegistrationERNS_7ContextERNS_4NodeEm"

THREE = """
    main:  movs r4, #3
    loop:  bl {invoke}
           subs r4, #1
           bne loop
    end:   b end
    """
WORK = """
    work:  push {r4-r6, lr}        @ 1 + 4 cycles and 1 to come here
           movs r0, #10            @ 1
    1:     subs r0, #1             @ 10
           bne 1b                  @ 10, 9 refills
           pop {r4-r6, pc}         @ 5
    """
WORK_CYCLES, WORK_INSTRUCTIONS = 5 + 1 + 10 + 10 + 9 + 5, 1 + 1 + 20 + 1


def inferences(of: Machine) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = of.record["inferences"]
    return found


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        (INVOKE, "cmsim::Interpreter::invoke()"),
        (TFLM_INVOKE, "tflite::MicroInterpreter::Invoke()"),
        (TFLM_SUBGRAPH, "tflite::MicroInterpreterGraph::InvokeSubgraph(int)"),
    ],
)
def test_known_functions_are_found(tmp_path: Path, symbol: str, name: str) -> None:
    source = THREE.format(invoke="work") + WORK
    m = machine(tmp_path, source, functions=["work"], aliases={symbol: "work"}, timing="manual")
    assert m.inference_meter is not None
    assert m.inference_meter.functions == {name: m.address(symbol) & ~1}
    m.run(seconds=1e-4)
    found = inferences(m)
    assert [i["index"] for i in found] == [0, 1, 2]
    # the refill of the POP is charged to the block behind it, and that of the BL to the inference
    assert [(i["cycles"], i["instructions"]) for i in found] == [(WORK_CYCLES + 1, WORK_INSTRUCTIONS)] * 3
    starts = [i["start_cycle"] for i in found]
    assert starts[0] == 2  # MOVS, BL
    assert starts[2] - starts[1] == starts[1] - starts[0]


def test_any_function_by_name_or_address(tmp_path: Path) -> None:
    source = THREE.format(invoke="work") + WORK
    by_name = machine(tmp_path, source, functions=["work"], inference_function="work", timing="manual")
    by_name.run(seconds=1e-4)
    address = by_name.address("work") & ~1
    by_address = machine(tmp_path, source, functions=["work"], inference_function=f"0x{address:x}", timing="manual")
    by_address.run(seconds=1e-4)
    assert len(inferences(by_name)) == 3
    assert inferences(by_name) == inferences(by_address)


def test_a_named_function_replaces_the_known_ones(tmp_path: Path) -> None:
    m = machine(
        tmp_path, THREE.format(invoke="outer") + "outer: push {r4, lr}\nbl work\nbl work\npop {r4, pc}\n" + WORK,
        functions=["work", "outer"], aliases={INVOKE: "outer"}, inference_function="work",
    )  # fmt: skip
    m.run(seconds=1e-4)
    assert len(inferences(m)) == 6


def test_clones_of_a_function_are_that_function(tmp_path: Path) -> None:
    source = "main: bl work.constprop.0\nbl work.constprop.1\nb .\nwork.constprop.0: bx lr\nwork.constprop.1: nop\nbx lr"
    clones = ["work.constprop.0", "work.constprop.1"]
    m = machine(tmp_path, source, functions=clones, inference_function="work", timing="instructions")
    gate = Point(m, "return of work", lambda: None)
    m.run(seconds=1e-5)
    assert [inference["instructions"] for inference in inferences(m)] == [1, 2]
    assert gate.reached == 2


def test_an_unknown_function_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no symbol 'wrok'"):
        machine(tmp_path, THREE.format(invoke="work") + WORK, functions=["work"], inference_function="wrok")


def test_without_an_inference_function_none_can_be_waited_for(tmp_path: Path) -> None:
    m = machine(tmp_path, THREE.format(invoke="work") + WORK)
    with pytest.raises(UsageError, match="no inference function found; name it with --inference-function"):
        m.run(inferences=1, seconds=1e-4)


def test_nested_calls_count_as_one(tmp_path: Path) -> None:
    """Invoke calls InvokeSubgraph, which calls itself."""
    m = machine(
        tmp_path,
        THREE.format(invoke="outer")
        + """
        outer: push {r4, lr}
               movs r0, #3
               bl graph
               pop {r4, pc}
        graph: push {r4, lr}
               subs r0, #1
               beq 1f
               bl graph
        1:     pop {r4, pc}
        """,
        functions=["outer", "graph"], aliases={TFLM_INVOKE: "outer", TFLM_SUBGRAPH: "graph"},
    )  # fmt: skip
    m.run(seconds=1e-4)
    assert m.inference_meter is not None
    assert [i.function for i in m.inference_meter.inferences] == ["tflite::MicroInterpreter::Invoke()"] * 3


def test_a_recursive_inference_function_ends_with_its_outermost_call(tmp_path: Path) -> None:
    m = machine(
        tmp_path,
        THREE.format(invoke="graph")
        + """
        graph: push {r4, lr}
               subs r0, #1
               bmi 1f
               bl graph
        1:     movs r0, #2
               pop {r4, pc}
        """,
        functions=["graph"], inference_function="graph", timing="instructions",
    )  # fmt: skip
    m.run(seconds=1e-4)
    # 6 instructions a level, 5 in the innermost; R0 begins as 0 and is 2 after each call
    assert [i["instructions"] for i in inferences(m)] == [5, 6 + 6 + 5, 6 + 6 + 5]


def test_waiting_for_a_number_stops_right_behind_it(tmp_path: Path) -> None:
    m = machine(tmp_path, THREE.format(invoke="work") + WORK, functions=["work"], inference_function="work")
    stop = m.run(inferences=2, seconds=1)
    assert (stop.reason, len(inferences(m))) == ("inferences", 2)
    assert m.registers["pc"] == m.address("main") + 6
    stop = m.run(inferences=1, seconds=1)
    assert (stop.reason, len(inferences(m))) == ("inferences", 3)


def test_interrupts_within_an_inference_are_part_of_it(tmp_path: Path) -> None:
    source = """
        main:  movs r0, #1
               bl work
               b .
        work:  push {r4, lr}
               cbz r0, 1f
               ldr r1, =0xE000ED04
               mov r2, #0x10000000
               str r2, [r1]
               isb
        1:     nop
               pop {r4, pc}
        tick:  nop
               bx lr
        """
    costs = []
    for interrupted in (True, False):
        text = source if interrupted else source.replace("str r2, [r1]", "str r2, [sp]")
        m = machine(
            tmp_path, text, functions=["work"], handlers={14: "tick"}, inference_function="work", timing="manual"
        )
        m.run(seconds=1e-5)
        (found,) = inferences(m)
        costs.append((found["cycles"], found["instructions"]))
    # entry 12, NOP and BX, exit 10; the jumps are part of entry and exit
    assert (costs[0][0] - costs[1][0], costs[0][1] - costs[1][1]) == (12 + 2 + 10, 2)


def test_a_handler_can_be_what_is_measured(tmp_path: Path) -> None:
    m = machine(
        tmp_path,
        """
        main:  ldr r0, =0xE000E010
               movs r1, #199
               str r1, [r0, #4]
               movs r1, #7
               str r1, [r0]
               b .
        tick:  nop
               nop
               bx lr
        """,
        handlers={15: "tick"}, inference_function="tick", timing="manual",
    )  # fmt: skip
    m.run(seconds=1e-4)
    found = inferences(m)
    assert len(found) > 20
    assert {(i["cycles"], i["instructions"]) for i in found} == {(3, 3)}


def test_an_inference_that_a_reset_cut_short_is_forgotten(tmp_path: Path) -> None:
    m = machine(
        tmp_path,
        """
        main: ldr r3, =0x20000000
              ldr r2, [r3]
              adds r2, #1
              str r2, [r3]
              bl work
              bl work
              b .
        work: cmp r2, #1
              bne 1f
              ldr r0, =0xE000ED0C
              ldr r1, =0x05FA0004
              str r1, [r0]
              dsb
              b .
        1:    bx lr
        """,
        functions=["work"], inference_function="work",
    )  # fmt: skip
    m.run(seconds=1e-5)
    assert [i["index"] for i in inferences(m)] == [0, 1]


# --- operators ----------------------------------------------------------------------------------------------

OPERATORS = (
    THREE.format(invoke="outer")
    + """
    outer:    push {r4, lr}
              movs r3, #0
              ldr r0, =add
              bl operator
              movs r3, #1
              ldr r0, =soft
              bl operator
              pop {r4, pc}
    operator: push {r4, lr}
              cbz r3, 1f
              nop
              nop
    1:        pop {r4, pc}
              .align 2
    add:      .word add_name, 0
    soft:     .word soft_name, 0
    add_name: .asciz "ADD"
    soft_name: .asciz "SOFTMAX"
              .align 2
    """
)


def test_operators_have_a_name_an_index_and_a_cost(tmp_path: Path) -> None:
    m = machine(
        tmp_path, OPERATORS, functions=["outer", "operator"], aliases={INVOKE: "outer", RUN_OPERATOR: "operator"},
        timing="manual",
    )  # fmt: skip
    m.run(seconds=1e-4)
    for inference in inferences(m):
        operators = inference["operators"]
        assert [(o["index"], o["name"], o["instructions"]) for o in operators] == [(0, "ADD", 3), (1, "SOFTMAX", 5)]
        assert sum(o["cycles"] for o in operators) < inference["cycles"]


def test_an_operator_within_an_operator(tmp_path: Path) -> None:
    """As IF and WHILE run a subgraph: in the order of entry, the outer one's cost includes the inner one's."""
    m = machine(
        tmp_path,
        OPERATORS.replace("cbz r3, 1f", "cbnz r3, 1f\nmovs r3, #7\nldr r0, =soft\nbl operator"),
        functions=["outer", "operator"], aliases={INVOKE: "outer", RUN_OPERATOR: "operator"}, timing="instructions",
    )  # fmt: skip
    m.run(seconds=1e-4)
    operators = inferences(m)[0]["operators"]
    assert [(o["index"], o["name"]) for o in operators] == [(0, "ADD"), (7, "SOFTMAX"), (1, "SOFTMAX")]
    assert [o["cycles"] for o in operators] == [8 + 3, 3, 3]


def test_operators_outside_an_inference_do_not_count(tmp_path: Path) -> None:
    m = machine(
        tmp_path, OPERATORS, functions=["outer", "operator"], aliases={RUN_OPERATOR: "operator"},
        inference_function="add_name",
    )  # fmt: skip
    m.run(seconds=1e-4)
    assert inferences(m) == []


def test_a_registration_without_memory_has_no_name(tmp_path: Path) -> None:
    m = machine(
        tmp_path, OPERATORS.replace("ldr r0, =add", "ldr r0, =0x60000000"), functions=["outer", "operator"],
        aliases={INVOKE: "outer", RUN_OPERATOR: "operator"},
    )  # fmt: skip
    m.run(seconds=1e-4)
    assert [o["name"] for o in inferences(m)[0]["operators"]] == ["?", "SOFTMAX"]


# --- measuring changes nothing ---------------------------------------------------------------------------------


@pytest.mark.parametrize("timing", ["manual", "instructions"])
def test_measuring_changes_no_count(tmp_path: Path, timing: str) -> None:
    counts = []
    for measure in (True, False):
        m = machine(
            tmp_path, OPERATORS, functions=["outer", "operator", "end"],
            aliases={INVOKE: "outer", RUN_OPERATOR: "operator"}, timing=timing, measure=measure,
        )  # fmt: skip
        at_end: list[tuple[int, int]] = []
        m.on("end", lambda now, at_end=at_end: at_end.append((now.cycles, now.instructions)))
        m.run(seconds=1e-4)
        counts.append(at_end[0])
        assert bool(inferences(m)) == measure
    assert counts[0] == counts[1]
