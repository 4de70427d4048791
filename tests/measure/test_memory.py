"""Stack depth and arena of small programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.assembler import STACK_SIZE, STACK_TOP, machine

from cmsim import Machine

ARENA_READY = "_ZN5cmsim11arena_readyEPKvjj"


def memory(of: Machine) -> dict[str, Any]:
    found: dict[str, Any] = of.record["memory"]
    return found


def test_no_call_uses_no_stack(tmp_path: Path) -> None:
    m = machine(tmp_path, "main: b .")
    m.run(seconds=1e-6)
    assert (memory(m)["stack_size"], memory(m)["stack_peak"]) == (STACK_SIZE, 0)


def test_a_push_and_a_local_array_within_one_block(tmp_path: Path) -> None:
    m = machine(tmp_path, "main: push {r4-r7}\nsub sp, #100\nadd sp, #100\npop {r4-r7}\nb .")
    m.run(seconds=1e-6)
    assert memory(m)["stack_peak"] == 116


def test_the_deepest_of_many_calls(tmp_path: Path) -> None:
    m = machine(
        tmp_path,
        """
        main: movs r0, #10
              bl down
              bl flat
              b .
        down: push {r4, lr}
              subs r0, #1
              beq 1f
              bl down
        1:    pop {r4, pc}
        flat: push {r4-r7, lr}
              pop {r4-r7, pc}
        """,
    )
    m.run(seconds=1e-5)
    assert memory(m)["stack_peak"] == 80


def test_a_stack_pointer_that_is_computed(tmp_path: Path) -> None:
    """alloca: known only in the block behind."""
    m = machine(tmp_path, "main: mov r7, sp\nmov r0, #600\nsub sp, sp, r0\nb 1f\n1: nop\nmov sp, r7\nb .")
    m.run(seconds=1e-6)
    assert memory(m)["stack_peak"] == 600


def test_an_exception_frame_counts(tmp_path: Path) -> None:
    m = machine(tmp_path, "main: svc #0\nb .\nhandler: push {r4, lr}\npop {r4, pc}", handlers={11: "handler"})
    m.run(seconds=1e-6)
    assert memory(m)["stack_peak"] == 32 + 8


def test_other_stacks_do_not_count(tmp_path: Path) -> None:
    m = machine(
        tmp_path,
        """
        main: ldr r0, =0x20001000
              msr psp, r0
              movs r0, #2
              msr control, r0
              isb
              push {r4-r11}
              svc #0
              b .
        handler: bx lr
        """,
        handlers={11: "handler"},
    )
    m.run(seconds=1e-6)
    assert m.faults == []
    assert memory(m)["stack_peak"] == 0


def test_each_inference_has_its_own_peak(tmp_path: Path) -> None:
    m = machine(
        tmp_path,
        """
        main: push {r4-r7}
              movs r0, #10
              bl down
              movs r0, #3
              bl down
              movs r0, #20
              bl deep
              b .
        deep: push {r4, lr}
              subs r0, #1
              beq 1f
              bl deep
        1:    pop {r4, pc}
        down: push {r4, lr}
              subs r0, #1
              beq 1f
              bl down
        1:    pop {r4, pc}
        """,
        functions=["down"], inference_function="down",
    )  # fmt: skip
    m.run(seconds=1e-5)
    assert [i["stack_peak"] for i in m.record["inferences"]] == [16 + 80, 16 + 24]
    assert memory(m)["stack_peak"] == 16 + 160


def test_an_inference_on_another_stack_has_no_peak(tmp_path: Path) -> None:
    m = machine(
        tmp_path,
        """
        main: ldr sp, =0x20001000
              bl work
              b .
        work: push {r4, lr}
              pop {r4, pc}
        """,
        functions=["work"], inference_function="work",
    )  # fmt: skip
    m.run(seconds=1e-5)
    assert [i["stack_peak"] for i in m.record["inferences"]] == [None]


def test_measuring_writes_nothing(tmp_path: Path) -> None:
    """What is below the stack pointer, and the whole RAM, is the same with and without it."""
    source = """
        main: movs r0, #5
              bl down
              ldr r1, [sp, #-200]
              b .
        down: push {r4, lr}
              subs r0, #1
              beq 1f
              bl down
        1:    pop {r4, pc}
        """
    images = []
    for measure in (True, False):
        m = machine(tmp_path, source, functions=["down"], inference_function="down", measure=measure)
        m.run(seconds=1e-5)
        images.append((bytes(m.soc.ram), m.registers["r1"]))
    assert images[0] == images[1]
    assert images[0][1] == 0


def test_the_arena_is_what_the_interpreter_says(tmp_path: Path) -> None:
    m = machine(
        tmp_path,
        """
        main:  ldr r0, =0x20001000
               mov r1, #4096
               mov r2, #2656
               bl ready
               b .
        ready: bx lr
        """,
        functions=["ready"], aliases={ARENA_READY: "ready"},
    )  # fmt: skip
    assert memory(m)["arena_size"] is None
    m.run(seconds=1e-6)
    assert (memory(m)["arena_size"], memory(m)["arena_used"]) == (4096, 2656)


def test_without_measuring_nothing_is_known(tmp_path: Path) -> None:
    m = machine(tmp_path, "main: push {r4}\nb .", measure=False)
    m.run(seconds=1e-6)
    assert memory(m)["stack_peak"] is None
    assert memory(m)["stack_size"] is None


def test_bounds_of_the_stack_come_from_the_image(tmp_path: Path) -> None:
    m = machine(tmp_path, "main: b .")
    bounds = m.image.stack_bounds()
    assert bounds is not None
    assert (bounds.low, bounds.high) == (STACK_TOP - STACK_SIZE, STACK_TOP)
