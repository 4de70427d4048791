"""PWM: periods, sequences, loops, pins and clocks."""

import pytest
from cmsim_peripherals.nrf52840.pwm import Pwm

from cmsim.kernel import Rate
from cmsim.soc import Row

RAM = 0x2000_0000
STOP, SEQSTART0, SEQSTART1, NEXTSTEP = 0x004, 0x008, 0x00C, 0x010
STOPPED, SEQSTARTED0, SEQEND0, SEQEND1, PWMPERIODEND, LOOPSDONE = 0x104, 0x108, 0x110, 0x114, 0x118, 0x11C
SHORTS, INTENSET, ENABLE, MODE, COUNTERTOP, PRESCALER, DECODER, LOOP = (
    0x200, 0x304, 0x500, 0x504, 0x508, 0x50C, 0x510, 0x514,
)  # fmt: skip
HIGH = 0x8000
"""Polarity bit: the pulse is high."""
TOP = 1000
PERIOD = 4 * TOP


@pytest.fixture
def pwm(make_soc):
    pwm = make_soc(Row("PWM0", 0x4001_C000, Pwm)).blocks["PWM0"]
    pwm.write(ENABLE, 1)
    pwm.write(COUNTERTOP, TOP)
    pwm.write(0x560, 13)
    return pwm


def sequence(pwm, n, values, refresh=0, delay=0, at=None):
    at = RAM + 0x100 * n if at is None else at
    pwm.soc.dma_write(at, b"".join(value.to_bytes(2, "little") for value in values))
    for offset, value in ((0x520, at), (0x524, len(values)), (0x528, refresh), (0x52C, delay)):
        pwm.write(offset + 0x20 * n, value)


def edges(pwm, pin=13):
    seen = []
    pwm.soc.pins[pin].line.listen(lambda level: seen.append((pwm.scheduler.now, level)))
    return seen


def events(pwm, **offsets):
    seen = []
    for name, offset in offsets.items():
        pwm.subscribe(offset, lambda name=name: seen.append((pwm.scheduler.now // PERIOD, name)))
    return seen


def test_reset_values(pwm):
    pwm.reset()
    assert [pwm.read(o) for o in (COUNTERTOP, 0x528, 0x548, 0x560)] == [0x3FF, 1, 1, 0xFFFF_FFFF]


def test_a_pulse_of_a_quarter(pwm):
    sequence(pwm, 0, [HIGH | 250])
    seen = edges(pwm)
    pwm.write(SEQSTART0, 1)
    pwm.scheduler.advance(2 * PERIOD)
    assert seen == [(0, True), (1000, False), (4000, True), (5000, False), (8000, True)]
    assert pwm.high_cycles(0) == 1000


def test_other_polarity_begins_low(pwm):
    sequence(pwm, 0, [250])
    seen = edges(pwm)
    pwm.write(SEQSTART0, 1)
    pwm.scheduler.advance(PERIOD)
    assert seen == [(1000, True), (4000, False)]


@pytest.mark.parametrize(("value", "level"), [(HIGH, False), (HIGH | TOP, True), (0, True), (TOP, False)])
def test_all_and_nothing_have_no_edges(pwm, value, level):
    sequence(pwm, 0, [value])
    pwm.write(SEQSTART0, 1)
    seen = edges(pwm)
    pwm.scheduler.advance(10 * PERIOD)
    assert seen == []
    assert pwm.soc.pins[13].level == level


@pytest.mark.parametrize(("mode", "prescaler", "period"), [(0, 0, 4000), (1, 0, 8000), (0, 7, 4000 << 7)])
def test_period(pwm, mode, prescaler, period):
    pwm.write(MODE, mode)
    pwm.write(PRESCALER, prescaler)
    sequence(pwm, 0, [HIGH | 500])
    pwm.write(SEQSTART0, 1)
    assert pwm.period == period
    assert pwm.high_cycles(0) == period // 2


def test_a_fast_wave_is_declared_as_a_clock(pwm):
    """16 MHz / 4 = 4 MHz, as a camera wants it."""
    pin = pwm.soc.pins[13]
    pwm.write(COUNTERTOP, 4)
    sequence(pwm, 0, [HIGH | 2])
    pwm.write(SEQSTART0, 1)
    assert pin.clock == Rate(16)
    assert pin.owner == "PWM0.OUT0"
    pwm.write(STOP, 1)
    pwm.scheduler.advance(100)
    assert pin.clock is None
    assert pin.owner is None


def test_values_follow_each_other_every_refresh_plus_one_periods(pwm):
    sequence(pwm, 0, [HIGH | 100, HIGH | 200, HIGH | 300], refresh=1)
    seen = events(pwm, end=SEQEND0)
    pwm.write(SEQSTART0, 1)
    widths = []
    for n in range(8):
        pwm.scheduler.advance(n * PERIOD + 1)
        widths.append(pwm.high_cycles(0) // 4)
    assert widths == [100, 100, 200, 200, 300, 300, 300, 300]
    assert seen == [(4, "end")]  # when the last value begins
    assert pwm.running


def test_a_stop_by_shortcut_leaves_the_last_value_one_period(pwm):
    sequence(pwm, 0, [HIGH | 100, HIGH | 200], refresh=3)
    seen = events(pwm, end=SEQEND0, stopped=STOPPED)
    pwm.write(SHORTS, 1)
    pwm.write(SEQSTART0, 1)
    pwm.scheduler.advance(100 * PERIOD)
    assert seen == [(4, "end"), (5, "stopped")]


def test_the_shortcut_from_loopsdone_to_seqstart_plays_on_without_a_gap(pwm):
    sequence(pwm, 0, [HIGH | 100, HIGH | 200])
    sequence(pwm, 1, [HIGH | 300])
    pwm.write(LOOP, 1)
    pwm.write(SHORTS, 1 << 2)
    pwm.write(SEQSTART0, 1)
    widths = []
    for n in range(7):
        pwm.scheduler.advance(n * PERIOD + 1)
        widths.append(pwm.high_cycles(0) // 4)
    assert widths == [100, 200, 300, 100, 200, 300, 100]


def test_a_start_while_it_runs_waits_for_the_next_period(pwm):
    sequence(pwm, 0, [HIGH | 100])
    pwm.write(SEQSTART0, 1)
    pwm.scheduler.advance(PERIOD // 2)
    sequence(pwm, 0, [HIGH | 300])
    pwm.write(SEQSTARTED0, 0)
    pwm.write(SEQSTART0, 1)
    assert (pwm.high_cycles(0), pwm.read(SEQSTARTED0)) == (400, 0)
    pwm.scheduler.advance(PERIOD)
    assert (pwm.high_cycles(0), pwm.read(SEQSTARTED0)) == (1200, 1)


@pytest.mark.parametrize(
    ("load", "values"), [(0, [1, 1, 1, 1]), (1, [1, 1, 2, 2]), (2, [1, 2, 3, 4]), (3, [1, 2, 3, 0])]
)
def test_decoder_loads(pwm, load, values):
    pwm.write(DECODER, load)
    sequence(pwm, 0, [HIGH | 1, HIGH | 2, HIGH | 3, HIGH | 4])
    pwm.write(SEQSTART0, 1)
    top = 4 if load == 3 else TOP
    assert [pwm.high_cycles(n) // 4 if n < 3 or load < 3 else 0 for n in range(4)] == values
    assert pwm.period == 4 * top


def test_next_step_advances_by_task(pwm):
    pwm.write(DECODER, 1 << 8)
    sequence(pwm, 0, [HIGH | 100, HIGH | 200], refresh=0)
    pwm.write(SEQSTART0, 1)
    pwm.scheduler.advance(10 * PERIOD)
    assert pwm.high_cycles(0) == 400
    pwm.write(NEXTSTEP, 1)
    assert (pwm.high_cycles(0), pwm.read(SEQEND0)) == (400, 0)
    pwm.scheduler.advance(11 * PERIOD)
    assert (pwm.high_cycles(0), pwm.read(SEQEND0)) == (800, 1)


def test_a_loop_plays_both_sequences_with_delays(pwm):
    sequence(pwm, 0, [HIGH | 1, HIGH | 2], delay=1)
    sequence(pwm, 1, [HIGH | 3])
    pwm.write(LOOP, 2)
    pwm.write(SHORTS, 1 << 4)
    seen = events(pwm, end0=SEQEND0, end1=SEQEND1, done=LOOPSDONE, stopped=STOPPED)
    pwm.write(SEQSTART0, 1)
    pwm.scheduler.advance(100 * PERIOD)
    ended = [(1, "end0"), (3, "end1"), (5, "end0"), (7, "end1")]
    assert seen == [*ended, (7, "done"), (8, "stopped")]
    assert not pwm.running


def test_stop_waits_for_the_end_of_the_period(pwm):
    sequence(pwm, 0, [HIGH | 500])
    pwm.write(SEQSTART0, 1)
    pwm.scheduler.advance(PERIOD + 1)
    pwm.write(STOP, 1)
    pwm.scheduler.advance(2 * PERIOD - 1)
    assert pwm.read(STOPPED) == 0
    pwm.scheduler.advance(2 * PERIOD)
    assert pwm.read(STOPPED) == 1
    assert not pwm.soc.pins[13].level
    assert pwm.scheduler.next_due is None


def test_period_end_is_latched_when_read_and_costs_no_alarm(pwm):
    sequence(pwm, 0, [HIGH | TOP])
    pwm.write(SEQSTART0, 1)
    pwm.scheduler.advance(PERIOD - 1)
    assert pwm.read(PWMPERIODEND) == 0
    pwm.scheduler.advance(PERIOD)
    assert pwm.read(PWMPERIODEND) == 1
    pwm.write(PWMPERIODEND, 0)
    assert pwm.read(PWMPERIODEND) == 0


def test_period_end_interrupts(pwm):
    sequence(pwm, 0, [HIGH | TOP])
    pwm.write(INTENSET, 1 << 6)
    pwm.write(SEQSTART0, 1)
    moments = []
    pwm.irq.listen(lambda level: moments.append(pwm.scheduler.now) if level else None)
    for n in range(1, 4):
        pwm.scheduler.advance(n * PERIOD)
        pwm.write(PWMPERIODEND, 0)
    assert moments == [PERIOD, 2 * PERIOD, 3 * PERIOD]


def test_disabled_does_nothing(pwm):
    pwm.write(ENABLE, 0)
    pwm.write(SEQSTART0, 1)
    assert not pwm.running
    assert pwm.read(SEQSTARTED0) == 0


def test_a_sequence_in_flash_is_told(pwm):
    pwm.write(0x520, 0x1000)
    pwm.write(0x524, 1)
    pwm.write(SEQSTART0, 1)
    assert [u.offset for u in pwm.soc.unmodelled.values()] == [0x520]
