"""MWU as firmware meets it: a write out of bounds gives its interrupt, and no kind of access escapes it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from support.exceptions import MEM_MANAGE, NMI, Run, run

MWU_EXCEPTION = 16 + 32
WA, RA = 1, 2


@pytest.fixture
def case(firmware_elfs: Path) -> partial[Run]:
    return partial(run, firmware_elfs / "mwu.elf")


def test_a_write_out_of_bounds_gives_the_interrupt(case: partial[Run]) -> None:
    done = case("out_of_bounds")
    assert done.results == [0, 1, 17, 1, 18]
    (capture,) = done.captures
    assert capture.ipsr == MWU_EXCEPTION
    fill = done.machine.image.find("fill")
    assert 0 <= capture.pc - (fill.address & ~1) <= fill.size


def test_nmi_comes_where_interrupts_are_off(case: partial[Run]) -> None:
    done = case("by_nmi")
    assert done.results == [0, 1, 1]
    assert [capture.ipsr for capture in done.captures] == [NMI]


def test_kinds_of_access(case: partial[Run]) -> None:
    *seen, outside = case("kinds_of_access").results[:15]
    assert seen == [0, WA, RA, WA, WA, WA, RA, WA, 0, WA, RA, WA, RA, WA | RA]
    assert outside == 0
    low, high = 0x1122_3344, 0x5566_7788
    memory = case("kinds_of_access").results[15:]
    assert memory[0] == 0  # STREX has stored
    assert memory[1:3] == [low, high]  # through VLDR
    assert memory[5:] == [low, low, high, low, high, 0, low, high, low, 0, low, 0]


def test_beside_a_guard_of_the_mpu(case: partial[Run]) -> None:
    done = case("beside_the_mpu")
    assert done.results == [WA, 0, 0, 7, 8, 1]
    assert [capture.ipsr for capture in done.captures] == [MEM_MANAGE]


def test_a_frame_is_stacked_by_the_cpu(case: partial[Run]) -> None:
    assert case("stacking").results == [0, WA | RA]


def test_peripherals(case: partial[Run]) -> None:
    assert case("peripherals").results == [0, 1, 1 << 20, 3, 1 << 20, 0, 0, 1]
