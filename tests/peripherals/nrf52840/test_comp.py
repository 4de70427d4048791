"""COMP and LPCOMP: thresholds, hysteresis, events, shortcuts, and what they cost while nobody waits."""

import pytest
from cmsim_peripherals.nrf52840.comp import LOOK, Comp, Lpcomp
from cmsim_peripherals.nrf52840.ppi import Ppi

from cmsim.kernel import CPU_HZ
from cmsim.soc import Row

START, STOP, SAMPLE, READY, DOWN, UP, CROSS = 0x000, 0x004, 0x008, 0x100, 0x104, 0x108, 0x10C
SHORTS, INTENSET, RESULT, ENABLE, PSEL, REFSEL, EXTREFSEL = 0x200, 0x304, 0x400, 0x500, 0x504, 0x508, 0x50C
ANADETECT, TH, MODE, HYST = 0x520, 0x530, 0x534, 0x538
AIN0, AIN1, AIN2 = 2, 3, 4
US = CPU_HZ // 1_000_000


@pytest.fixture
def soc(make_soc):
    soc = make_soc(Row("COMP", 0x4001_3000, Comp), Row("LPCOMP", 0x4001_4000, Lpcomp))
    soc.volts = {AIN0: 0.0, AIN1: 0.0, AIN2: 0.0}
    for pin in soc.volts:
        soc.analog[pin] = lambda cycle, pin=pin: soc.volts[pin]
    return soc


def started(block, **registers):
    for name, value in registers.items():
        block.write(globals()[name], value)
    block.write(ENABLE, block.ENABLED)
    block.write(START, 1)
    block.scheduler.advance(block.scheduler.now + 150 * US)
    return block


def result(block, volts, pin=AIN0):
    block.soc.volts[pin] = volts
    block.write(SAMPLE, 1)
    return block.read(RESULT)


def test_reset_values(soc):
    assert [soc.blocks[name].read(REFSEL) for name in ("COMP", "LPCOMP")] == [4, 4]


@pytest.mark.parametrize(("name", "registers", "microseconds"), [
    ("COMP", {REFSEL: 0}, 50), ("COMP", {REFSEL: 2}, 50),  # the internal references
    ("COMP", {REFSEL: 4}, 3), ("COMP", {REFSEL: 5}, 3), ("COMP", {REFSEL: 0, MODE: 0x100}, 3),
    ("LPCOMP", {}, 140),
])  # fmt: skip
def test_start_up_time(soc, name, registers, microseconds):
    block = soc.blocks[name]
    for offset, value in registers.items():
        block.write(offset, value)
    block.write(START, 1)
    soc.scheduler.advance(1000 * US)
    assert block.read(READY) == 0  # not enabled
    block.write(ENABLE, block.ENABLED)
    block.write(START, 1)
    soc.scheduler.advance(soc.scheduler.now + microseconds * US - 1)
    assert block.read(READY) == 0
    soc.scheduler.advance(soc.scheduler.now + 1)
    assert block.read(READY) == 1


@pytest.mark.parametrize(("code", "reference"), [(0, 1.2), (1, 1.8), (2, 2.4), (4, 3.0)])
def test_single_ended_thresholds(soc, code, reference):
    comp = started(soc.blocks["COMP"], REFSEL=code, TH=47 << 8 | 15)  # up at 48/64, down at 16/64
    up, down = 0.75 * reference, 0.25 * reference
    assert [result(comp, v) for v in (up - 0.01, up + 0.01, down + 0.01, down - 0.01, up - 0.01)] == [0, 1, 1, 0, 0]


@pytest.mark.parametrize(("volts", "above"), [(1.4, 0), (2.4, 1)])
def test_the_upper_threshold_counts_at_the_start(soc, volts, above):
    """Section 6.5.2: VIN- is VUP until the input has been above it."""
    soc.volts[AIN0] = volts
    assert result(started(soc.blocks["COMP"], TH=47 << 8 | 15), volts) == above


def test_external_reference(soc):
    soc.volts[AIN1] = 2.0
    comp = started(soc.blocks["COMP"], REFSEL=5, EXTREFSEL=1, TH=31 << 8 | 31)
    assert [result(comp, v) for v in (0.99, 1.01)] == [0, 1]
    soc.volts[AIN1] = 1.0
    assert result(comp, 0.6) == 1


def test_differential_mode_with_hysteresis(soc):
    soc.volts[AIN1] = 1.0
    comp = started(soc.blocks["COMP"], MODE=0x100, EXTREFSEL=1, HYST=1)
    assert [result(comp, v) for v in (1.014, 1.016, 0.986, 0.984)] == [0, 1, 1, 0]
    comp.write(HYST, 0)
    assert [result(comp, v) for v in (1.01, 0.99)] == [1, 0]


@pytest.mark.parametrize(("code", "fraction"), [(0, 1 / 8), (3, 4 / 8), (6, 7 / 8), (8, 1 / 16), (11, 7 / 16), (15, 15 / 16)])
def test_lpcomp_references(soc, code, fraction):
    lpcomp = started(soc.blocks["LPCOMP"], REFSEL=code)
    assert [result(lpcomp, 3.0 * fraction + dv) for dv in (-0.01, 0.01)] == [0, 1]


def test_lpcomp_hysteresis_and_external_reference(soc):
    soc.volts[AIN1] = 1.0
    lpcomp = started(soc.blocks["LPCOMP"], REFSEL=7, EXTREFSEL=1, HYST=1)
    assert [result(lpcomp, v) for v in (1.01, 1.02, 0.99, 0.98)] == [0, 1, 1, 0]


@pytest.mark.parametrize("name", ["COMP", "LPCOMP"])
def test_events_of_a_crossing(soc, name):
    block = started(soc.blocks[name], TH=31 << 8 | 31)
    soc.volts[AIN0] = 3.0
    assert [block.read(event) for event in (DOWN, UP, CROSS)] == [0, 1, 1]
    block.write(CROSS, 0)
    soc.volts[AIN0] = 0.0
    assert [block.read(event) for event in (DOWN, UP, CROSS)] == [1, 1, 1]


def test_without_anybody_waiting_no_alarm_is_armed(soc):
    comp = started(soc.blocks["COMP"], TH=31 << 8 | 31)
    assert soc.scheduler.next_due is None
    comp.write(INTENSET, 1 << 2)
    assert soc.scheduler.next_due == soc.scheduler.now + LOOK
    soc.volts[AIN0] = 3.0
    soc.scheduler.advance(soc.scheduler.now + LOOK)
    assert comp.irq.level


def test_a_pin_with_a_level_is_exact(soc):
    del soc.analog[AIN0]
    comp = started(soc.blocks["COMP"], TH=31 << 8 | 31, INTENSET=1 << 2)
    assert soc.scheduler.next_due is None
    soc.pins[AIN0].drive_from_board("button", True)
    assert comp.irq.level


def test_shortcuts(soc):
    comp = started(soc.blocks["COMP"], TH=31 << 8 | 31, SHORTS=0b1001)  # READY to SAMPLE, UP to STOP
    soc.volts[AIN0] = 3.0
    assert comp.read(UP) == 1
    soc.volts[AIN0] = 0.0
    assert comp.read(DOWN) == 0


def test_stop_and_disable(soc):
    comp = started(soc.blocks["COMP"], TH=31 << 8 | 31)
    comp.write(STOP, 1)
    soc.volts[AIN0] = 3.0
    assert comp.read(UP) == 0
    comp.write(START, 1)
    comp.write(ENABLE, 0)
    soc.scheduler.advance(soc.scheduler.now + 1000 * US)
    soc.volts[AIN0] = 0.0
    assert comp.read(CROSS) == 0


@pytest.mark.parametrize(("code", "seen"), [(0, [True, False]), (1, [True]), (2, [False])])
def test_anadetect(soc, code, seen):
    lpcomp = started(soc.blocks["LPCOMP"], REFSEL=3, ANADETECT=code)
    heard = []
    lpcomp.anadetect.listen(lambda level: level and heard.append(lpcomp.above))
    lpcomp.wait(True)
    for volts in (3.0, 0.0):
        soc.volts[AIN0] = volts
        soc.scheduler.advance(soc.scheduler.now + LOOK)
    assert heard == seen


def test_ppi_hears_a_crossing(make_soc):
    soc = make_soc(Row("COMP", 0x4001_3000, Comp), Row("PPI", 0x4001_F000, Ppi))
    soc.analog[AIN0] = lambda cycle: 3.0 if cycle > 1000 * US else 0.0
    ppi = soc.blocks["PPI"]
    for offset, value in ((0x510, 0x4001_3108), (0x514, 0x4001_3004), (0x504, 1)):
        ppi.write(offset, value)
    comp = soc.blocks["COMP"]
    for offset, value in ((TH, 31 << 8 | 31), (ENABLE, 2), (START, 1)):
        comp.write(offset, value)
    soc.scheduler.advance(2000 * US)
    assert not comp._running  # UP was wired to STOP
