"""RNG: start-up time, time a byte, the shortcut, and repeatability."""

import pytest
from cmsim_peripherals.nrf52840.rng import Rng

from cmsim.soc import Row

START, STOP, VALRDY, SHORTS, CONFIG, VALUE = 0x000, 0x004, 0x100, 0x200, 0x504, 0x508
US = 64


@pytest.fixture
def rng(make_soc):
    return make_soc(Row("RNG", 0x4000_D000, Rng)).blocks["RNG"]


def ready_at(rng, until):
    moments = []
    rng.subscribe(VALRDY, lambda: moments.append(rng.scheduler.now))
    rng.write(START, 1)
    rng.scheduler.advance(until)
    return moments


@pytest.mark.parametrize(("corrected", "byte"), [(0, 30), (1, 120)])
def test_128_us_once_then_a_byte_time_each(rng, corrected, byte):
    rng.write(CONFIG, corrected)
    expected = [(128 + byte * n) * US for n in (1, 2, 3)]
    assert ready_at(rng, expected[-1]) == expected


def test_stop_and_start_again(rng):
    assert ready_at(rng, 200 * US) == [158 * US, 188 * US]
    rng.write(STOP, 1)
    rng.write(VALRDY, 0)
    rng.scheduler.advance(10_000 * US)
    assert rng.read(VALRDY) == 0
    rng.write(START, 1)
    rng.scheduler.advance(10_157 * US)
    assert rng.read(VALRDY) == 0
    rng.scheduler.advance(10_158 * US)
    assert rng.read(VALRDY) == 1


def test_start_while_running_changes_nothing(rng):
    rng.write(START, 1)
    rng.scheduler.advance(100 * US)
    assert ready_at(rng, 160 * US) == [158 * US]


def test_valrdy_stop(rng):
    rng.write(SHORTS, 1)
    assert ready_at(rng, 10_000 * US) == [158 * US]
    assert rng.scheduler.next_due is None


def test_interrupt(rng):
    rng.write(0x304, 1)
    rng.write(SHORTS, 1)
    ready_at(rng, 200 * US)
    assert rng.irq.level
    assert rng.irq_number == 13
    rng.write(VALRDY, 0)
    assert not rng.irq.level


def values(make_soc, seed, count=400):
    rng = make_soc(Row("RNG", 0x4000_D000, Rng), seed=seed).blocks["RNG"]
    found = []
    rng.subscribe(VALRDY, lambda: found.append(rng.read(VALUE)))
    ready_at(rng, (128 + 30 * count) * US)
    return found


def test_values_are_bytes_that_repeat_with_the_seed(make_soc):
    first = values(make_soc, 7)
    assert first == values(make_soc, 7)
    assert first != values(make_soc, 8)
    assert len(first) == 400
    assert 100 < sum(first) / 400 < 155
    assert min(first) >= 0
    assert max(first) <= 255


def test_reset_stops(rng):
    rng.write(START, 1)
    rng.reset()
    rng.scheduler.advance(10**6)
    assert rng.read(VALRDY) == 0
