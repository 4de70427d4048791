"""Stacks: peaks that firmware itself finds by painting, threads told apart, overflow seen before it does harm."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.assembler import PREFIX, STACK_SIZE, STACK_TOP, machine
from support.firmware import firmware_elfs

from cmsim import Machine
from cmsim.cortex_m.stack_moves import find_moves
from cmsim.cortex_m.stack_saves import find_saves
from cmsim.report.text_measures import overflow

__all__ = ["firmware_elfs"]

LIMIT = STACK_TOP - STACK_SIZE
PAINT = b"\xa5"
RECURSES = """
main: ldr r4, =0x12345678
      bl down
      b .
down: push {r4, r5, r6, lr}
      bl down
      pop {r4, r5, r6, pc}
"""


def stacks(of: Machine) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in of.record["memory"]["stacks"]}


@pytest.mark.parametrize("profile", [False, True])
def test_peaks_are_what_the_firmware_finds_painted(firmware_elfs: Path, profile: bool) -> None:
    m = Machine(firmware_elfs / "stacks.elf", "nrf52840dk", profile=profile, timing="manual")  # it tells who is deep when
    assert m.run(seconds=1).reason == "exit"
    pool = m.address("pool") + 768
    threads = ["pair_stacks[0]", "pair_stacks[1]", "worker_stack", f"thread below 0x{pool:08x} in pool"]
    names = ["main stack", *threads, "call_stacks[0]", "call_stacks[1]"]
    used = dict(zip(names, struct.unpack("<7I", m.read("used", 28)), strict=True))
    found = stacks(m)
    assert {name: row["peak"] for name, row in found.items()} == used
    assert len(set(used.values())) >= 4
    assert [found[name]["size"] for name in names] == [8192, 768, 768, 768, None, 640, 640]
    assert all(row["overflow"] is None for row in found.values())
    limited = [name for name in names if found[name]["size"]]
    assert [found[name]["free"] for name in limited] == [found[name]["size"] - used[name] for name in limited]
    if not profile:
        assert {row["path"] for row in found.values()} == {None}
        return
    handler = ["exception PendSV", "PendSV_Handler"]
    assert found["main stack"]["path"] == ["exception SysTick", "SysTick_Handler", *["descend"] * 4]
    for name, callers in (
        ("worker_stack", ["thread 3", "thread"]), (threads[-1], ["thread 4", "thread"]),
        ("call_stacks[0]", ["thread 3", "thread", "coroutine"]), ("call_stacks[1]", ["thread 2", "thread", "system_call"]),
    ):  # fmt: skip
        path = found[name]["path"]
        assert path[: len(callers)] == callers
        assert set(path[len(callers) :]) <= {"descend", *handler}
    assert [found[name]["path"][-2:] for name in ("worker_stack", threads[-1])] == [handler] * 2


def test_without_debug_information_threads_tell_stacks_of_an_array_apart(firmware_elfs: Path, tmp_path: Path) -> None:
    stripped = tmp_path / "stripped.elf"
    subprocess.run([PREFIX + "objcopy", "-g", firmware_elfs / "stacks.elf", stripped], check=True)
    m = Machine(stripped, "nrf52840dk")
    m.run(seconds=1)
    used = struct.unpack("<7I", m.read("used", 28))
    found = stacks(m)
    names = ["main stack", "pair_stacks[0]", "pair_stacks[1]", "worker_stack"]
    assert [(found[name]["size"], found[name]["peak"]) for name in names] == [(8192, used[0]), *((768, n) for n in used[1:4])]
    assert found["call_stacks[0]"]["limit"] == m.address("call_stacks")  # that of the second one is nobody's knowledge
    assert [found[f"call_stacks[{n}]"]["peak"] for n in (0, 1)] == [used[5], used[6]]


def test_an_overflow_is_told_before_it_does_harm(tmp_path: Path) -> None:
    m = machine(tmp_path, RECURSES, functions=["down"], profile=True)
    assert m.memory_meter is not None
    seen = []
    meter = m.memory_meter.stacks
    meter.on_overflow.append(lambda area: seen.append((overflow(meter.row(area)), m.registers["sp"], m.read(LIMIT - 16, 16))))
    m.run(seconds=1e-3)
    (told,) = seen
    assert told == (f"main stack (4,096 bytes) overflows by 16 bytes at pc 0x{m.address('down'):08x} in down", LIMIT, bytes(16))
    row = stacks(m)["main stack"]
    assert row["free"] < 0
    assert row["overflow"] == {
        "cycle": row["overflow"]["cycle"], "pc": m.address("down"), "sp": LIMIT - 16, "function": "down",
        "path": ["main stack", "main", *["down"] * 257], "into": None,
    }  # fmt: skip


def test_an_overflow_by_an_exception_frame(tmp_path: Path) -> None:
    source = f"main: ldr r0, ={LIMIT + 24}\nmov sp, r0\nsvc #0\nb .\nhandler: bx lr"
    m = machine(tmp_path, source, handlers={11: "handler"})
    m.run(seconds=1e-5)
    over = stacks(m)["main stack"]["overflow"]
    assert (over["sp"], over["function"], over["path"]) == (LIMIT - 8, "main", None)


def test_an_overflow_by_an_array_of_variable_size(tmp_path: Path) -> None:
    m = machine(tmp_path, "main: push {r4}\nldr r0, =5000\nsub sp, sp, r0\nb 1f\n1: nop\nb .")
    m.run(seconds=1e-5)
    row = stacks(m)["main stack"]
    assert row["peak"] == 5004
    assert row["overflow"]["sp"] == STACK_TOP - 5004


def test_an_overflow_changes_no_cycle(tmp_path: Path) -> None:
    counted = []
    for measure in (True, False):
        m = machine(tmp_path, RECURSES, measure=measure, timing="manual")
        m.run(seconds=1e-4)
        counted.append((m.cycles, m.instructions))
    assert counted[0] == counted[1]


def test_an_empty_stack_below_another_is_no_overflow_of_that(tmp_path: Path) -> None:
    """A thread begins with SP at the upper end of its stack, which is the lower end of its neighbour's."""
    source = """
        .macro stack name, at
          .global \\name
          .type \\name, %object
          .set \\name, \\at
          .size \\name, 0x200
        .endm
        stack lower_stack, 0x20001000
        stack upper_stack, 0x20001200
        main:   ldr r0, =0x20001400
                msr psp, r0
                movs r0, #2
                msr control, r0
                isb
                push {r0-r7}
                pop {r0-r7}
                ldr r0, =0x20001200
                msr psp, r0
                isb
                b 1f
        1:      push {r0-r3}
                b .
        """
    m = machine(tmp_path, source)
    m.run(seconds=1e-5)
    found = stacks(m)
    assert found["upper_stack"]["overflow"] is None
    assert (found["upper_stack"]["peak"], found["lower_stack"]["peak"]) == (32, 16)


def test_a_frame_on_an_empty_stack_below_another_is_no_overflow_of_that(tmp_path: Path) -> None:
    """A thread on the upper stack is interrupted; so is its handler, which has put nothing on the lower one, MSP's."""
    source = """
        .macro stack name, at
          .global \\name
          .type \\name, %object
          .set \\name, \\at
          .size \\name, 0x200
        .endm
        stack lower_stack, 0x20001000
        stack upper_stack, 0x20001200
        main:   ldr r0, =0xe000ed1c
                ldr r1, =0x80000000
                str r1, [r0]            // SHPR2: SVCall less urgent than PendSV
                ldr r0, =0x20001200
                msr msp, r0
                ldr r0, =0x20001400
                msr psp, r0
                movs r0, #2
                msr control, r0
                isb
                push {r0-r7}
                svc #0
                b .
        calls:  ldr r0, =0xe000ed04
                ldr r1, =0x10000000
                str r1, [r0]            // PENDSVSET
                dsb
                isb
                bx lr
        pends:  bx lr
        """
    m = machine(tmp_path, source, handlers={11: "calls", 14: "pends"})
    m.run(seconds=1e-5)
    found = stacks(m)
    assert found["upper_stack"]["overflow"] is None
    assert (found["upper_stack"]["peak"], found["lower_stack"]["peak"]) == (64, 32)


def test_an_empty_stack_below_the_main_stack_is_no_overflow_of_that(tmp_path: Path) -> None:
    """Zephyr without threads: `main` runs on PSP, exceptions begin with MSP at the main stack's lower end."""
    source = f"""
        .global lower_stack
        .type lower_stack, %object
        .set lower_stack, {LIMIT - 0x200}
        .size lower_stack, 0x200
        main:    mov r0, sp
                 msr psp, r0
                 ldr r0, ={LIMIT}
                 msr msp, r0
                 movs r0, #2
                 msr control, r0
                 isb
                 ldr r0, =5000
        1:       subs r0, #1
                 bne 1b
                 svc #0
                 b .
        handler: push {{r4, lr}}
                 pop {{r4, pc}}
        """
    m = machine(tmp_path, source, handlers={11: "handler"})
    m.run(seconds=1e-3)
    found = stacks(m)
    assert {name: (row["peak"], row["overflow"]) for name, row in found.items()} == {
        "main stack": (32, None), "lower_stack": (8, None),
    }  # fmt: skip


TWO_THREADS = """
    main:    svc #0
    first:   push {r0-r3}
             pop {r0-r3}
             svc #0
    second:  push {r0-r7}
             pop {r0-r7}
             svc #0
    third:   push {r0-r12}
             b .
    handler: ldr r0, =0x20000100
             ldr r1, [r0]
             adds r2, r1, #4
             str r2, [r0]
             adr r2, threads
             add r2, r2, r1, lsl #1
             ldm r2, {r0, r3}
             sub r0, #32
             str r3, [r0, #24]
             mov r3, #0x01000000
             str r3, [r0, #28]
             msr psp, r0
             mvn lr, #2
             bx lr
             .align 2
    threads: .word 0x20002000, first, 0x20001800, second, THIRD, third
             .pool
"""
"""Each exception lets the next thread begin, the second one below the first one."""


def started(tmp_path: Path, blocks: dict[int, tuple[int, int]], third: int = 0x20001000) -> dict[str, dict[str, Any]]:
    """All stacks, after three threads; `blocks` of the heap, by the address in front of a thread's first SP."""
    m = machine(tmp_path, TWO_THREADS.replace("THIRD", hex(third)), functions=["first", "second", "third"],
                handlers={11: "handler"})  # fmt: skip
    assert m.memory_meter is not None
    m.memory_meter.stacks.block_at = blocks.get
    m.run(seconds=1e-4)
    return stacks(m)


def test_stacks_that_nothing_tells_do_not_hold_each_other(tmp_path: Path) -> None:
    found = started(tmp_path, {})
    peaks = {f"thread below 0x{sp:08x}": depth for sp, depth in ((0x2000_2000, 32), (0x2000_1800, 32), (0x2000_1000, 52))}
    assert {name: row["peak"] for name, row in found.items() if name != "main stack"} == peaks
    assert {row["limit"] for name, row in found.items() if name in peaks} == {None}


def test_a_stack_on_the_heap_has_the_limit_of_its_block(tmp_path: Path) -> None:
    found = started(tmp_path, {0x2000_1FFC: (0x2000_1F00, 0x2000_2004), 0x2000_17FC: (0x2000_17F0, 0x2000_1800)})
    row = found["thread below 0x20002000 in the heap"]
    assert (row["limit"], row["size"], row["peak"], row["overflow"]) == (0x2000_1F00, 256, 32, None)
    small = found["thread below 0x20001800 in the heap"]
    assert (small["size"], small["peak"], small["free"], small["overflow"]["function"]) == (16, 32, -16, "second")
    assert found["thread below 0x20001000"]["limit"] is None


def test_a_stack_in_memory_that_was_another_stack(tmp_path: Path) -> None:
    """The first block was freed, and a larger one is given that has its memory."""
    found = started(tmp_path, {0x2000_1FFC: (0x2000_1F00, 0x2000_2000), 0x2000_1FDC: (0x2000_1E00, 0x2000_1FE0)}, 0x20001FE0)
    old, new = (found[f"thread below 0x{sp:08x} in the heap"] for sp in (0x2000_2000, 0x2000_1FE0))
    assert (old["size"], old["peak"], new["size"], new["peak"]) == (256, 32, 480, 52)


def test_without_symbols_the_limit_is_not_known(tmp_path: Path) -> None:
    elf = machine(tmp_path, RECURSES).image.path
    raw = tmp_path / "raw.bin"
    image = Machine(elf, "nrf52840dk").image
    raw.write_bytes(image.segments[0].data)
    m = Machine(raw, "nrf52840dk", base=0)
    m.run(seconds=1e-5)
    row = stacks(m)["main stack"]
    assert (row["limit"], row["size"], row["free"], row["overflow"]) == (None, None, None, None)
    assert row["peak"] == m.record["memory"]["stack_peak"] >= 16
    assert m.record["memory"]["stack_size"] is None


def test_each_inference_tells_of_every_stack(firmware_elfs: Path) -> None:
    m = Machine(firmware_elfs / "stacks.elf", "nrf52840dk", profile=True, inference_function="descend")
    m.run(seconds=1)
    used = [{use["name"]: use["peak"] for use in i["stacks"]} for i in m.record["inferences"]]
    assert used
    peaks = [i["stack_peak"] for i in m.record["inferences"]]
    assert all(peak in use.values() for use, peak in zip(used, peaks, strict=True))
    names = {name for use in used for name in use}
    assert {"pair_stacks[0]", "pair_stacks[1]", "worker_stack", "main stack"} <= names


@pytest.mark.parametrize("profile", [False, True])
def test_the_stack_over_time(firmware_elfs: Path, profile: bool) -> None:
    m = Machine(firmware_elfs / "stacks.elf", "nrf52840dk", profile=profile)
    m.run(seconds=1)
    memory = m.record["memory"]
    history = memory["stack_history"]
    assert len(history) > 1
    assert [cycle for cycle, _ in history] == sorted({cycle for cycle, _ in history})
    assert max(most for _, most in history) == memory["stack_peak"] == memory["stacks"][0]["peak"]
    assert history[0][0] == 0 and history[-1][0] < m.cycles


def test_between_inferences_the_stack_is_seen_apart(tmp_path: Path) -> None:
    source = """
    main:  bl deep
           bl infer
    wait:  push {r4, r5}
           pop {r4, r5}
           svc #0
           b wait
    infer: push {r4, lr}
           pop {r4, pc}
    deep:  push {r4-r11, lr}
           pop {r4-r11, pc}
    """
    m = machine(tmp_path, source + "handler: bx lr", functions=["infer"], handlers={11: "handler"},
                inference_function="infer", timing="instructions")
    m.run(seconds=0.005)
    record = m.record
    assert record["inferences"][0]["stack_peak"] == 8
    depths = [most for _, most in record["memory"]["stack_history"]]
    assert depths[0] == 36 and set(depths[1:]) == {32}  # an exception's frame
    assert record["memory"]["stack_peak"] == 36


def test_where_kernels_save_registers() -> None:
    code = bytes.fromhex("eff30980" "1ef0100f" "08bf" "20ed108a" "20e9f04f" "2de9f04f" "21e9f04f" "7047")
    assert list(find_saves(code)) == [(10, 0, 64), (14, 0, 36)]
    assert list(find_saves(code[4:])) == []


def test_where_thread_mode_changes_its_stack() -> None:
    code = bytes.fromhex("8cf30988" "80f31488" "8df30888" "a546" "bd46" "9d46" "7047")
    assert list(find_moves(code)) == [(0, "MSR PSP", 12), (4, "MSR CONTROL", 0), (12, "MOV SP", 4), (16, "MOV SP", 3)]
