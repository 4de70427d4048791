from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmsim.cortex_m.nvic import ExceptionState, SystemException
from cmsim.cortex_m.systick import SysTick
from cmsim.kernel import Scheduler

CTRL, LOAD, VAL, CALIB = 0x10, 0x14, 0x18, 0x1C
ENABLE, TICKINT, CLKSOURCE, COUNTFLAG = 1, 2, 4, 1 << 16


class Bench:
    def __init__(self) -> None:
        self.scheduler = Scheduler()
        self.state = ExceptionState(48, 3)
        self.timer = SysTick(self.scheduler, self.state)

    def at(self, cycle: int) -> int:
        """VAL at `cycle`."""
        self.scheduler.advance(cycle)
        return self.timer.read(VAL)

    @property
    def pended(self) -> bool:
        return bool(self.state.pending >> SystemException.SYSTICK & 1)

    def start(self, load: int, control: int = ENABLE) -> None:
        self.timer.write(LOAD, load)
        self.timer.write(VAL, 0)
        self.timer.write(CTRL, control)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_reset_values(bench: Bench) -> None:
    assert [bench.timer.read(offset) for offset in (CTRL, LOAD, VAL)] == [CLKSOURCE, 0, 0]
    assert bench.timer.read(CALIB) == 0xC000_0000  # NOREF, SKEW


def test_only_enable_and_tickint_can_be_written(bench: Bench) -> None:
    bench.timer.write(CTRL, 0xFFFF_FFFE)
    assert bench.timer.read(CTRL) == TICKINT | CLKSOURCE


def test_load_has_24_bits(bench: Bench) -> None:
    bench.timer.write(LOAD, 0xFFFF_FFFF)
    assert bench.timer.read(LOAD) == 0xFF_FFFF


def test_counts_load_plus_one_cycles_a_lap(bench: Bench) -> None:
    bench.start(9)
    assert [bench.at(n) for n in range(23)] == [0, *range(9, -1, -1), *range(9, -1, -1), 9, 8]


def test_the_counter_never_exceeds_24_bits(bench: Bench) -> None:
    bench.start(0xFF_FFFF)
    assert bench.at(0) == 0
    assert bench.at(1) == 0xFF_FFFF
    assert bench.at(0x100_0000) == 0
    assert bench.at(0x100_0001) == 0xFF_FFFF


@given(st.integers(1, 1000), st.lists(st.integers(0, 5000), max_size=20))
def test_it_does_not_matter_when_it_is_looked_at(load: int, moments: list[int]) -> None:
    bench = Bench()
    bench.start(load)
    for cycle in sorted(moments):
        assert bench.at(cycle) == -cycle % (load + 1)


def test_interrupt_when_it_reaches_zero(bench: Bench) -> None:
    bench.start(9, ENABLE | TICKINT)
    bench.at(9)
    assert not bench.pended
    bench.at(10)
    assert bench.pended


def test_without_tickint_it_only_sets_countflag(bench: Bench) -> None:
    bench.start(9)
    bench.at(10)
    assert not bench.pended
    assert bench.timer.read(CTRL) == COUNTFLAG | CLKSOURCE | ENABLE


def test_reading_ctrl_clears_countflag(bench: Bench) -> None:
    bench.start(9)
    bench.at(10)
    bench.timer.read(CTRL)
    assert not bench.timer.read(CTRL) & COUNTFLAG


def test_writing_val_clears_it_and_countflag_without_an_interrupt(bench: Bench) -> None:
    bench.start(9, ENABLE | TICKINT)
    bench.at(10)
    bench.state.unpend(SystemException.SYSTICK)
    bench.at(13)
    bench.timer.write(VAL, 0x1234)
    assert bench.at(13) == 0
    assert not bench.timer.read(CTRL) & COUNTFLAG
    assert not bench.pended
    assert bench.at(14) == 9


def test_writing_ctrl_keeps_countflag(bench: Bench) -> None:
    bench.start(9)
    bench.at(10)
    bench.timer.write(CTRL, ENABLE | TICKINT)
    assert bench.timer.read(CTRL) & COUNTFLAG


def test_disabling_holds_the_counter_and_enabling_goes_on(bench: Bench) -> None:
    bench.start(9)
    assert bench.at(4) == 6
    bench.timer.write(CTRL, 0)
    assert bench.at(100) == 6
    bench.timer.write(CTRL, ENABLE)
    assert [bench.at(n) for n in (101, 106, 107)] == [5, 0, 9]


def test_a_new_load_counts_from_the_next_lap(bench: Bench) -> None:
    bench.start(9)
    bench.at(4)
    bench.timer.write(LOAD, 4)
    assert [bench.at(n) for n in (5, 10, 11, 15, 16)] == [5, 0, 4, 0, 4]


def test_load_zero_stops_at_the_next_zero(bench: Bench) -> None:
    bench.start(9, ENABLE | TICKINT)
    bench.at(4)
    bench.timer.write(LOAD, 0)
    assert bench.at(9) == 1
    assert bench.at(10) == 0
    assert bench.pended
    bench.state.unpend(SystemException.SYSTICK)
    bench.timer.read(CTRL)
    assert bench.at(1000) == 0
    assert not bench.pended
    assert not bench.timer.read(CTRL) & COUNTFLAG
    assert bench.scheduler.next_due is None  # an empty counter does not keep the machine awake


def test_a_counter_enabled_with_load_zero_starts_when_load_is_written(bench: Bench) -> None:
    bench.start(0, ENABLE | TICKINT)
    assert bench.at(50) == 0
    bench.timer.write(LOAD, 9)
    assert bench.at(51) == 9
    bench.at(60)
    assert bench.pended


def test_val_written_while_disabled_is_zero(bench: Bench) -> None:
    bench.start(9)
    bench.at(4)
    bench.timer.write(CTRL, 0)
    bench.timer.write(VAL, 7)
    assert bench.at(5) == 0
    bench.timer.write(CTRL, ENABLE)
    assert bench.at(6) == 9


def test_reset_stops_it(bench: Bench) -> None:
    bench.start(9, ENABLE | TICKINT)
    bench.at(4)
    bench.timer.reset()
    bench.at(100)
    assert not bench.pended
    assert bench.timer.read(VAL) == 0


def test_it_stands_still_while_the_processor_sleeps() -> None:
    bench = Bench()
    bench.timer.write(LOAD, 99)
    bench.timer.write(CTRL, ENABLE | TICKINT)
    bench.scheduler.advance(41)
    before = bench.timer.read(VAL)
    bench.timer.sleep(True)
    bench.scheduler.advance(10_041)
    assert bench.timer.read(VAL) == before
    assert not bench.state.pending
    bench.timer.sleep(False)
    assert bench.timer.read(VAL) == before
    bench.scheduler.advance(10_041 + before - 1)
    assert not bench.state.pending
    bench.scheduler.advance(10_041 + before)
    assert bench.state.pending


def test_one_that_is_off_does_not_hear_of_sleep() -> None:
    bench = Bench()
    bench.timer.sleep(True)
    bench.timer.write(LOAD, 9)
    bench.timer.sleep(False)
    bench.timer.write(CTRL, ENABLE)
    bench.scheduler.advance(8)
    assert bench.timer.read(VAL) == 2
