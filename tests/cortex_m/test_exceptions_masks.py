"""Masks, sleep, events and SysTick by firmware (Arm DDI 0403E, B1.4.3, B1.5.17 to B1.5.19, B3.3)."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from support.exceptions import IRQ_A, IRQ_B, IRQ_C, NMI, Run, run

TIMER0 = 16 + 8


@pytest.fixture
def case(firmware_elfs: Path) -> partial[Run]:
    return partial(run, firmware_elfs / "masks_sleep.elf")


@pytest.mark.parametrize(
    "name", ["unmask_by_cpsie", "unmask_by_msr_primask", "unmask_by_msr_basepri", "unmask_by_raising_basepri"]
)
def test_taken_right_after_unmasking(case: partial[Run], name: str) -> None:
    done = case(name)
    (a,) = done.captures
    assert a.ipsr == IRQ_A
    assert a.pc == done.address(f"{name}_next")


def test_basepri_masks_equal_and_lower(case: partial[Run]) -> None:
    done = case("basepri_masks_equal_and_lower")
    b, c = 1 << 21, 1 << 22
    # ISRPENDING, but VECTPENDING leaves out what BASEPRI masks
    assert done.results == [b | c, 1 << 22 | 1 << 11, c, 0]
    assert done.order == [IRQ_A, -IRQ_A, IRQ_B, -IRQ_B, IRQ_C, -IRQ_C]


def test_basepri_max_only_raises(case: partial[Run]) -> None:
    assert case("basepri_max_only_raises").results == [0x80, 0x80, 0x80, 0x40, 0xC0]


def test_basepri_without_implemented_bits_masks_nothing(case: partial[Run]) -> None:
    assert case("basepri_ignores_low_bits").results == [1]


def test_faultmask_holds_all_but_nmi(case: partial[Run]) -> None:
    done = case("faultmask_holds_all_but_nmi")
    assert done.results == [1, 0, 1, 1, 2]
    assert done.order == [NMI, -NMI, IRQ_A, -IRQ_A]


def test_faultmask_is_cleared_by_return(case: partial[Run]) -> None:
    assert case("faultmask_is_cleared_by_return").results == [1, 0]


def test_wfi_with_primask_wakes_and_takes_nothing(case: partial[Run]) -> None:
    taken, icsr, slept, later = case("wfi_with_primask").results
    assert (taken, later) == (0, 1)
    assert icsr & (1 << 22 | 0x1FF << 12) == 1 << 22 | TIMER0 << 12  # ISRPENDING, VECTPENDING
    assert slept == pytest.approx(10_000, abs=40)


def test_wfi_is_not_woken_by_what_basepri_masks(case: partial[Run]) -> None:
    done = case("wfi_is_not_woken_by_basepri_masked")
    taken, number, slept = done.results
    assert (taken, number) == (1, TIMER0)
    assert slept > 4_990


def test_wfi_passes_when_something_pends(case: partial[Run]) -> None:
    assert case("wfi_passes_when_pending").results[0] < 40


def test_wfe_and_sev(case: partial[Run]) -> None:
    passed, slept, taken, passed_again = case("wfe_and_sev").results
    assert passed < 40
    assert slept > 2_990
    assert taken == 1
    assert passed_again < 40


def test_sevonpend(case: partial[Run]) -> None:
    slept, pends, taken = case("sevonpend").results
    assert slept == pytest.approx(2_000, abs=10)
    assert (pends, taken) == (1, 0)


def test_sleep_on_exit(case: partial[Run]) -> None:
    done = case("sleep_on_exit")
    *laps, taken = done.results
    assert laps[::2] == [done.address("sleep_on_exit_next")] * 3
    assert taken == 3
    first, second, third = laps[1::2]
    assert [second - first, third - second] == [pytest.approx(20_000, abs=8)] * 2


def test_nothing_wakes_this(firmware_elfs: Path) -> None:
    done = run(firmware_elfs / "masks_sleep.elf", "sleep_for_ever", seconds=2, expect="time")
    assert done.machine.cycles == 128_000_000


def test_systick_period_is_exact(case: partial[Run]) -> None:
    """Each tick waits for the instructions under way, none for those of another."""
    periods = case("systick_period").results
    assert periods == [pytest.approx(1_000, abs=8)] * 5
    assert sum(periods) == pytest.approx(5_000, abs=8)


def test_systick_and_cyccnt_stand_still_in_sleep(case: partial[Run]) -> None:
    slept, counted, cycles, taken, number = case("counters_stand_still_in_sleep").results
    assert slept > 19_900
    assert counted < 500
    assert cycles < 500
    assert (taken, number) == (1, TIMER0)


def test_systick_registers(case: partial[Run]) -> None:
    ctrl, calib, load, cleared, step, *flags, pending, moved, taken = case("systick_registers").results
    assert (ctrl, calib, load, cleared) == (4, 0xC000_0000, 0xFF_FFFF, 0)  # no reference clock
    assert step == 5  # LDR, three NOP
    countflag = 1 << 16
    assert flags == [5, 5 | countflag, 5, 5]
    assert (pending, moved, taken) == (0, 0, 1)
