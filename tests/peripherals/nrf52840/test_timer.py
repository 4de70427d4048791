from __future__ import annotations

from functools import partial

import pytest
from cmsim_peripherals.nrf52840.timer import Timer, Timer6
from hypothesis import given, settings
from hypothesis import strategies as st

from cmsim.kernel import CPU_HZ
from cmsim.soc import Chip, Row, Soc

START, STOP, COUNT, CLEAR, SHUTDOWN = range(0x000, 0x014, 4)
SHORTS, INTENSET, MODE, BITMODE, PRESCALER = 0x200, 0x304, 0x504, 0x508, 0x510
MICROSECOND = 64


def capture(n: int) -> int:
    return 0x040 + 4 * n


def compare(n: int) -> int:
    return 0x140 + 4 * n


def cc(n: int) -> int:
    return 0x540 + 4 * n


def make(model: type[Timer] = Timer) -> Timer:
    soc = Soc(Chip("test", "", (Row("TIMER0", 0x4000_8000, model),), flash_size=0, ram_size=0))
    block = soc.blocks["TIMER0"]
    assert isinstance(block, Timer)
    return block


@pytest.fixture
def timer() -> Timer:
    return make()


def advance(timer: Timer, cycles: int) -> None:
    timer.scheduler.advance(timer.scheduler.now + cycles)


def now(timer: Timer) -> int:
    """The counter, by way of the last CAPTURE task."""
    timer.write(capture(3), 1)
    return timer.read(cc(3))


def test_reset_values(timer: Timer) -> None:
    assert timer.read(PRESCALER) == 4
    assert [timer.read(at) for at in (SHORTS, MODE, BITMODE, cc(0), cc(3), compare(0))] == [0] * 6
    assert timer.irq_number == 8


@pytest.mark.parametrize("prescaler", range(10))
def test_frequency_is_16_mhz_over_a_power_of_two(timer: Timer, prescaler: int) -> None:
    timer.write(BITMODE, 3)
    timer.write(PRESCALER, prescaler)
    timer.write(START, 1)
    advance(timer, CPU_HZ)
    assert now(timer) == 16_000_000 >> prescaler
    advance(timer, (4 << prescaler) - 1)
    assert now(timer) == 16_000_000 >> prescaler
    advance(timer, 1)
    assert now(timer) == (16_000_000 >> prescaler) + 1


@pytest.mark.parametrize(("bitmode", "bits"), [(0, 16), (1, 8), (2, 24), (3, 32)])
def test_bitmode_is_where_the_counter_wraps(timer: Timer, bitmode: int, bits: int) -> None:
    timer.write(BITMODE, bitmode)
    timer.write(PRESCALER, 0)
    timer.write(START, 1)
    advance(timer, 4 * ((1 << bits) + 5))
    assert now(timer) == 5


def test_compare_is_latched_and_interrupts(timer: Timer) -> None:
    timer.write(cc(1), 1000)
    timer.write(INTENSET, 1 << 17)
    timer.write(START, 1)
    advance(timer, 1000 * MICROSECOND - 1)
    assert not timer.irq.level
    advance(timer, 1)
    assert timer.read(compare(1)) == 1
    assert timer.irq.level
    timer.write(compare(1), 0)
    assert not timer.irq.level


def test_compare_ignores_bits_beyond_bitmode(timer: Timer) -> None:
    timer.write(BITMODE, 1)
    timer.write(cc(0), 0xABCD_EF05)
    timer.write(START, 1)
    advance(timer, 5 * MICROSECOND)
    assert timer.read(compare(0)) == 1
    assert timer.read(cc(0)) == 0xABCD_EF05


def test_compare_at_zero_fires_at_the_wrap_only(timer: Timer) -> None:
    timer.write(START, 1)
    timer.write(CLEAR, 1)
    advance(timer, 65_536 * MICROSECOND - 1)
    assert timer.read(compare(0)) == 0
    advance(timer, 1)
    assert [timer.read(compare(n)) for n in range(4)] == [1, 1, 1, 1]


def test_cc_written_to_the_present_count_waits_for_the_wrap(timer: Timer) -> None:
    timer.write(BITMODE, 1)
    timer.write(START, 1)
    advance(timer, 10 * MICROSECOND)
    timer.write(cc(0), 10)
    advance(timer, 255 * MICROSECOND)
    assert timer.read(compare(0)) == 0
    advance(timer, MICROSECOND)
    assert timer.read(compare(0)) == 1


def test_cc_written_while_running_moves_the_compare(timer: Timer) -> None:
    timer.write(cc(0), 1000)
    timer.write(START, 1)
    advance(timer, 10 * MICROSECOND)
    timer.write(cc(0), 11)
    advance(timer, MICROSECOND)
    assert timer.read(compare(0)) == 1
    timer.write(compare(0), 0)
    timer.write(cc(0), 5000)
    advance(timer, 2000 * MICROSECOND)
    assert timer.read(compare(0)) == 0


def test_stop_keeps_and_start_resumes(timer: Timer) -> None:
    timer.write(START, 1)
    advance(timer, 100 * MICROSECOND + 63)
    timer.write(STOP, 1)
    advance(timer, 1000)
    assert now(timer) == 100
    timer.write(START, 1)
    timer.write(START, 1)
    advance(timer, MICROSECOND)
    assert now(timer) == 101


def test_clear_while_running_and_while_stopped(timer: Timer) -> None:
    timer.write(START, 1)
    advance(timer, 100 * MICROSECOND)
    timer.write(CLEAR, 1)
    assert now(timer) == 0
    advance(timer, 7 * MICROSECOND)
    assert now(timer) == 7
    timer.write(STOP, 1)
    timer.write(CLEAR, 1)
    assert now(timer) == 0


def test_shutdown_stops_and_clears(timer: Timer) -> None:
    timer.write(START, 1)
    advance(timer, 100 * MICROSECOND)
    timer.write(SHUTDOWN, 1)
    advance(timer, 100 * MICROSECOND)
    assert now(timer) == 0


@pytest.mark.parametrize("mode", [1, 2])
def test_counter_modes_count_tasks_only(timer: Timer, mode: int) -> None:
    timer.write(MODE, mode)
    timer.write(cc(0), 3)
    timer.write(COUNT, 1)
    assert now(timer) == 0  # not started
    timer.write(START, 1)
    advance(timer, CPU_HZ)
    for expected in (1, 2, 3):
        assert timer.read(compare(0)) == 0
        timer.trigger(COUNT)
        assert now(timer) == expected
    assert timer.read(compare(0)) == 1
    timer.write(BITMODE, 1)
    for _ in range(256):
        timer.trigger(COUNT)
    assert now(timer) == 3


def test_count_does_nothing_in_timer_mode(timer: Timer) -> None:
    timer.write(START, 1)
    timer.write(COUNT, 1)
    assert now(timer) == 0


@pytest.mark.parametrize(("model", "channels"), [(Timer, 4), (Timer6, 6)])
def test_compare_clear_shortcuts_make_a_period_of_cc(model: type[Timer], channels: int) -> None:
    for n in range(channels):
        timer = make(model)
        at: list[int] = []
        timer.subscribe(compare(n), lambda at=at, timer=timer: at.append(timer.scheduler.now))  # type: ignore[misc]
        timer.write(SHORTS, 1 << n)
        timer.write(cc(n), 250)
        timer.write(START, 1)
        advance(timer, 1000 * MICROSECOND)
        assert at == [250 * MICROSECOND * k for k in (1, 2, 3, 4)]


@pytest.mark.parametrize(("model", "channels"), [(Timer, 4), (Timer6, 6)])
def test_compare_stop_shortcuts(model: type[Timer], channels: int) -> None:
    for n in range(channels):
        timer = make(model)
        timer.write(SHORTS, 1 << (8 + n))
        timer.write(cc(n), 5)
        timer.write(START, 1)
        advance(timer, CPU_HZ)
        assert timer.read(compare(n)) == 1
        assert timer.counter == 5


def test_clear_and_stop_together_make_a_one_shot(timer: Timer) -> None:
    timer.write(SHORTS, 0x101)
    timer.write(cc(0), 5)
    for _ in range(2):
        timer.write(START, 1)
        advance(timer, 100 * MICROSECOND)
        assert timer.read(compare(0)) == 1
        assert timer.counter == 0
        timer.write(compare(0), 0)


def test_timers_0_to_2_have_no_fifth_channel() -> None:
    four, six = make(Timer), make(Timer6)
    for offset in (capture(4), compare(5), cc(4)):
        assert offset not in four.registers
        assert offset in six.registers
    six.write(cc(5), 3)
    six.write(START, 1)
    advance(six, 3 * MICROSECOND)
    assert six.read(compare(5)) == 1
    six.write(capture(5), 1)
    assert six.read(cc(5)) == 3
    for n in (4, 5):
        four.write(compare(n), 0)  # so does nrfx, on every timer
        assert four.read(compare(n)) == 0
    four.write(cc(4), 3)
    assert list(four.soc.unmodelled) == [("TIMER0", 0x550, "write")]


def test_changing_the_prescaler_keeps_the_count(timer: Timer) -> None:
    timer.write(START, 1)
    advance(timer, 10 * MICROSECOND)
    timer.write(PRESCALER, 0)
    assert timer.counter == 10
    advance(timer, 4)
    assert timer.counter == 11
    timer.write(PRESCALER, 15)
    advance(timer, 2048)
    assert timer.counter == 12


def test_a_timer_runs_exactly_for_hours(timer: Timer) -> None:
    timer.write(BITMODE, 3)
    at: list[int] = []
    timer.subscribe(compare(0), lambda: at.append(timer.scheduler.now))
    timer.write(cc(0), 3_600_000_000)
    timer.write(SHORTS, 1)
    timer.write(START, 1)
    advance(timer, 5 * 3600 * CPU_HZ)
    assert at == [3600 * CPU_HZ * k for k in range(1, 6)]


def test_polling_does_not_pile_up_alarms(timer: Timer) -> None:
    timer.write(BITMODE, 3)
    timer.write(cc(0), 0x8000_0000)
    timer.write(START, 1)
    before = len(timer.scheduler._queue)
    for _ in range(1000):
        advance(timer, 10)
        now(timer)
    assert len(timer.scheduler._queue) <= before + 1


def test_a_match_of_this_cycle_is_not_lost_to_a_task_of_this_cycle() -> None:
    """Another device's alarm may come first in the same cycle and poke this timer through PPI."""
    timer = make()
    timer.write(cc(0), 10)
    other = timer.scheduler.alarm(lambda: timer.trigger(capture(1)))
    other.at(10 * MICROSECOND)
    timer.write(START, 1)
    advance(timer, 10 * MICROSECOND)
    assert timer.read(compare(0)) == 1
    assert timer.read(cc(1)) == 10


def test_reset(timer: Timer) -> None:
    timer.write(cc(0), 10)
    timer.write(START, 1)
    advance(timer, MICROSECOND)
    timer.reset()
    advance(timer, CPU_HZ)
    assert timer.read(compare(0)) == 0
    assert timer.counter == 0


class SteppedTimer:
    """The oracle: an 8-bit timer that is stepped through every CPU cycle."""

    def __init__(self, period: int, shorts: int) -> None:
        self.period, self.shorts = period, shorts
        self.cycle = self.count = self.phase = 0
        self.running = False
        self.cc = [0] * 4
        self.events: list[tuple[int, int]] = []

    def step(self) -> None:
        self.cycle += 1
        if not self.running:
            return
        self.phase += 1
        if self.phase < self.period:
            return
        self.phase = 0
        self.count = (self.count + 1) & 0xFF
        for n in [n for n in range(4) if self.cc[n] == self.count]:
            self.events.append((self.cycle, n))
            if self.shorts >> n & 1:
                self.count = self.phase = 0
            if self.shorts >> (8 + n) & 1:
                self.running, self.phase = False, 0

    def act(self, action: str, n: int, value: int) -> None:
        match action:
            case "start" if not self.running:
                self.running, self.phase = True, 0
            case "stop":
                self.running = False
            case "clear":
                self.count = self.phase = 0
            case "capture":
                self.cc[n] = self.count
            case "cc":
                self.cc[n] = value


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 3, 4, 15, 64, 500, 1500]),
        st.sampled_from(["start", "start", "stop", "clear", "capture", "cc", "cc"]),
        st.integers(0, 3),
        st.sampled_from([0, 1, 2, 3, 10, 11, 100, 255]),
    ),
    max_size=25,
)


@settings(deadline=None)
@given(ACTIONS, st.sampled_from([0, 1, 0x100, 0x204, 0x808, 0x101]), st.sampled_from([0, 2]))
def test_against_a_stepped_timer(actions: list[tuple[int, str, int, int]], shorts: int, prescaler: int) -> None:
    timer, oracle = make(), SteppedTimer(4 << prescaler, shorts)
    events: list[tuple[int, int]] = []
    for n in range(4):
        timer.subscribe(compare(n), partial(lambda n: events.append((timer.scheduler.now, n)), n))
    timer.write(BITMODE, 1)
    timer.write(PRESCALER, prescaler)
    timer.write(SHORTS, shorts)
    tasks = {"start": START, "stop": STOP, "clear": CLEAR}
    for delay, action, n, value in [*actions, (3000, "capture", 0, 0)]:
        advance(timer, delay)
        for _ in range(delay):
            oracle.step()
        oracle.act(action, n, value)
        if action == "cc":
            timer.write(cc(n), value)
        else:
            timer.write(capture(n) if action == "capture" else tasks[action], 1)
        assert timer.counter == oracle.count
        assert events == oracle.events
        assert [timer.read(cc(k)) for k in range(4)] == oracle.cc
