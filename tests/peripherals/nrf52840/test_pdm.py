"""PDM: clock, buffers, tasks and events, gain."""

import numpy as np
import pytest
from cmsim_peripherals.nrf52840.pdm import Pdm

from cmsim.soc import Row

RAM = 0x2000_0000
START, STOP, STARTED, STOPPED, END = 0x000, 0x004, 0x100, 0x104, 0x108
ENABLE, PDMCLKCTRL, MODE, GAINL, GAINR, RATIO, CLK, DIN = 0x500, 0x504, 0x508, 0x518, 0x51C, 0x520, 0x540, 0x544
PTR, MAXCNT = 0x560, 0x564
SAMPLE = 62 * 64


class Constant:
    """A microphone with a constant density of bits."""

    def __init__(self, density=0.0):
        self.density, self.asked = density, []

    def bits(self, first, period, count):
        self.asked.append((first, period, count))
        return np.full(count, self.density, np.float32)


class Bench:
    def __init__(self, make_soc, source=None, strict=False):
        self.soc = make_soc(Row("PDM", 0x4001_D000, Pdm), strict=strict)
        self.block, self.scheduler = self.soc.blocks["PDM"], self.soc.scheduler
        self.source = source or Constant()
        self.soc.wire_pdm(self.source, 26, 25)
        self.log = []
        for offset, name in ((STARTED, "STARTED"), (STOPPED, "STOPPED"), (END, "END")):
            self.block.subscribe(offset, lambda name=name: self.log.append((name, self.scheduler.now)))
        self.set({CLK: 26, DIN: 25, MODE: 1, ENABLE: 1})

    def set(self, registers):
        for offset, value in registers.items():
            self.block.write(offset, value)

    def run(self, samples):
        self.scheduler.advance(self.scheduler.now + round(samples * SAMPLE))

    def samples(self, count, address=RAM):
        return np.frombuffer(self.soc.dma_read(address, 2 * count), "<i2").tolist()


@pytest.fixture
def bench(make_soc):
    return Bench(make_soc)


def test_reset_values(make_soc):
    block = make_soc(Row("PDM", 0x4001_D000, Pdm)).blocks["PDM"]
    values = {ENABLE: 0, PDMCLKCTRL: 0x0840_0000, MODE: 0, GAINL: 0x28, GAINR: 0x28, RATIO: 0, CLK: 0xFFFF_FFFF, DIN: 0xFFFF_FFFF}
    assert {offset: block.read(offset) for offset in values} == values
    assert block.irq_number == 29


@pytest.mark.parametrize(
    ("control", "cycles"),
    [(0x0800_0000, 64), (0x0840_0000, 62), (0x0880_0000, 60), (0x0980_0000, 52), (0x0A00_0000, 50), (0x0A80_0000, 48)],
)
@pytest.mark.parametrize("ratio", [64, 80])
def test_sample_rates(bench, control, cycles, ratio):
    bench.set({PDMCLKCTRL: control, RATIO: ratio == 80, PTR: RAM, MAXCNT: 10, START: 1})
    bench.run(30)
    assert next(at for name, at in bench.log if name == "END") == 10 * cycles * ratio
    assert bench.source.asked[0] == (cycles // 2, cycles, 10 * ratio)


def test_double_buffering(bench):
    bench.set({PTR: RAM, MAXCNT: 4, START: 1})
    assert bench.log == [("STARTED", 0)]
    bench.set({PTR: RAM + 0x100, MAXCNT: 6})
    bench.run(4)
    assert bench.log[1:] == [("END", 4 * SAMPLE), ("STARTED", 4 * SAMPLE)]
    bench.run(6)
    assert bench.log[3:] == [("END", 10 * SAMPLE), ("STARTED", 10 * SAMPLE)]
    assert bench.source.asked[1][0] == 31 + 4 * SAMPLE


def test_an_empty_first_buffer_asks_for_another(bench):
    bench.set({PTR: RAM, MAXCNT: 0, START: 1})
    bench.set({MAXCNT: 2})
    bench.run(3)
    assert [name for name, _ in bench.log] == ["STARTED", "STARTED", "END", "STARTED"]
    assert bench.log[2][1] == 3 * SAMPLE


def test_stop_ends_with_the_sample_under_way(bench):
    bench.set({PTR: RAM, MAXCNT: 100, START: 1})
    bench.run(2.5)
    bench.set({STOP: 1})
    bench.run(10)
    assert bench.log[1:] == [("END", 3 * SAMPLE), ("STOPPED", 3 * SAMPLE)]
    assert bench.source.asked == [(31, 62, 3 * 64)]
    bench.set({STOP: 1})
    assert bench.log[-1][0] == "STOPPED"
    bench.set({START: 1})
    assert bench.log[-1][0] == "STARTED"


def test_interrupts(bench):
    bench.set({0x304: 0b100, PTR: RAM, MAXCNT: 1, START: 1})
    assert not bench.block.irq.level
    bench.run(1)
    assert bench.block.irq.level
    bench.set({END: 0})
    assert not bench.block.irq.level


@pytest.mark.parametrize(
    ("gain", "decibels"), [(0x00, -20), (0x28, 0), (0x29, 0.5), (0x50, 20), (0x7F, 20)]
)
def test_gain(make_soc, gain, decibels):
    bench = Bench(make_soc, Constant(0.05))
    bench.set({GAINL: gain, PTR: RAM, MAXCNT: 400, START: 1})
    bench.run(400)
    wanted = 0.05 * 32768 * 10 ** ((3.2 + decibels) / 20)
    assert bench.samples(400)[-1] == pytest.approx(wanted, abs=1.5)


def test_saturation(make_soc):
    bench = Bench(make_soc, Constant(0.95))
    bench.set({PTR: RAM, MAXCNT: 400, START: 1})
    bench.run(400)
    assert bench.samples(400)[-1] == 32767


def test_stereo_alternates_and_the_other_side_reads_din(make_soc):
    bench = Bench(make_soc, Constant(0.1))
    bench.set({MODE: 0, PTR: RAM, MAXCNT: 400, START: 1})
    bench.run(200)
    assert bench.log[1] == ("END", 200 * SAMPLE)
    left, right = bench.samples(400)[-2:]
    assert left == pytest.approx(0.1 * 32768 * 10 ** (3.2 / 20), abs=1.5)
    assert right == -32768


def test_other_edge_and_no_microphone_read_din(make_soc):
    for registers in ({MODE: 3}, {DIN: 24}):
        bench = Bench(make_soc, Constant(0.1))
        bench.set({**registers, PTR: RAM, MAXCNT: 300, START: 1})
        bench.run(300)
        assert bench.samples(300)[-1] == -32768


def test_delay_of_the_filter_is_five_milliseconds(make_soc):
    class Step(Constant):
        def bits(self, first, period, count):
            return np.ones(count, np.float32) * 0.5

    bench = Bench(make_soc, Step())
    bench.set({PTR: RAM, MAXCNT: 300, START: 1})
    bench.run(300)
    samples = bench.samples(300)
    half = next(n for n, value in enumerate(samples) if value >= samples[-1] / 2)
    assert half * SAMPLE / 64e6 == pytest.approx(0.005, abs=2e-4)


def test_disabled_nothing_starts(bench):
    bench.set({ENABLE: 0, START: 1, PTR: RAM, MAXCNT: 4})
    bench.run(10)
    assert bench.log == []
    bench.set({ENABLE: 1, START: 1})
    bench.set({ENABLE: 0})
    bench.run(10)
    assert [name for name, _ in bench.log] == ["STARTED"]


def test_a_buffer_outside_ram_is_reported(bench):
    bench.set({PTR: 0x1000, MAXCNT: 4, START: 1})
    bench.run(4)
    assert bench.log[-2][0] == "END"
    assert any(u.block == "PDM" and u.offset == PTR for u in bench.soc.unmodelled.values())


def test_clock_pin_is_claimed_while_it_runs(bench):
    bench.set({PTR: RAM, MAXCNT: 4, START: 1})
    assert bench.soc.pins[26].owner == "PDM"
    bench.set({ENABLE: 0})
    assert bench.soc.pins[26].owner is None
