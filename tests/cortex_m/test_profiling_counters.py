"""LSUCNT, FOLDCNT and CPICNT, as firmware reads them around a few instructions."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.assembler import machine

CPI, LSU, FOLD = 8, 0x14, 0x18
ENABLED = 1 | 1 << 17 | 1 << 20 | 1 << 21
CACHE_ON = "ldr r4, =0x4001E540\n movs r5, #1\n str r5, [r4]\n"


def difference(tmp_path: Path, counter: int, code: str, *, ctrl: int = ENABLED, timing: str = "manual") -> int:
    """What `counter` counts from one read of it to the next, with `code` between them, the second time that it runs."""
    source = f"""
    main: {CACHE_ON}
        ldr r0, =0xE000EDFC
        ldr r1, =1 << 24
        str r1, [r0]
        ldr r0, =0xE0001000
        ldr r1, ={ctrl}
        str r1, [r0]
        ldr r6, =0x20001000
        ldr r7, =0x20002000
        movs r8, #2
    again: b 1f
        .align 4
    1:  ldr r9, [r0, #{counter}]
        nop
        {code}
        ldr r10, [r0, #{counter}]
        b 2f
    2:  subs r8, #1
        bne again
        sub r11, r10, r9
        uxtb r11, r11
        str r11, [r7]
    done: wfi
        b done
        .pool
    """
    m = machine(tmp_path, source, functions=["done"], timing=timing)
    m.run(seconds=0.001)
    return int.from_bytes(m.read(0x2000_2000, 4), "little")


@pytest.mark.parametrize(
    ("code", "loads_and_stores", "others"),
    [
        ("", 0, 0),
        ("adds r1, #1", 0, 0),
        ("ldr r1, [r6]", 1, 0),
        ("str r1, [r6]", 1, 0),
        ("ldrd r1, r2, [r6]", 2, 0),
        ("push {r1-r5}\n pop {r1-r5}", 10, 0),
        ("udiv r1, r6, r7", 0, 6),
        ("mrs r1, primask", 0, 1),
        ("ldr r1, [r6]\n udiv r1, r6, r7\n str r1, [r6]", 2, 6),
    ],
)  # fmt: skip
def test_the_manuals_cycles_beyond_the_first(tmp_path: Path, code: str, loads_and_stores: int, others: int) -> None:
    """The load that reads the counter first takes a cycle more, which the second sees."""
    assert difference(tmp_path, LSU, code) == loads_and_stores + 1
    assert difference(tmp_path, CPI, code) == others
    assert difference(tmp_path, FOLD, code) == 0


@pytest.mark.parametrize(
    ("code", "loads_and_stores", "folded"),
    [
        ("ldr r1, [r6]\n ldr r2, [r6, #4]\n ldr r3, [r6, #8]\n adds r1, #1", 1, 0),  # the last one takes two
        ("str r1, [r6]\n adds r1, #1", 0, 0),  # the write buffer takes it
        ("cmp r6, r7\n ite eq\n moveq r1, r2\n movne r1, r3", 0, 1),
        ("cmp r6, r7\n ite eq\n moveq r1, r2\n movne r1, r3\n cmp r6, r7\n it ne\n movne r1, r3", 0, 2),
    ],
)  # fmt: skip
def test_silicon_tells_what_overlaps_and_folds(tmp_path: Path, code: str, loads_and_stores: int, folded: int) -> None:
    assert difference(tmp_path, LSU, code, timing="silicon") == loads_and_stores
    assert difference(tmp_path, FOLD, code, timing="silicon") == folded


def test_waits_for_memory_count_for_the_load(tmp_path: Path) -> None:
    """A peripheral's register, a word in flash, an unaligned word."""
    plain = difference(tmp_path, LSU, "ldr r1, [r6]\n adds r1, #1", timing="silicon")
    device = difference(tmp_path, LSU, "ldr r3, =0x40000400\n adds r2, #1\n ldr r1, [r3]\n adds r1, #1", timing="silicon")
    slow = difference(tmp_path, LSU, "ldr r1, [r6, #1]\n adds r1, #1", timing="silicon")
    assert plain == 1
    assert device >= plain + 2
    assert slow == plain + 2


def test_one_of_them_is_enough(tmp_path: Path) -> None:
    assert difference(tmp_path, LSU, "ldr r1, [r6]", ctrl=1 | 1 << 20) == 2
    assert difference(tmp_path, CPI, "ldr r1, [r6]", ctrl=1 | 1 << 17) == 0
    assert difference(tmp_path, LSU, "ldr r1, [r6]", ctrl=1) == 0


def test_counting_changes_no_cycle(tmp_path: Path) -> None:
    code = "push {r1-r5}\n pop {r1-r5}\n udiv r1, r6, r7\n ldr r2, [r6, #1]\n cmp r6, r7\n it ne\n ldrne r1, [r6]"
    for timing in ("silicon", "manual"):
        runs = {difference(tmp_path, 4, code, ctrl=ctrl, timing=timing) for ctrl in (1, ENABLED)}
        assert len(runs) == 1
