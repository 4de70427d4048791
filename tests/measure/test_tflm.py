"""Operators of firmware that is built like TensorFlow Lite Micro: registrations called through a register."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.assembler import machine

from cmsim import Machine
from cmsim.cli import main

INVOKE = "_ZN6tflite16MicroInterpreter6InvokeEv"
SUBGRAPH = "_ZN6tflite21MicroInterpreterGraph14InvokeSubgraphEi"
CONV, ADD, CUSTOM = 3, 0, 32

GRAPH = """
main:     bl invoke
end:      b end
invoke:   push {{r4, lr}}
          bl graph
          pop {{r4, pc}}
graph:    push {{r4-r6, lr}}
          ldr r3, =other + 1
          blx r3                 @ no operator: its argument is no node
          ldr r4, =nodes
          movs r5, #3
1:        movs r0, #0
          mov r1, r4
          ldr r2, [r4, #{node}]
          ldr r3, [r2, #12]
          blx r3
          adds r4, #{node} + 4
          subs r5, #1
          bne 1b
          pop {{r4-r6, pc}}
conv:     movs r0, #50
2:        subs r0, #1
          bne 2b
          bx lr
add:      push {{r4, lr}}
          svc 0
          pop {{r4, pc}}
mine:     nop
other:    bx lr
handler:  movs r0, #20
3:        subs r0, #1
          bne 3b
          bx lr
          .pool
          .align 2
nodes:    .space {node}
          .word registrations
          .space {node}
          .word registrations + 28
          .space {node}
          .word registrations + 56
registrations:
          .word 0, 0, 0, conv + 1, 0, 3, 0
          .word 0, 0, 0, add + 1, 0, 0, 0
          .word 0, 0, 0, mine + 1, 0, 32, {custom}
text:     .asciz "MY_OPERATOR"
"""
FUNCTIONS = ["invoke", "graph", "conv", "add", "mine", "other", "handler"]


def run(tmp_path: Path, node: int = 28, custom: str = "text", **options: object) -> Machine:
    m: Machine = machine(
        tmp_path, GRAPH.format(node=node, custom=custom), functions=FUNCTIONS, handlers={11: "handler"},
        aliases={INVOKE: "invoke", SUBGRAPH: "graph"}, timing="manual", **options,
    )  # fmt: skip
    m.run(seconds=1e-5)
    return m


def only(of: Machine) -> dict[str, Any]:
    (inference,) = of.record["inferences"]
    found: dict[str, Any] = inference
    return found


@pytest.mark.parametrize("node", [24, 28, 36])
def test_names_come_from_the_registration_whatever_the_size_of_a_node(tmp_path: Path, node: int) -> None:
    operators = only(run(tmp_path, node))["operators"]
    assert [(o["index"], o["name"]) for o in operators] == [(0, "CONV_2D"), (1, "ADD"), (2, "MY_OPERATOR")]
    assert [o["instructions"] for o in operators] == [1 + 1 + 100 + 1, 1 + 3 + 41 + 1, 1 + 2]


def test_the_graph_may_be_inlined_into_invoke(tmp_path: Path) -> None:
    m = machine(tmp_path, GRAPH.format(node=28, custom="text"), functions=FUNCTIONS, handlers={11: "handler"},
                aliases={INVOKE: "graph"}, timing="manual")  # fmt: skip
    m.run(seconds=1e-5)
    assert [o["name"] for o in only(m)["operators"]] == ["CONV_2D", "ADD", "MY_OPERATOR"]


def test_info_knows_operators(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path)
    (elf,) = tmp_path.glob("*.elf")
    assert main(["info", str(elf)]) == 0
    assert "operators    yes: tflite::MicroInterpreterGraph::InvokeSubgraph at 0x0000" in capsys.readouterr().out


def test_a_custom_operator_without_name_has_its_functions(tmp_path: Path) -> None:
    assert only(run(tmp_path, custom="0"))["operators"][2]["name"] == "mine"


def test_operators_and_overhead_are_the_inference(tmp_path: Path) -> None:
    inference = only(run(tmp_path))
    operators = sum(o["cycles"] for o in inference["operators"])
    assert operators + inference["overhead_cycles"] == inference["cycles"]
    assert 0 < inference["overhead_cycles"] < operators


def test_exceptions_are_told_apart(tmp_path: Path) -> None:
    m = run(tmp_path, profile=True)
    inference = only(m)
    handled = next(n for n in m.record["profile"]["call_tree"] if n["function"] == "exception SVCall")
    assert inference["cycles"] - inference["cycles_excluding_interrupts"] == handled["inclusive_cycles"]
    assert [o["cycles_excluding_interrupts"] == o["cycles"] for o in inference["operators"]] == [True, False, True]


def test_watching_operators_costs_no_cycle(tmp_path: Path) -> None:
    assert run(tmp_path).cycles == run(tmp_path, measure=False).cycles
