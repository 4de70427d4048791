"""Scheduler, Alarm, Rate, Line."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmsim.kernel import CPU_HZ, LFCLK, Line, Rate, Scheduler, cycles_of

# --- rates ------------------------------------------------------------------------------------------------------


def test_lfclk_is_exactly_32768_hz() -> None:
    assert LFCLK.cycles_for(32768) == CPU_HZ
    assert LFCLK.ticks_in(CPU_HZ) == 32768
    assert LFCLK.cycles_for(1) == 1954  # 1953.125, and the tick has passed only then
    assert LFCLK.ticks_in(1953) == 0
    assert LFCLK.cycles_for(32768 * 3600 * 24 * 365) == CPU_HZ * 3600 * 24 * 365


def test_hertz_of_a_fraction() -> None:
    rate = Rate.hertz(595, 10)
    assert rate.cycles_for(595) == 10 * CPU_HZ
    assert Rate.hertz(16_000_000) == Rate(CPU_HZ, 16_000_000)


@given(cycles=st.integers(1, 10**9), ticks=st.integers(1, 10**6), n=st.integers(0, 10**12))
def test_the_nth_tick_has_passed_at_its_cycle_and_not_before(cycles: int, ticks: int, n: int) -> None:
    rate = Rate(cycles, ticks)
    at = rate.cycles_for(n)
    assert rate.ticks_in(at) >= n
    if n:
        assert rate.ticks_in(at - 1) < n
    assert at - 1 < Fraction(n * cycles, ticks) <= at


@pytest.mark.parametrize(("seconds", "cycles"), [(1, 64_000_000), (0.020, 1_280_000), (1e-9, 0), (1.6e-8, 1)])
def test_cycles_of(seconds: float, cycles: int) -> None:
    assert cycles_of(seconds) == cycles


# --- scheduler --------------------------------------------------------------------------------------------------


class Log(list[tuple[int, str]]):
    """What happened when."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__()
        self.scheduler = scheduler

    def entry(self, what: str) -> "Entry":
        return Entry(self, what)


class Entry:
    def __init__(self, log: Log, what: str) -> None:
        self.log, self.what = log, what

    def __call__(self) -> None:
        self.log.append((self.log.scheduler.now, self.what))


@pytest.fixture
def scheduler() -> Scheduler:
    return Scheduler()


@pytest.fixture
def log(scheduler: Scheduler) -> Log:
    return Log(scheduler)


def test_alarms_see_their_own_moment(scheduler: Scheduler, log: Log) -> None:
    scheduler.alarm(log.entry("b")).at(20)
    scheduler.alarm(log.entry("a")).at(10)
    scheduler.alarm(log.entry("late")).at(31)
    scheduler.advance(30)
    assert log == [(10, "a"), (20, "b")]
    assert scheduler.now == 30
    assert scheduler.next_due == 31


def test_same_cycle_goes_by_order_of_arming(scheduler: Scheduler, log: Log) -> None:
    first, second = scheduler.alarm(log.entry("first")), scheduler.alarm(log.entry("second"))
    first.at(5)
    second.at(5)
    first.at(5)  # armed again: now it is the younger one
    scheduler.advance(5)
    assert log == [(5, "second"), (5, "first")]


def test_arming_again_moves(scheduler: Scheduler, log: Log) -> None:
    alarm = scheduler.alarm(log.entry("x"))
    for cycle in (10, 30, 20):
        alarm.at(cycle)
    assert scheduler.next_due == 20
    scheduler.advance(100)
    assert log == [(20, "x")]
    assert not alarm.armed


def test_cancel(scheduler: Scheduler, log: Log) -> None:
    alarm = scheduler.alarm(log.entry("x"))
    alarm.at(10)
    assert alarm.armed
    alarm.cancel()
    assert not alarm.armed
    assert scheduler.next_due is None
    scheduler.advance(100)
    assert log == []
    alarm.cancel()  # twice is harmless


def test_the_past_is_now(scheduler: Scheduler, log: Log) -> None:
    scheduler.advance(50)
    scheduler.alarm(log.entry("x")).at(10)
    assert scheduler.next_due == 50
    scheduler.advance(50)
    assert log == [(50, "x")]


def test_after_counts_from_now(scheduler: Scheduler, log: Log) -> None:
    scheduler.advance(50)
    scheduler.alarm(log.entry("x")).after(10)
    scheduler.advance(59)
    assert log == []
    scheduler.advance(60)
    assert log == [(60, "x")]


def test_an_action_may_arm_itself_and_others_within_the_same_advance(scheduler: Scheduler, log: Log) -> None:
    def tick() -> None:
        log.entry("tick")()
        if scheduler.now < 30:
            alarm.after(10)
        scheduler.alarm(log.entry("same cycle")).after(0)

    alarm = scheduler.alarm(tick)
    alarm.at(10)
    scheduler.advance(35)
    assert log == [(cycle, what) for cycle in (10, 20, 30) for what in ("tick", "same cycle")]


def test_an_action_may_cancel_an_alarm_of_the_same_cycle(scheduler: Scheduler, log: Log) -> None:
    victim = scheduler.alarm(log.entry("victim"))
    scheduler.alarm(victim.cancel).at(5)
    victim.at(5)
    scheduler.advance(10)
    assert log == []


def test_time_never_runs_back(scheduler: Scheduler) -> None:
    scheduler.advance(10)
    scheduler.advance(5)
    assert scheduler.now == 10


def test_on_earlier_tells_of_each_new_nearest_moment(scheduler: Scheduler) -> None:
    told: list[int] = []
    scheduler.on_earlier = told.append
    alarms = [scheduler.alarm(lambda: None) for _ in range(4)]
    for alarm, cycle in zip(alarms, (100, 200, 50, 50), strict=True):
        alarm.at(cycle)
    assert told == [100, 50]


def test_a_cancelled_moment_stops_the_cpu_once_too_often_but_hides_none(scheduler: Scheduler) -> None:
    told: list[int] = []
    scheduler.on_earlier = told.append
    stale = scheduler.alarm(lambda: None)
    stale.at(10)
    stale.cancel()
    scheduler.alarm(lambda: None).at(20)
    assert told == [10]  # whoever runs the CPU stops at 10, and then asks
    assert scheduler.next_due == 20
    scheduler.alarm(lambda: None).at(15)
    assert told == [10, 15]


@given(st.lists(st.tuples(st.integers(0, 4), st.one_of(st.none(), st.integers(0, 60)), st.integers(0, 15))))
def test_every_alarm_fires_once_at_the_last_moment_it_was_given(
    steps: list[tuple[int, int | None, int]],
) -> None:
    scheduler = Scheduler()
    fired: list[tuple[int, int]] = []
    alarms = [scheduler.alarm(lambda n=n: fired.append((scheduler.now, n))) for n in range(5)]  # type: ignore[misc]
    expected: list[tuple[int, int]] = []
    pending: dict[int, tuple[int, int]] = {}
    for order, (n, at, advance) in enumerate(steps):
        if at is None:
            alarms[n].cancel()
            pending.pop(n, None)
        else:
            alarms[n].at(at)
            pending[n] = max(at, scheduler.now), order
        assert scheduler.next_due == min((moment for moment, _ in pending.values()), default=None)
        scheduler.advance(scheduler.now + advance)
        due = sorted((moment, n) for n, moment in pending.items() if moment[0] <= scheduler.now)
        for (cycle, _), n_due in due:
            expected.append((cycle, n_due))
            del pending[n_due]
        assert fired == expected


# --- lines ------------------------------------------------------------------------------------------------------


def test_listeners_hear_changes_and_not_repeats() -> None:
    line, heard = Line("x"), list[bool]()
    stop = line.listen(heard.append)
    for level in (False, True, True, False):
        line.set(level)
    assert heard == [True, False]
    stop()
    line.set(True)
    assert heard == [True, False]
    assert line.level


def test_pulse() -> None:
    line, heard = Line("x"), list[bool]()
    line.listen(heard.append)
    line.pulse()
    assert heard == [True, False]


def test_a_listener_may_leave_while_it_hears() -> None:
    line, heard = Line("x", level=True), list[str]()

    def once(level: bool) -> None:
        heard.append("once")
        stop()

    stop = line.listen(once)
    line.listen(lambda level: heard.append("always"))
    line.set(False)
    line.set(True)
    assert heard == ["once", "always", "always"]
