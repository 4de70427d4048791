"""QDEC: steps in both directions, double transitions, reports, lazily counted samples."""

import pytest
from cmsim_peripherals.nrf52840.qdec import Qdec
from hypothesis import given
from hypothesis import strategies as st

from cmsim.kernel import CPU_HZ
from cmsim.soc import Chip, Row, Soc

START, STOP, READCLRACC, RDCLRACC, RDCLRDBL = 0x000, 0x004, 0x008, 0x00C, 0x010
SAMPLERDY, REPORTRDY, ACCOF, DBLRDY, STOPPED = 0x100, 0x104, 0x108, 0x10C, 0x110
SHORTS, ENABLE, SAMPLEPER, SAMPLE, REPORTPER, ACC, ACCREAD = 0x200, 0x500, 0x508, 0x50C, 0x510, 0x514, 0x518
DBFEN, ACCDBL, ACCDBLREAD = 0x528, 0x544, 0x548
A, B = 3, 4
PERIOD = 128 * CPU_HZ // 1_000_000
CIRCLE = (0b00, 0b01, 0b11, 0b10)


def build():
    soc = Soc(Chip("test", "", (Row("QDEC", 0x4001_2000, Qdec),), flash_size=0x1000, ram_size=0x1000))
    qdec = soc.blocks["QDEC"]
    for offset, value in ((0x520, A), (0x524, B), (ENABLE, 1)):
        qdec.write(offset, value)
    turn(qdec, 0b00)
    return qdec


@pytest.fixture
def qdec():
    return build()


def turn(qdec, phase):
    """`phase` is A in bit 1, B in bit 0, as in Table 1 of the chapter."""
    qdec.soc.pins[A].drive_from_board("wheel", bool(phase & 2))
    qdec.soc.pins[B].drive_from_board("wheel", bool(phase & 1))


def wait(qdec, samples=1):
    qdec.scheduler.advance(qdec.scheduler.now + samples * PERIOD)


def signed(value):
    return (value ^ 1 << 31) - (1 << 31)


def walk(qdec, phases):
    for phase in phases:
        turn(qdec, phase)
        wait(qdec)


def test_reset_values(qdec):
    fresh = Soc(Chip("test", "", (Row("QDEC", 0x4001_2000, Qdec),), flash_size=0x1000, ram_size=0x1000)).blocks["QDEC"]
    assert [fresh.read(offset) for offset in (0x51C, 0x520, 0x524, 0x540, ACC)] == [0xFFFF_FFFF] * 3 + [0x10, 0]


@pytest.mark.parametrize(("phases", "steps"), [((1, 3, 2, 0), 4), ((2, 3, 1, 0), -4), ((1, 0, 1, 0), 0)])
def test_steps(qdec, phases, steps):
    qdec.write(START, 1)
    walk(qdec, phases)
    assert signed(qdec.read(ACC)) == steps


@given(st.lists(st.sampled_from((-1, 0, 1, 2)), max_size=30))
def test_any_walk(moves):
    qdec = build()
    qdec.write(START, 1)
    place = 0
    for move in moves:
        place += move
        turn(qdec, CIRCLE[place % 4])
        wait(qdec)
        assert signed(qdec.read(SAMPLE)) == move
    assert signed(qdec.read(ACC)) == sum(move for move in moves if move != 2)
    assert qdec.read(ACCDBL) == min(15, moves.count(2))


def test_both_at_once_is_a_double_transition(qdec):
    qdec.write(START, 1)
    for _ in range(16):
        walk(qdec, (0b11, 0b00))
    assert (qdec.read(ACC), qdec.read(ACCDBL), qdec.read(ACCOF)) == (0, 15, 1)


def test_the_accumulator_stops_at_its_limit(qdec):
    qdec.write(START, 1)
    for n in range(1, 1025):
        turn(qdec, CIRCLE[n % 4])
        wait(qdec)
    assert (qdec.read(ACC), qdec.read(ACCOF)) == (1023, 1)


def test_a_report_comes_only_with_motion(qdec):
    qdec.write(START, 1)
    wait(qdec, 100)
    assert qdec.read(REPORTRDY) == 0
    moments = []
    qdec.subscribe(REPORTRDY, lambda: moments.append(qdec.scheduler.now // PERIOD))
    turn(qdec, 0b01)
    wait(qdec, 25)
    assert moments == [110, 120]  # REPORTPER = 10 samples; ACC was not cleared


@pytest.mark.parametrize(("code", "samples"), [(0, 10), (1, 40), (7, 280), (8, 1)])
def test_report_periods(qdec, code, samples):
    qdec.write(REPORTPER, code)
    qdec.write(START, 1)
    moments = []
    qdec.subscribe(REPORTRDY, lambda: moments.append(qdec.scheduler.now // PERIOD))
    turn(qdec, 0b01)
    wait(qdec, samples)
    assert moments == [samples]


def test_shortcut_report_clears(qdec):
    qdec.write(SHORTS, 1)
    qdec.write(START, 1)
    walk(qdec, (1, 3))
    wait(qdec, 10)
    assert (qdec.read(ACC), qdec.read(ACCREAD)) == (0, 2)


def test_reading_and_clearing_each(qdec):
    qdec.write(START, 1)
    walk(qdec, (1, 2))
    qdec.write(RDCLRACC, 1)
    assert [qdec.read(offset) for offset in (ACCREAD, ACC, ACCDBLREAD, ACCDBL)] == [1, 0, 0, 1]
    qdec.write(RDCLRDBL, 1)
    assert [qdec.read(offset) for offset in (ACCDBLREAD, ACCDBL)] == [1, 0]
    walk(qdec, (0,))
    qdec.write(READCLRACC, 1)
    assert [qdec.read(offset) for offset in (ACCREAD, ACC)] == [1, 0]


@pytest.mark.parametrize("code", [0, 3, 10])
def test_sample_period(qdec, code):
    qdec.write(SAMPLEPER, code)
    moments = []
    qdec.subscribe(SAMPLERDY, lambda: moments.append(qdec.scheduler.now))
    qdec.write(START, 1)
    qdec.scheduler.advance(3 * PERIOD << code)
    assert moments == [n * PERIOD << code for n in (1, 2, 3)]


def test_a_still_wheel_costs_nothing(qdec):
    qdec.write(START, 1)
    assert qdec.scheduler.next_due is None
    wait(qdec, 1000)
    assert qdec.read(SAMPLERDY) == 1


def test_stop(qdec):
    qdec.write(START, 1)
    qdec.write(STOP, 1)
    turn(qdec, 1)
    wait(qdec, 20)
    assert (qdec.read(STOPPED), qdec.read(ACC)) == (1, 0)


def test_disabled_it_does_not_start(qdec):
    qdec.write(ENABLE, 0)
    qdec.write(START, 1)
    walk(qdec, (1, 3))
    assert (qdec.read(ACC), qdec.read(SAMPLERDY)) == (0, 0)


def test_the_debounce_filter_wants_a_whole_steady_sample_period(qdec):
    """Section 6.18.3: what lasts less than SAMPLEPER is never seen, twice that always; a period later than without."""
    qdec.write(DBFEN, 1)
    qdec.write(START, 1)
    qdec.scheduler.advance(10)
    turn(qdec, 0b01)
    wait(qdec)
    assert qdec.read(ACC) == 0
    wait(qdec)
    assert qdec.read(ACC) == 1
    turn(qdec, 0b11)
    qdec.scheduler.advance(qdec.scheduler.now + PERIOD - 1)
    turn(qdec, 0b01)
    wait(qdec, 5)
    assert qdec.read(ACC) == 1
    turn(qdec, 0b11)
    wait(qdec, 2)
    assert qdec.read(ACC) == 2


def test_a_bounce_between_two_samples_is_not_seen(qdec):
    qdec.write(START, 1)
    turn(qdec, 1)
    turn(qdec, 0)
    wait(qdec)
    assert qdec.read(ACC) == 0
