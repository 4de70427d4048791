"""A TIMER that toggles pins through PPI: as a train, and event by event, everything seen is the same."""

import cmsim_peripherals.nrf52840.timer as timer_module
import pytest
from cmsim_peripherals.nrf52840.gpio import Gpio
from cmsim_peripherals.nrf52840.gpiote import Gpiote
from cmsim_peripherals.nrf52840.ppi import Ppi
from cmsim_peripherals.nrf52840.timer import Timer
from hypothesis import given, settings
from hypothesis import strategies as st

from cmsim.kernel import Rate
from cmsim.soc import Chip, Row, Soc

T0, T1, GPIOTE = 0x4000_8000, 0x4000_9000, 0x4000_6000
START, STOP, CLEAR, CAPTURE3 = 0x000, 0x004, 0x00C, 0x04C
PIN = 27


class Bench:
    """TIMER0, COMPARE[0] clears; channel 0 toggles P0.27 by GPIOTE channel 2."""

    def __init__(self, top=1, prescaler=0):
        chip = Chip("test", "a chip for a test", (
            Row("P0", 0x5000_0000, Gpio, 0, 0x300), Row("GPIOTE", GPIOTE, Gpiote), Row("TIMER0", T0, Timer),
            Row("TIMER1", T1, Timer), Row("PPI", 0x4001_F000, Ppi)), flash_size=0x1000, ram_size=0x1000)
        self.soc = Soc(chip)
        self.timer, self.ppi, self.gpiote = (self.soc.blocks[name] for name in ("TIMER0", "PPI", "GPIOTE"))
        self.pin = self.soc.pins[PIN]
        self.gpiote.write(0x518, 3 | PIN << 8 | 3 << 16)
        for offset, value in ((0x510, prescaler), (0x508, 3), (0x540, top), (0x200, 1)):
            self.timer.write(offset, value)
        self.ppi.write(0x510, T0 + 0x140)
        self.ppi.write(0x514, GPIOTE + 8)
        self.ppi.write(0x500, 1)

    def at(self, cycle):
        self.soc.scheduler.advance(cycle)
        return self

    @property
    def train(self):
        return self.timer._train is not None


def test_eight_megahertz_without_an_event_a_toggle():
    bench = Bench().at(100)
    bench.timer.write(START, 1)
    bench.at(104)
    assert bench.pin.clock == Rate(8)
    assert bench.soc.scheduler.next_due is None
    bench.at(64_000_000)
    assert bench.timer.read(0x140) == 1
    bench.timer.write(STOP, 1)
    assert bench.pin.clock is None
    assert bench.pin.level == ((64_000_000 - 100) // 4 % 2 == 1)


@pytest.mark.parametrize("offset, value", [
    (0x140, 0), (0x304, 1 << 16), (0x540, 3), (0x200, 0), (CLEAR, 1), (STOP, 1), (0x504, 1), (0x510, 4),
])
def test_a_store_to_the_timer_ends_the_train(offset, value):
    bench = Bench()
    bench.timer.write(START, 1)
    assert bench.at(10).train
    bench.timer.write(offset, value)
    assert not bench.train
    assert bench.pin.level == (10 // 4 % 2 == 1)


def test_touching_the_other_two_ends_it():
    for touch in (lambda b: b.ppi.write(0x508, 1), lambda b: b.ppi.write(0x910, T1), lambda b: b.ppi.write(0x514, 0),
                  lambda b: b.ppi.write(0x510, 0), lambda b: b.gpiote.write(0x518, 0), lambda b: b.gpiote.write(0x038, 1),
                  lambda b: b.gpiote.write(0x008, 1), lambda b: b.soc.reset(),
                  lambda b: b.timer.subscribe(0x140, lambda: None)):
        bench = Bench()
        bench.timer.write(START, 1)
        assert bench.at(10).train
        touch(bench)
        assert not bench.train
        assert bench.pin.clock is None


def test_it_goes_on_after_a_look_at_its_event():
    bench = Bench()
    bench.timer.write(START, 1)
    bench.at(10).timer.write(0x140, 0)
    bench.at(11)
    assert not bench.train
    bench.at(12)
    assert bench.train
    assert bench.timer.read(0x140) == 1


@pytest.mark.parametrize("prepare", [
    lambda b: b.timer.write(0x304, 1 << 16),  # an interrupt
    lambda b: b.timer.write(0x200, 0x101),  # it stops itself
    lambda b: b.ppi.write(0x910, T1 + 8),  # somebody counts
    lambda b: b.gpiote.write(0x518, 3 | PIN << 8 | 1 << 16),  # low to high, only once
    lambda b: b.timer.subscribe(0x140, lambda: None),
    lambda b: (b.timer.write(0x544, 1), b.timer.subscribe(0x144, lambda: None)),
    lambda b: b.timer.write(0x540, 64),  # slow enough for edges
], ids=["interrupt", "stop", "fork", "polarity", "other subscriber", "other compare", "slow"])
def test_what_must_be_told_event_by_event(prepare):
    bench = Bench(top=2, prescaler=1)
    prepare(bench)
    bench.timer.write(START, 1)
    bench.at(4000)
    assert not bench.train
    assert bench.pin.clock is None


ACTIONS = {
    "clear": lambda b: b.timer.write(CLEAR, 1), "stop": lambda b: b.timer.write(STOP, 1),
    "start": lambda b: b.timer.write(START, 1), "event": lambda b: b.timer.write(0x140, 0),
    "capture": lambda b: b.timer.write(CAPTURE3, 1), "out": lambda b: b.gpiote.write(0x008, 1),
    "set": lambda b: b.gpiote.write(0x038, 1), "off": lambda b: b.ppi.write(0x508, 1),
    "on": lambda b: b.ppi.write(0x504, 1), "top": lambda b: b.timer.write(0x540, 5),
    "other": lambda b: b.timer.write(0x544, 1), "nothing": lambda b: b.timer.write(0x308, 0),
}


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 9), st.integers(0, 2),
       st.lists(st.tuples(st.integers(0, 60), st.sampled_from(sorted(ACTIONS))), min_size=1, max_size=12))
def test_whoever_looks_sees_no_difference(top, prescaler, script):
    def play(limit):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(timer_module, "SHORTEST_EDGE_PERIOD", limit)
            bench, seen, now = Bench(top, prescaler), [], 0
            bench.timer.write(START, 1)
            for delay, action in script:
                now += delay
                ACTIONS[action](bench.at(now))
                seen.append([bench.timer.read(offset) for offset in (0x140, 0x144, 0x54C)])
                bench.gpiote.write(0x060, 1)  # of another channel
                bench.timer.write(0x308, 0)
                seen.append((bench.timer.counter, bench.pin.level))
            return seen

    assert play(1024) == play(0)
