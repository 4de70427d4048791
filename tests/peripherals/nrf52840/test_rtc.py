from __future__ import annotations

from functools import partial

import pytest
from cmsim_peripherals.nrf52840.clock import LFRC_START, Clock
from cmsim_peripherals.nrf52840.rtc import Rtc, Rtc4
from hypothesis import given, settings
from hypothesis import strategies as st

from cmsim.kernel import CPU_HZ
from cmsim.soc import Chip, Row, Soc

START, STOP, CLEAR, TRIGOVRFLW = 0x000, 0x004, 0x008, 0x00C
TICK, OVRFLW = 0x100, 0x104
INTENSET, INTENCLR, EVTEN, EVTENSET, EVTENCLR = 0x304, 0x308, 0x340, 0x344, 0x348
COUNTER, PRESCALER = 0x504, 0x508
HOUR = 3600 * CPU_HZ


def compare(n: int) -> int:
    return 0x140 + 4 * n


def cc(n: int) -> int:
    return 0x540 + 4 * n


def edge(k: int) -> int:
    """The first cycle at or after rising edge k of a 32,768 Hz clock that started at cycle 0."""
    return -(-k * 15625 // 8)


def make(*rows: Row) -> Rtc:
    """An RTC whose LFCLK runs from cycle 0 on, unless `rows` has a CLOCK."""
    soc = Soc(Chip("test", "", (*rows, Row("RTC1", 0x4001_1000, Rtc4)), flash_size=0, ram_size=0))
    block = soc.blocks["RTC1"]
    assert isinstance(block, Rtc)
    return block


@pytest.fixture
def rtc() -> Rtc:
    return make()


def to_edge(rtc: Rtc, k: int, after: int = 0) -> None:
    rtc.scheduler.advance(edge(k) + after)


def heard(rtc: Rtc, event: int) -> list[int]:
    """The cycles at which PPI hears `event`."""
    cycles: list[int] = []
    rtc.subscribe(event, lambda: cycles.append(rtc.scheduler.now))
    return cycles


def test_reset_values(rtc: Rtc) -> None:
    assert [rtc.read(at) for at in (EVTEN, EVTENSET, EVTENCLR, COUNTER, PRESCALER, cc(0), cc(3))] == [0] * 7
    assert rtc.irq_number == 17


def test_start_takes_effect_after_a_falling_and_a_rising_edge(rtc: Rtc) -> None:
    rtc.write(START, 1)
    to_edge(rtc, 1, -1)
    assert rtc.read(COUNTER) == 0
    to_edge(rtc, 1)
    assert rtc.read(COUNTER) == 1
    to_edge(rtc, 1000)
    assert rtc.read(COUNTER) == 1000


def test_start_in_the_second_half_of_a_period_waits_for_one_more(rtc: Rtc) -> None:
    to_edge(rtc, 10, 1000)
    rtc.write(START, 1)
    to_edge(rtc, 11)
    assert rtc.read(COUNTER) == 0
    to_edge(rtc, 12)
    assert rtc.read(COUNTER) == 1


@pytest.mark.parametrize("prescaler", [0, 1, 7, 327, 4095])
def test_prescaler(rtc: Rtc, prescaler: int) -> None:
    rtc.write(PRESCALER, prescaler)
    rtc.write(START, 1)
    for count in (1, 2, 3):
        to_edge(rtc, count * (prescaler + 1), -1)
        assert rtc.read(COUNTER) == count - 1
        to_edge(rtc, count * (prescaler + 1))
        assert rtc.read(COUNTER) == count


def test_prescaler_is_read_only_once_started(rtc: Rtc) -> None:
    rtc.write(PRESCALER, 5)
    rtc.write(START, 1)
    rtc.write(PRESCALER, 9)
    assert rtc.read(PRESCALER) == 5
    rtc.write(STOP, 1)
    rtc.write(PRESCALER, 0xFFFF_F009)
    assert rtc.read(PRESCALER) == 9


def test_stop_keeps_the_counter_and_clear_zeroes_it(rtc: Rtc) -> None:
    rtc.write(START, 1)
    to_edge(rtc, 100)
    rtc.write(STOP, 1)
    to_edge(rtc, 200)
    assert rtc.read(COUNTER) == 100
    rtc.write(START, 1)
    to_edge(rtc, 205)
    assert rtc.read(COUNTER) == 105
    rtc.write(CLEAR, 1)
    assert rtc.read(COUNTER) == 105
    to_edge(rtc, 206)
    assert rtc.read(COUNTER) == 0
    to_edge(rtc, 216)
    assert rtc.read(COUNTER) == 10


def test_clear_restarts_the_prescaler(rtc: Rtc) -> None:
    rtc.write(PRESCALER, 9)
    rtc.write(START, 1)
    to_edge(rtc, 15)
    rtc.write(CLEAR, 1)
    to_edge(rtc, 25)
    assert rtc.read(COUNTER) == 0
    to_edge(rtc, 26)
    assert rtc.read(COUNTER) == 1


def test_trigovrflw_and_overflow(rtc: Rtc) -> None:
    rtc.write(EVTENSET, 2)
    at = heard(rtc, OVRFLW)
    rtc.write(START, 1)
    to_edge(rtc, 10)
    rtc.write(TRIGOVRFLW, 1)
    to_edge(rtc, 11)
    assert rtc.read(COUNTER) == 0xFFFFF0
    to_edge(rtc, 26)
    assert rtc.read(COUNTER) == 0xFFFFFF
    assert rtc.read(OVRFLW) == 0
    to_edge(rtc, 27)
    assert rtc.read(COUNTER) == 0
    assert rtc.read(OVRFLW) == 1
    assert at == [edge(27)]


def test_overflow_after_512_seconds(rtc: Rtc) -> None:
    rtc.write(INTENSET, 2)
    rtc.write(START, 1)
    rtc.scheduler.advance(512 * CPU_HZ - 1)
    assert not rtc.irq.level
    rtc.scheduler.advance(512 * CPU_HZ)
    assert rtc.irq.level


def test_tick_event_at_every_increment(rtc: Rtc) -> None:
    rtc.write(PRESCALER, 2)
    rtc.write(EVTENSET, 1)
    at = heard(rtc, TICK)
    rtc.write(START, 1)
    to_edge(rtc, 30)
    assert at == [edge(k) for k in range(3, 31, 3)]


def test_events_that_nothing_enables_do_not_happen(rtc: Rtc) -> None:
    at = heard(rtc, compare(0))
    rtc.write(cc(0), 5)
    rtc.write(START, 1)
    to_edge(rtc, 10)
    assert rtc.read(compare(0)) == rtc.read(TICK) == 0
    assert at == []


def test_inten_alone_latches_and_interrupts_but_reaches_no_ppi(rtc: Rtc) -> None:
    at = heard(rtc, compare(0))
    rtc.write(cc(0), 5)
    rtc.write(INTENSET, 1 << 16)
    rtc.write(START, 1)
    to_edge(rtc, 5, -1)
    assert not rtc.irq.level
    to_edge(rtc, 5)
    assert rtc.irq.level
    assert rtc.read(compare(0)) == 1
    assert at == []
    rtc.write(compare(0), 0)
    assert not rtc.irq.level


def test_evten_alone_reaches_ppi_and_does_not_interrupt(rtc: Rtc) -> None:
    at = heard(rtc, compare(3))
    rtc.write(cc(3), 5)
    rtc.write(EVTENSET, 1 << 19)
    assert rtc.read(EVTEN) == rtc.read(EVTENSET) == rtc.read(EVTENCLR) == 1 << 19
    rtc.write(START, 1)
    to_edge(rtc, 10)
    assert at == [edge(5)]
    assert rtc.read(compare(3)) == 1
    assert not rtc.irq.level
    rtc.write(EVTENCLR, 1 << 19)
    assert rtc.read(EVTEN) == 0
    rtc.write(EVTEN, 0xFFFF_FFFF)
    assert rtc.read(EVTEN) == 0xF_0003


def test_an_event_enabled_late_still_comes(rtc: Rtc) -> None:
    rtc.write(cc(0), 100)
    rtc.write(START, 1)
    to_edge(rtc, 50)
    rtc.write(INTENSET, 1 << 16)
    to_edge(rtc, 100)
    assert rtc.irq.level


def test_cc_of_the_counter_at_start_or_clear_does_not_fire(rtc: Rtc) -> None:
    rtc.write(EVTENSET, 1 << 16)
    at = heard(rtc, compare(0))
    rtc.write(START, 1)
    to_edge(rtc, 10)
    rtc.write(CLEAR, 1)
    to_edge(rtc, 20)
    rtc.write(STOP, 1)
    to_edge(rtc, 30)
    rtc.write(cc(0), rtc.read(COUNTER))
    rtc.write(START, 1)
    to_edge(rtc, 50)
    assert at == []


@pytest.mark.parametrize("after", [0, 900, 976, 977, 1500, 1952])
def test_cc_of_n_plus_2_always_fires(rtc: Rtc, after: int) -> None:
    rtc.write(EVTENSET, 1 << 16)
    at = heard(rtc, compare(0))
    rtc.write(START, 1)
    to_edge(rtc, 100, after)
    rtc.write(cc(0), rtc.read(COUNTER) + 2)
    to_edge(rtc, 200)
    assert at == [edge(102)]


@pytest.mark.parametrize(("after", "fires"), [(0, True), (976, True), (977, False), (1952, False)])
def test_cc_of_n_plus_1_fires_only_if_it_crosses_in_time(rtc: Rtc, after: int, fires: bool) -> None:
    rtc.write(EVTENSET, 1 << 16)
    at = heard(rtc, compare(0))
    rtc.write(START, 1)
    to_edge(rtc, 100, after)
    rtc.write(cc(0), 101)
    to_edge(rtc, 200)
    assert at == ([edge(101)] if fires else [])


def test_cc_of_n_never_fires(rtc: Rtc) -> None:
    rtc.write(EVTENSET, 1 << 16)
    at = heard(rtc, compare(0))
    rtc.write(START, 1)
    to_edge(rtc, 100)
    rtc.write(cc(0), 100)
    to_edge(rtc, 1000)
    assert at == []


def test_the_old_cc_may_fire_before_the_new_one_has_crossed(rtc: Rtc) -> None:
    rtc.write(EVTENSET, 1 << 16)
    at = heard(rtc, compare(0))
    rtc.write(cc(0), 101)
    rtc.write(START, 1)
    to_edge(rtc, 100, 1500)
    rtc.write(cc(0), 500)
    assert rtc.read(cc(0)) == 500
    to_edge(rtc, 600)
    assert at == [edge(101), edge(500)]


def test_a_far_old_cc_does_not_fire(rtc: Rtc) -> None:
    rtc.write(EVTENSET, 1 << 16)
    at = heard(rtc, compare(0))
    rtc.write(cc(0), 103)
    rtc.write(START, 1)
    to_edge(rtc, 100, 1500)
    rtc.write(cc(0), 500)
    to_edge(rtc, 400)
    assert at == []


def test_clear_by_ppi_makes_a_period_of_cc_plus_1(rtc: Rtc) -> None:
    rtc.write(cc(0), 9)
    rtc.write(EVTENSET, 1 << 16)
    at = heard(rtc, compare(0))
    rtc.subscribe(compare(0), lambda: rtc.trigger(CLEAR))
    rtc.write(START, 1)
    to_edge(rtc, 45)
    assert at == [edge(k) for k in (9, 19, 29, 39)]


def test_reading_counter_stalls_the_bus(rtc: Rtc) -> None:
    stalls: list[int] = []
    rtc.soc.hooks.stall = stalls.append
    rtc.read(COUNTER)
    assert stalls == [12]


def test_an_hour_of_compares_is_exact(rtc: Rtc) -> None:
    """10,000 compares a whole second apart, each at its whole second: nothing accumulates."""
    rtc.write(EVTENSET, 1 << 16)
    at = heard(rtc, compare(0))
    rtc.subscribe(compare(0), lambda: rtc.write(cc(0), rtc.read(cc(0)) + 32_768 & 0xFFFFFF))
    rtc.write(cc(0), 32_768)
    rtc.write(START, 1)
    rtc.scheduler.advance(10_000 * CPU_HZ)
    assert at == [CPU_HZ * k for k in range(1, 10_001)]


def test_counter_after_a_year(rtc: Rtc) -> None:
    rtc.write(PRESCALER, 327)
    rtc.write(START, 1)
    year = 365 * 24 * HOUR
    rtc.scheduler.advance(year)
    assert rtc.read(COUNTER) == (365 * 24 * 3600 * 32_768 // 328) & 0xFFFFFF


def test_polling_does_not_pile_up_alarms(rtc: Rtc) -> None:
    rtc.write(cc(0), 1_000_000)
    rtc.write(INTENSET, 1 << 16)
    rtc.write(START, 1)
    to_edge(rtc, 3)
    before = len(rtc.scheduler._queue)
    for k in range(4, 1000):
        to_edge(rtc, k)
        rtc.read(COUNTER)
    assert len(rtc.scheduler._queue) <= before + 1


def test_the_counter_stands_without_lfclk() -> None:
    rtc = make(Row("POWER", 0x4000_0000, Clock))
    clock = rtc.soc.blocks["POWER"]
    rtc.write(cc(0), 5)
    rtc.write(EVTENSET, 1 << 16)
    at = heard(rtc, compare(0))
    rtc.write(START, 1)
    rtc.scheduler.advance(CPU_HZ)
    assert rtc.read(COUNTER) == 0
    clock.write(0x008, 1)
    origin = CPU_HZ + LFRC_START
    rtc.scheduler.advance(origin + edge(5))
    assert rtc.read(COUNTER) == 5
    assert at == [origin + edge(5)]
    rtc.scheduler.advance(origin + edge(7))
    clock.write(0x00C, 1)
    rtc.scheduler.advance(2 * CPU_HZ)
    assert rtc.read(COUNTER) == 7
    clock.write(0x008, 1)
    rtc.scheduler.advance(2 * CPU_HZ + LFRC_START + edge(3))
    assert rtc.read(COUNTER) == 10


def test_the_prescaler_keeps_its_phase_while_lfclk_is_off() -> None:
    rtc = make(Row("POWER", 0x4000_0000, Clock))
    clock = rtc.soc.blocks["POWER"]
    rtc.write(PRESCALER, 9)
    clock.write(0x008, 1)
    rtc.scheduler.advance(LFRC_START)
    rtc.write(START, 1)
    rtc.scheduler.advance(LFRC_START + edge(27))
    clock.write(0x00C, 1)
    rtc.write(cc(0), 3)
    rtc.write(EVTENSET, 1 << 16)
    rtc.scheduler.advance(CPU_HZ)
    assert rtc.read(COUNTER) == 2
    clock.write(0x008, 1)
    rtc.scheduler.advance(CPU_HZ + LFRC_START + edge(3) - 1)
    assert rtc.read(COUNTER) == 2
    rtc.scheduler.advance(CPU_HZ + LFRC_START + edge(3))
    assert rtc.read(COUNTER) == 3
    assert rtc.read(compare(0)) == 1


def test_reset_stops_and_forgets(rtc: Rtc) -> None:
    rtc.write(cc(0), 5)
    rtc.write(INTENSET, 1 << 16)
    rtc.write(START, 1)
    rtc.scheduler.advance(100)
    rtc.reset()
    to_edge(rtc, 100)
    assert rtc.read(COUNTER) == rtc.read(compare(0)) == rtc.read(INTENSET) == 0
    rtc.write(START, 1)
    to_edge(rtc, 110)
    assert rtc.read(COUNTER) == 10


def test_rtc0_has_three_compare_registers() -> None:
    assert cc(3) not in Rtc.registers
    assert compare(3) not in Rtc.registers
    assert cc(3) in Rtc4.registers


class SteppedRtc:
    """The oracle: stepped through every falling and rising edge, with a prescaler that counts down."""

    def __init__(self) -> None:
        self.half = 0
        self.counter = self.prescaler = self.reload = 0
        self.running = False
        self.compare = [0] * 4
        self.waiting: list[list[object]] = []
        self.events: list[tuple[int, str]] = []

    def step(self) -> None:
        self.half += 1
        if self.half % 2:
            for entry in self.waiting:
                entry[0] = True
            return
        skip = False
        for entry in [entry for entry in self.waiting if entry[0]]:
            self.waiting.remove(entry)
            action, n, value = entry[1:]
            match action:
                case "start":
                    self.running, self.prescaler, skip = True, self.reload, False
                case "stop":
                    self.running = False
                case "clear" | "overflow":
                    self.counter, self.prescaler = 0 if action == "clear" else 0xFFFFF0, self.reload
                    skip = True
                case "cc":
                    assert isinstance(n, int)
                    assert isinstance(value, int)
                    self.compare[n] = value
        if not self.running or skip:
            return
        if self.prescaler:
            self.prescaler -= 1
            return
        self.prescaler = self.reload
        self.counter = (self.counter + 1) & 0xFFFFFF
        self.events.append((self.half // 2, "tick"))
        if self.counter == 0:
            self.events.append((self.half // 2, "overflow"))
        self.events.extend((self.half // 2, f"compare {n}") for n in range(4) if self.compare[n] == self.counter)


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 500, 977, 1000, 1954, 3000, 5859, 20_000]),
        st.sampled_from(["start", "start", "stop", "clear", "overflow", "cc", "cc"]),
        st.integers(0, 3),
        st.sampled_from([0, 1, 2, 3, 5, 0xFFFFF2, 0xFFFFFF]),
    ),
    max_size=25,
)


@settings(deadline=None)
@given(ACTIONS, st.sampled_from([0, 1, 3]), st.booleans())
def test_against_a_stepped_rtc(actions: list[tuple[int, str, int, int]], prescaler: int, ticks: bool) -> None:
    rtc, oracle = make(), SteppedRtc()
    events: list[tuple[int, str]] = []
    names = {TICK: "tick", OVRFLW: "overflow"} | {compare(n): f"compare {n}" for n in range(4)}
    for offset, name in names.items():
        rtc.subscribe(offset, partial(lambda name: events.append((rtc._lfclk.tick, name)), name))
    rtc.write(EVTEN, 0xF_0002 | ticks)
    rtc.write(PRESCALER, prescaler)
    oracle.reload = prescaler
    tasks = {"start": START, "stop": STOP, "clear": CLEAR, "overflow": TRIGOVRFLW}
    for delay, action, n, value in [*actions, (100_000, "cc", 0, 0)]:
        now = rtc.scheduler.now + delay
        rtc.scheduler.advance(now)
        while -(-(oracle.half + 1) * 15625 // 16) <= now:
            oracle.step()
        oracle.waiting.append([False, action, n, value])
        if action == "cc":
            rtc.write(cc(n), value)
        else:
            rtc.write(tasks[action], 1)
        assert rtc.read(COUNTER) == oracle.counter
        assert events == [(at, name) for at, name in oracle.events if ticks or name != "tick"]


def test_nrfx_clears_four_events_on_every_rtc() -> None:
    soc = Soc(Chip("test", "", (Row("RTC0", 0x4000_B000, Rtc),), flash_size=0, ram_size=0))
    soc.blocks["RTC0"].write(compare(3), 0)
    assert soc.blocks["RTC0"].read(compare(3)) == 0
    assert soc.unmodelled == {}
