"""The call tree: every cycle in exactly one place, through calls, tail calls, longjmp, exceptions and threads."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.assembler import assemble, machine
from support.call_tree import check_identity
from support.firmware import firmware_elfs

from cmsim import Machine, prebuilt, traces
from cmsim.measure.timeline import Kind

__all__ = ["firmware_elfs"]


def paths(of: Machine) -> dict[str, dict[str, Any]]:
    """"main stack/main/f" -> node."""
    tree = of.record["profile"]["call_tree"]
    names: list[str] = []
    for node in tree:
        prefix = "" if node["parent"] is None else names[node["parent"]] + "/"
        names.append(prefix + node["function"])
    return dict(zip(names, tree, strict=True))


def functions(of: Machine) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in of.record["profile"]["functions"]}


def run(tmp_path: Path, source: str, names: list[str], **options: object) -> Machine:
    options = {"timing": "instructions", **options}
    m: Machine = machine(tmp_path, source, functions=names, profile=True, **options)
    m.run(seconds=1e-5)
    check_identity(m)
    return m


def test_nested_calls_count_and_add_up(tmp_path: Path) -> None:
    m = run(
        tmp_path,
        """
        main: bl f
              bl f
              bl g
        end:  b end
        f:    push {r4, lr}
              bl g
              pop {r4, pc}
        g:    nop
              bx lr
        """,
        ["main", "f", "g"],
    )
    found = paths(m)
    assert {path: node["calls"] for path, node in found.items() if "main stack/main/" in path} == {
        "main stack/main/f": 2, "main stack/main/f/g": 2, "main stack/main/g": 1,
    }  # fmt: skip
    assert found["main stack/main/f"]["instructions"] == 2 * 3
    assert found["main stack/main/f/g"]["instructions"] == 2 * 2
    assert functions(m)["g"]["calls"] == 3
    assert functions(m)["f"]["inclusive_cycles"] == found["main stack/main/f"]["inclusive_cycles"]


def test_recursion_counts_once(tmp_path: Path) -> None:
    m = run(
        tmp_path,
        """
        main: movs r0, #3
              bl f
        end:  b end
        f:    push {r4, lr}
              subs r0, #1
              beq 1f
              bl f
        1:    pop {r4, pc}
        """,
        ["main", "f"],
    )
    deepest = "main stack/main/f/f/f"
    assert paths(m)[deepest]["calls"] == 1
    assert deepest + "/f" not in paths(m)
    assert functions(m)["f"]["inclusive_cycles"] == paths(m)["main stack/main/f"]["inclusive_cycles"]


def test_a_loop_to_its_own_start_is_no_call(tmp_path: Path) -> None:
    m = run(
        tmp_path,
        """
        main: movs r0, #5
              bl f
        end:  b end
        f:    subs r0, #1
              bne f
              bx lr
        """,
        ["main", "f"],
    )
    assert (functions(m)["f"]["calls"], functions(m)["f"]["instructions"]) == (1, 11)


def test_a_tail_call_returns_for_both(tmp_path: Path) -> None:
    m = run(
        tmp_path,
        """
        main: bl f
              bl g
        end:  b end
        f:    nop
              b.w g
        g:    nop
              bx lr
        """,
        ["main", "f", "g"],
    )
    found = paths(m)
    assert found["main stack/main/g"]["calls"] == 2
    assert found["main stack/main/f"]["instructions"] == 2
    assert not any(path.startswith("main stack/main/f/") for path in found)


def test_longjmp_drops_the_frames_below(tmp_path: Path) -> None:
    m = run(
        tmp_path,
        """
        main: mov r7, sp
              bl f
        back: bl g
        end:  b end
        f:    push {r4, lr}
              bl deep
              pop {r4, pc}
        deep: push {r4, lr}
              mov sp, r7
              ldr r0, =back + 1
              bx r0
              .pool
        g:    nop
              bx lr
        """,
        ["main", "f", "deep", "g"],
    )
    assert "main stack/main/g" in paths(m)
    assert paths(m)["main stack/main/f/deep"]["instructions"] == 4


def test_an_exception_has_a_tree_of_its_own(tmp_path: Path) -> None:
    m = run(
        tmp_path,
        """
        main: bl f
        end:  b end
        f:    push {r4, lr}
              svc 0
              bl g
              pop {r4, pc}
        g:    nop
              bx lr
        handler: push {r4, lr}
              bl g
              pop {r4, pc}
        """,
        ["main", "f", "g", "handler"],
        handlers={11: "handler"},
        timing="manual",
    )
    found = paths(m)
    assert found["exception SVCall/handler"]["calls"] == 1
    assert found["exception SVCall/handler/g"]["instructions"] == 2
    assert found["exception SVCall"]["exclusive_cycles"] > 0  # stacking
    assert found["main stack/main/f/g"]["calls"] == 1


def test_code_without_symbols_is_named_by_address(tmp_path: Path) -> None:
    elf = assemble(tmp_path, "main: bl f\nend: b end\nf: push {r4, lr}\nbl g\npop {r4, pc}\ng: bx lr")
    subprocess.run(["arm-none-eabi-strip", "--strip-all", elf], check=True)
    m = Machine(elf, "nrf52840dk", profile=True)
    m.run(seconds=1e-5)
    check_identity(m)
    called = [node["function"] for node in m.record["profile"]["call_tree"]]
    assert called[0] == "main stack"
    assert all(name.startswith("0x") for name in called[1:])
    assert len(called) == 4


def test_only_when_asked_for_and_never_at_a_cost_in_cycles(tmp_path: Path) -> None:
    source = "main: movs r0, #9\n1: bl f\nsubs r0, #1\nbne 1b\nend: b end\nf: bx lr"
    plain = machine(tmp_path, source, functions=["f"])
    traced = machine(tmp_path, source, functions=["f"], profile=True)
    for m in (plain, traced):
        m.run(seconds=1e-5)
    assert "profile" not in plain.record
    assert (plain.cycles, plain.instructions) == (traced.cycles, traced.instructions)


def test_a_reset_begins_anew(tmp_path: Path) -> None:
    m = machine(tmp_path, "main: bl f\nnop\nf: b f", functions=["main", "f"], profile=True)
    m.run(seconds=1e-5)
    m.reset()
    m.run(seconds=1e-5)
    check_identity(m)
    assert paths(m)["main stack/main/f"]["calls"] == 2


THREADS = """
main:  bl start
       bl start
end:   b end
start: push {r4, lr}
       ldr r0, =0x20001000
       ldr r1, =thread
       str r1, [r0, #24]
       ldr r1, =0x01000000
       str r1, [r0, #28]
       svc #0
       bl g
       pop {r4, pc}
thread: bl g
       svc #1
       b .
g:     nop
       bx lr
handler:
       tst lr, #4
       bne 1f
       ldr r0, =0x20001000
       msr psp, r0
       mvn lr, #2
       bx lr
1:     mvn lr, #6
       bx lr
       .pool
"""


def test_a_thread_that_begins_again_on_its_stack_is_the_same_tree(tmp_path: Path) -> None:
    m = run(tmp_path, THREADS, ["main", "start", "thread", "g", "handler"], handlers={11: "handler"})
    found = paths(m)
    assert {path: node["calls"] for path, node in found.items() if path.startswith("thread")} == {
        "thread 1": 2, "thread 1/thread": 2, "thread 1/thread/g": 2,
    }  # fmt: skip
    assert found["main stack/main/start/g"]["calls"] == 2
    assert found["thread 1/thread"]["instructions"] == 2 * 2
    assert found["exception SVCall"]["calls"] == 4


def test_the_timeline_has_the_same_threads(tmp_path: Path) -> None:
    elsewhere = THREADS.replace("thread: bl g", "thread: push {r4, lr}\n bl g")  # where it stops is not where it began
    m = run(tmp_path, elsewhere, ["main", "start", "thread", "g", "handler"], handlers={11: "handler"}, timeline=True)
    assert m.timeline is not None
    assert {t.name: len(t.events) for t in m.timeline.of(Kind.THREAD)} == {"main stack": 3, "thread 1": 2}


def test_each_thread_has_a_tree_of_its_own(firmware_elfs: Path) -> None:
    m = Machine(firmware_elfs / "stacks.elf", "nrf52840dk", profile=True)
    assert m.run(seconds=1).reason == "exit"
    check_identity(m)
    found, rounds = paths(m), struct.unpack("<4I", m.read("rounds", 16))
    for n in range(4):
        first = f"thread {n + 1}/thread/descend"
        assert first + (1 + n) * "/descend" in found
        assert first + (2 + n) * "/descend" not in found
        assert found[first]["calls"] - rounds[n] in (0, 1)  # the one that was under way at the end
    handlers = {path for path in found if path.startswith("exception SysTick/")}
    assert handlers == {"exception SysTick/SysTick_Handler" + depth * "/descend" for depth in range(5)}
    roots = [node for node in m.record["profile"]["call_tree"] if node["parent"] is None]
    assert sum(node["inclusive_cycles"] for node in roots) == m.cycles


def test_longjmp_out_of_recursion(tmp_path: Path) -> None:
    """The frames of `f` are told apart by SP, although they return to the same place."""
    m = run(
        tmp_path,
        """
        main:  movs r0, #4
               mov r7, sp
               bl f
        back:  bl g
        end:   b end
        f:     push {r4, lr}
               subs r0, #1
               beq deep
               bl f
        after: bl g
               pop {r4, pc}
        deep:  add sp, #8
               ldr r1, =after + 1
               bx r1
               .pool
        g:     nop
               bx lr
        """,
        ["main", "f", "g"],
    )
    found = paths(m)
    assert found["main stack/main/f/f/f/f"]["calls"] == 1
    assert found["main stack/main/f/f/f/g"]["calls"] == 1
    assert "main stack/main/f/f/f/f/g" not in found
    assert found["main stack/main/g"]["calls"] == 1


def test_static_functions_of_one_name_are_several(tmp_path: Path) -> None:
    sources = []
    for n, body in enumerate(("asm volatile(\"nop\");", "asm volatile(\"nop\\nnop\");")):
        sources.append(tmp_path / f"{n}.c")
        sources[-1].write_text(f"static __attribute__((noinline)) void f(void) {{ {body} }} void call{n}(void) {{ f(); f(); }}")
    start = tmp_path / "start.c"
    start.write_text(
        "void call0(void); void call1(void); void main(void) { call0(); call1(); for (;;); }"
        '__attribute__((section(".v"), used)) void* const vectors[2] = {(void*)0x20001000, (void*)main};'
    )
    elf = tmp_path / "static.elf"
    subprocess.run(["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-O1", "-nostdlib", "-Wl,--section-start=.v=0", "-Ttext=0x100",
                    "-e", "main", "-o", elf, start, *sources], check=True)
    m = Machine(elf, "nrf52840dk", profile=True, timing="instructions")
    m.run(seconds=1e-6)
    rows = [row for row in m.record["profile"]["functions"] if row["name"] == "f"]
    assert sorted((row["calls"], row["instructions"]) for row in rows) == [(2, 4), (2, 6)]


@pytest.mark.parametrize("profile", [True, False])
def test_inferences_and_operators_are_those_of_the_tree(profile: bool) -> None:
    """Two ways to measure, equal to the cycle: stops in front of functions, and the call tree."""
    m = Machine(prebuilt.path("gesture"), imu=traces.path(), profile=profile)
    m.run(inferences=3, seconds=20)
    inferences = m.record["inferences"]
    assert len(inferences) == 3
    for inference in inferences:
        operators = inference["operators"]
        assert operators
        assert inference["overhead_cycles"] > 0
        assert sum(o["cycles"] for o in operators) + inference["overhead_cycles"] == inference["cycles"]
    if not profile:
        return
    check_identity(m)
    tree = m.record["profile"]["call_tree"]
    invoke = next(node for node in tree if node["function"] == "cmsim::Interpreter::invoke()")
    assert invoke["calls"] == 3
    # What a function tail-calls stands beside it in the tree.
    names = {"cmsim::Interpreter::invoke()", "cmsim::Context::invoke_subgraph(unsigned long)"}
    whole = [node for node in tree if node["parent"] == invoke["parent"] and node["function"] in names]
    assert sum(n["inclusive_cycles"] for n in whole) == sum(i["cycles_excluding_interrupts"] for i in inferences)
    every = [operator for inference in inferences for operator in inference["operators"]]
    run_operator = next(node for node in tree if node["function"].startswith("cmsim::run_operator("))
    assert run_operator["calls"] == len(every)
    computing = {operator["function"] for operator in every} | {run_operator["function"]}
    beside = [node for node in tree if node["parent"] == run_operator["parent"] and node["function"] in computing]
    assert len(beside) > 5  # functions of one name in several files are several functions
    assert sum(n["inclusive_cycles"] for n in beside) == sum(o["cycles_excluding_interrupts"] for o in every)


MOVES = """
        .macro stack name, at
          .global \\name
          .type \\name, %object
          .set \\name, \\at
          .size \\name, 0x200
        .endm
        stack low_stack, 0x20001000
        stack high_stack, 0x20003000
main:   ldr r0, =0x20001200
        msr psp, r0
        movs r0, #2
        msr control, r0
        isb
        bl user
end:    b end
user:   push {r4, lr}
        bl gate
        bl leaf
        bl gate
        pop {r4, pc}
gate:   push {r4, lr}
        mov r4, sp
        ldr r0, =STACK + 0x200
        msr psp, r0
        bl kernel
        msr psp, r4
        pop {r4, pc}
kernel: push {r4, lr}
        bl leaf
        svc #0
        pop {r4, pc}
leaf:   bx lr
handler: bx lr
"""


@pytest.mark.parametrize("stack", ["low_stack - 0x400", "high_stack"])
def test_a_system_call_on_another_stack_hangs_below_its_caller(tmp_path: Path, stack: str) -> None:
    names = ["main", "user", "gate", "kernel", "leaf", "handler"]
    m = run(tmp_path, MOVES.replace("STACK", stack), names, handlers={11: "handler"})
    found = {path.rpartition("/main/")[2]: node["calls"] for path, node in paths(m).items() if "/main/" in path}
    assert found == {"user": 1, "user/gate": 2, "user/gate/kernel": 2, "user/gate/kernel/leaf": 2, "user/leaf": 1}
    row = functions(m)["user"]
    assert row["inclusive_cycles"] == sum(functions(m)[name]["exclusive_cycles"] for name in names[1:5])


def test_a_coroutine_hangs_below_who_resumes_it(tmp_path: Path) -> None:
    source = """
        .macro stack name, at
          .global \\name
          .type \\name, %object
          .set \\name, \\at
          .size \\name, 0x200
        .endm
        stack other_stack, 0x20001000
main:   ldr r5, =0x200011f8
        ldr r0, =work
        orr r0, #1
        str r0, [r5, #4]
        bl first
        bl second
end:    b end
first:  push {r4, lr}
        bl resume
        pop {r4, pc}
second: push {r4, lr}
        bl resume
        bl leaf
        pop {r4, pc}
resume: push {r4, lr}
        mov r6, sp
        mov sp, r5
        pop {r4, pc}
yield:  push {r4, lr}
        mov r5, sp
        mov sp, r6
        pop {r4, pc}
work:   bl leaf
        bl yield
        bl leaf
        bl yield
leaf:   bx lr
    """
    m = run(tmp_path, source, ["main", "first", "second", "resume", "yield", "work", "leaf"])
    found = {path.rpartition("/main/")[2]: node["calls"] for path, node in paths(m).items() if "/main/" in path}
    assert found["second/leaf"] == 1
    assert set(found) == {
        "first", "first/resume", "first/resume/work", "first/resume/work/leaf", "first/resume/work/yield",
        "second", "second/resume", "second/resume/work", "second/resume/work/leaf", "second/resume/work/yield", "second/leaf",
    }  # fmt: skip
